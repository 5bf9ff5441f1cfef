// The benchmark makes the calls of many people as one teacher, so the limits are raised. They stay switched on.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const MANY = 9_999_999_999;
const of = (...whose) => whose.map((one) => `${one}=${MANY}`).join(",");

const RAISED = {
  INVIGIL_LIMIT_READS: of("person", "admin", "network"),
  INVIGIL_LIMIT_READ_ROWS: of("person", "admin"),
  INVIGIL_LIMIT_READ_MIB: of("person", "admin"),
  INVIGIL_LIMIT_WRITES: of("person", "admin"),
  INVIGIL_LIMIT_WRITE_ROWS: of("person", "admin", "exam"),
  INVIGIL_LIMIT_EVENTS: of("person", "admin", "room", "exam"),
  INVIGIL_LIMIT_CALLS: of("room", "exam"),
  INVIGIL_LIMIT_RECORDS: of("person", "admin", "room", "exam"),
  INVIGIL_LIMIT_RECORD_MIB: of("person", "admin", "room", "exam"),
  INVIGIL_LIMIT_MESSAGES: of("person", "admin", "room", "exam"),
  INVIGIL_LIMIT_MESSAGE_MIB: of("person", "admin", "room", "exam"),
  INVIGIL_LIMIT_ROOMS: of("person", "admin", "exam"),
  INVIGIL_LIMIT_PEOPLE: of("person", "admin", "room", "exam"),
  INVIGIL_LIMIT_MESSAGE_LOGINS: of("person", "admin"),
  INVIGIL_QUOTA_RECORDS_PER_PERSON: "1000000000",
  INVIGIL_QUOTA_RECORD_MIB_PER_PERSON: "1000000",
  INVIGIL_QUOTA_MESSAGES_PER_ROOM: "10000000",
  INVIGIL_QUOTA_ROOMS_PER_TEACHER: "1000000",
  INVIGIL_QUOTA_EXAMS_PER_TEACHER: "1000000",
  INVIGIL_QUOTA_AUDIT_PER_PERSON: "1000000000",
  INVIGIL_QUOTA_AUDIT_PER_EXAM: "1000000000",
  // One teacher also holds all subscriptions.
  INVIGIL_CONNECTIONS_PER_PERSON: "100000",
  INVIGIL_SUBSCRIPTIONS_PER_PERSON: "100000",
};

/** Returns the settings that a checkout knows. A server does not start with an unknown setting. */
export const raisedLimits = (root) => {
  const known = readFileSync(join(root, ".env.example"), "utf8");
  return Object.fromEntries(Object.entries(RAISED).filter(([name]) => known.includes(`${name}=`)));
};
