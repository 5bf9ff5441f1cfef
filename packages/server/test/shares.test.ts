import { MAX_RECORDS_PER_CALL } from "@invigil/schema";
import { expect, it } from "vitest";
import type { TestApp, TestCaller } from "../src/app/testing.js";
import { MAX_RUNNING, MAX_WAITING } from "../src/storage/turns.js";
import { failureOfCall } from "../src/trpc/failures.js";
import { sample } from "./support/effort.js";
import { isOnPostgres } from "./support/engine.js";
import { type CallerName, callersOf, permissions } from "./support/permissions.js";
import {
  CALLS,
  EVERYTHING,
  examOf,
  type Input,
  own,
  PREPARE,
  procedureOf,
} from "./support/procedure-calls.js";
import { foundSchool, type School } from "./support/school.js";
import { shared } from "./support/shared.js";
import { openWorld } from "./support/world.js";

// Each procedure at its limits: the largest input, more calls at the same time than may wait, by the lowest role that may call it. Strangers go on.

/** More calls than a caller may have under way. */
const IN_FLIGHT = MAX_RUNNING + MAX_WAITING + 32;
/** The most of these calls that are done while a stranger makes one: two turns of the writer, or of lists. */
const MOST_MEANWHILE = 2 * MAX_RUNNING;
/** Procedures of which many calls are one write, and take turns within it. Rates bound them. */
const GROUPED = new Set(["cheat.addRecords", "im.send", "stream.report"]);
/** Procedures with short answers, which take no turns. */
const SHORT = new Set([
  "auth.whoami",
  "auth.issueToken",
  "room.get",
  "exam.get",
  "participant.get",
  "participant.locate",
]);

const many = <Item>(count: number, make: (n: number) => Item): Item[] =>
  Array.from({ length: count }, (_, n) => make(n));
/** Half of the examinees that a room may have. */
const PEOPLE_PER_CALL = 250;
const newPeople = (n: number) =>
  many(PEOPLE_PER_CALL, (person) => ({ userId: `p${n}-${person}`, name: "P", role: "examinee" }));

/** Inputs of procedures that can do a lot in one call. Each call has another number. */
const LARGEST: Readonly<Record<string, Input>> = {
  "room.create": (_, __, n) => ({ name: "Large", participants: newPeople(n) }),
  "participant.add": (school, _, n) => ({ ...own(school), participants: newPeople(n) }),
  "participant.import": (school, _, n) => ({
    ...examOf(school),
    file: Buffer.from(`id,name\n${many(2000, (person) => `i${n}-${person},I`).join("\n")}\n`).toString(
      "base64",
    ),
  }),
  "cheat.setConfig": (school, _, n) => ({
    ...examOf(school),
    data: JSON.stringify(`${n}${"x".repeat(60_000)}`),
  }),
  "cheat.addRecords": (school) => ({
    ...own(school),
    records: many(MAX_RECORDS_PER_CALL, () => school.detection("examinee1")),
  }),
  "im.send": (school) => ({ ...own(school), type: 30_001, data: "x".repeat(60_000) }),
};

/** Preparations of calls that would otherwise have little to do. */
const BEFORE: typeof PREPARE = {
  "room.reopen": ({ admin, room }) => admin.room.end({ roomId: room.id }),
  "exam.plan": async (school) => {
    const input = LARGEST["participant.import"]?.(school, callersOf(school).admin, 0);
    await call(school, callersOf(school).admin, "participant.import", input);
  },
};

const LOWEST_FIRST: readonly CallerName[] = ["examinee", "inspector", "teacher", "admin"];
const lowestFor = (procedure: string): CallerName =>
  LOWEST_FIRST.find((name) => permissions.get(procedure)?.[name] === "ok") ?? "admin";

/** Calls a procedure in-process. */
const call = (school: School, caller: TestCaller, procedure: string, input: unknown): Promise<unknown> => {
  const [noun = "", verb = ""] = procedure.split(".");
  // Safe: the names are those of the router, which the permission tests compare with the table.
  const procedures = school.as(caller) as unknown as Record<
    string,
    Record<string, ((input: unknown) => Promise<unknown>) | undefined>
  >;
  return procedures[noun]?.[verb]?.(input) ?? Promise.reject(new Error(`there is no ${procedure}`));
};

let minutes = 0;
const world = shared(() => openWorld({ config: EVERYTHING.config ?? {}, monotonic: () => minutes * 60_000 }));
/** Rooms of their own in an app that all tests share, with unused rate limits. Calls carry no token, so that nothing happens beside them. */
const openRooms = (): Promise<School> => {
  minutes += 1;
  const as = ({ sub: userId, role, room: roomId, exam: examId }: TestCaller) => {
    const identity = {
      userId,
      role,
      roomId,
      examId,
      expiresAt: new Date("2027-01-01"),
      tokenId: `token of ${userId}`,
    };
    return world().router.createCaller({
      identity,
      identify: async () => identity,
      gate: world().services.gate,
      address: "in-process",
      entryPoint: "in-process",
      trace: { requestId: "r", procedures: [] },
    });
  };
  // Safe: schools are founded with nothing else of an app.
  return foundSchool({ as } as unknown as TestApp);
};
const procedures = Object.entries(CALLS).filter(
  ([row, { method }]) => row === procedureOf(row) && method !== "subscribe",
);

it.each(sample(procedures, 3))("%s leaves strangers their share", async (procedure, { input }) => {
  const school = await openRooms();
  await (BEFORE[procedure] ?? PREPARE[procedure])?.(school);
  const callers = callersOf(school);
  const busy = callers[lowestFor(procedure)];
  const stranger = callers.otherTeacher;
  const { id: roomId } = school.other;
  let done = 0;
  const all = many(IN_FLIGHT, async (n) => {
    try {
      await call(school, busy, procedure, (LARGEST[procedure] ?? input)(school, busy, n));
      done += 1;
    } catch (error) {
      // Many such calls are refused, each with a code of its own.
      expect(failureOfCall(error).code).not.toBe("INTERNAL");
    }
  });
  const strangers: readonly (readonly [string, object])[] = [
    ["room.get", { roomId }],
    ["cheat.addRecords", { roomId, records: [school.detection("examinee9")] }],
    ["im.send", { roomId, type: 30_001, data: 1 }],
    ["room.setAudioStatus", { roomId, audioStatus: "speaking" }],
  ];
  for (const [name, ofStranger] of strangers) {
    const before = done;
    await call(school, stranger, name, ofStranger);
    // On PostgreSQL, calls overlap: `process-postgres-storage.test.ts` counts the connections.
    if (!isOnPostgres && !GROUPED.has(procedure) && !SHORT.has(procedure))
      expect(done - before, `calls during ${name}`).toBeLessThanOrEqual(MOST_MEANWHILE);
  }
  await Promise.all(all);
});
