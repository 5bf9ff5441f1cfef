import { nextEpoch } from "../epochs.js";
import { firstValue, inTransaction, type Session } from "./sessions.js";

const SEQUENCE = "pg_get_serial_sequence('room_events', 'id')";

/**
 * The server's identity and the timeline of its log. A server that was restored or promoted has another
 * timeline.
 */
const ORIGIN =
  "(SELECT system_identifier FROM pg_control_system()) || '/' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)";
/** The origin that the newest epoch has noted. */
const NOTED_ORIGIN = '(SELECT origin FROM event_epochs ORDER BY "begin" DESC LIMIT 1)';

/**
 * Begins a new epoch of the event log, in the transaction of the caller.
 * @param origin the origin of the database. Unknown for a database that is being made: its first server notes it
 */
export const beginEpoch = async (session: Session, origin?: string): Promise<void> => {
  // Waits for transactions that have taken ids and have not committed. Later ones are given ids of the new epoch. This changes nothing, but
  // locks the sequence, as taking ids does. A lock of the table would not wait for those that insert their rows later.
  await session.execute("ALTER SEQUENCE room_events_id_seq NO CYCLE");
  const last = await firstValue(session, `SELECT pg_sequence_last_value(${SEQUENCE}::regclass)`);
  const begin = nextEpoch(Number(last ?? 0));
  await session.query({ text: `SELECT setval(${SEQUENCE}, $1)`, values: [begin] });
  await session.query({
    text: 'INSERT INTO event_epochs ("begin", origin, started_at) VALUES ($1, $2, clock_timestamp())',
    values: [begin, origin ?? null],
  });
};

/** Notes the origin of a database. Begins a new epoch if it was another one. Returns whether it did. */
const noteOrigin = async (session: Session, origin: string): Promise<boolean> => {
  // Another server may have noted it in the meantime.
  await session.execute("LOCK TABLE event_epochs IN EXCLUSIVE MODE");
  const noted = await firstValue(session, `SELECT ${NOTED_ORIGIN}`);
  if (noted === origin) return false;
  if (typeof noted === "string") {
    await beginEpoch(session, origin);
    return true;
  }
  await session.query({
    text: `INSERT INTO event_epochs ("begin", origin, started_at)
      VALUES (coalesce((SELECT max("begin") FROM event_epochs), 0), $1, clock_timestamp())
      ON CONFLICT ("begin") DO UPDATE SET origin = excluded.origin`,
    values: [origin],
  });
  return false;
};

/**
 * Begins a new epoch of the event log if the database is not the one that was used before: a backup was
 * restored, or a standby took over. Returns whether it did.
 */
export const followOrigin = async (session: Session): Promise<boolean> => {
  const { rows } = await session.query({ text: `SELECT ${ORIGIN}, ${NOTED_ORIGIN}` });
  const [origin, noted] = rows[0] ?? [];
  if (noted === origin) return false;
  const begin = "BEGIN; SET LOCAL lock_timeout = 10000; SET LOCAL statement_timeout = 10000";
  return inTransaction(session, () => noteOrigin(session, String(origin)), begin);
};

/** Begins a new epoch of the event log of a database that servers may use. */
export const beginEpochNow = (session: Session): Promise<void> =>
  inTransaction(session, async () => {
    const origin = await firstValue(session, `SELECT ${NOTED_ORIGIN}`);
    await beginEpoch(session, typeof origin === "string" ? origin : undefined);
  });
