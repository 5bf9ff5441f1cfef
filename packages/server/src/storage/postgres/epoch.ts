import { nextEpoch } from "../epochs.js";
import { firstValue, inTransaction, type Session } from "./sessions.js";

const SEQUENCE = "pg_get_serial_sequence('room_events', 'id')";

/**
 * The server's identity and the timeline of its log. A server that was restored or promoted has another
 * timeline.
 */
const ORIGIN =
  "(SELECT system_identifier FROM pg_control_system()) || '/' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)";
/** The database on that server. A database that was created to restore a dump has another id, even if it has the same name. */
const DATABASE_OID = "(SELECT oid::bigint FROM pg_database WHERE datname = current_database())";
/** The database of the newest epoch, as the epoch recorded it. */
const NOTED = 'SELECT origin, database_oid FROM event_epochs ORDER BY "begin" DESC LIMIT 1';

/** Which database it is. */
interface Identity {
  readonly origin: string;
  readonly databaseOid: number;
}

const readIdentity = async (session: Session): Promise<Identity> => {
  const { rows } = await session.query({ text: `SELECT ${ORIGIN}, ${DATABASE_OID}` });
  const [origin, databaseOid] = rows[0] ?? [];
  return { origin: String(origin), databaseOid: Number(databaseOid) };
};

/**
 * Whether the newest epoch is of this database. `unnoted`: as far as it says. The version before this one notes no id of the database, and
 * begins no epoch because of it.
 */
const compare = async (session: Session, identity: Identity): Promise<"same" | "unnoted" | "other"> => {
  const { rows } = await session.query({ text: NOTED });
  const [origin, databaseOid] = rows[0] ?? [];
  if (typeof origin !== "string") return "unnoted";
  if (origin !== identity.origin) return "other";
  if (databaseOid === null) return "unnoted";
  return Number(databaseOid) === identity.databaseOid ? "same" : "other";
};

/**
 * Begins a new epoch of the event log, in the transaction of the caller.
 * @param identity which database it is. Unknown for a database that is being made: its first server notes it
 */
export const beginEpoch = async (session: Session, identity?: Identity): Promise<void> => {
  // Waits for transactions that have taken ids and have not committed. Later ones are given ids of the new epoch. This changes nothing, but
  // locks the sequence, as taking ids does. A lock of the table would not wait for those that insert their rows later.
  await session.execute("ALTER SEQUENCE room_events_id_seq NO CYCLE");
  const last = await firstValue(session, `SELECT pg_sequence_last_value(${SEQUENCE}::regclass)`);
  const begin = nextEpoch(Number(last ?? 0));
  await session.query({ text: `SELECT setval(${SEQUENCE}, $1)`, values: [begin] });
  await session.query({
    text: 'INSERT INTO event_epochs ("begin", origin, database_oid, started_at) VALUES ($1, $2, $3, clock_timestamp())',
    values: [begin, identity?.origin ?? null, identity?.databaseOid ?? null],
  });
};

/** Notes which database it is. Begins a new epoch if it was another one. Returns whether it did. */
const noteIdentity = async (session: Session, identity: Identity): Promise<boolean> => {
  // Another server may have noted it in the meantime.
  await session.execute("LOCK TABLE event_epochs IN EXCLUSIVE MODE");
  const found = await compare(session, identity);
  if (found === "other") await beginEpoch(session, identity);
  if (found === "unnoted")
    await session.query({
      text: `INSERT INTO event_epochs ("begin", origin, database_oid, started_at)
      VALUES (coalesce((SELECT max("begin") FROM event_epochs), 0), $1, $2, clock_timestamp())
      ON CONFLICT ("begin") DO UPDATE SET origin = excluded.origin, database_oid = excluded.database_oid`,
      values: [identity.origin, identity.databaseOid],
    });
  return found === "other";
};

/**
 * Begins a new epoch of the event log if the database is not the one that was used before: a backup or a dump was
 * restored, or a standby took over. Returns whether it did.
 */
export const followOrigin = async (session: Session): Promise<boolean> => {
  const { rows } = await session.query({
    text: `SELECT ${ORIGIN}, ${DATABASE_OID}, noted.* FROM (VALUES (1)) AS one LEFT JOIN (${NOTED}) AS noted ON true`,
  });
  const [origin, databaseOid, notedOrigin, notedOid] = rows[0] ?? [];
  if (notedOrigin === origin && notedOid === databaseOid) return false;
  const identity = { origin: String(origin), databaseOid: Number(databaseOid) };
  const begin = "BEGIN; SET LOCAL lock_timeout = 10000; SET LOCAL statement_timeout = 10000";
  return inTransaction(session, () => noteIdentity(session, identity), begin);
};

/** Begins a new epoch of the event log of a database that servers may use. */
export const beginEpochNow = (session: Session): Promise<void> =>
  inTransaction(session, async () => beginEpoch(session, await readIdentity(session)));
