import { nextEpoch } from "../epochs.js";
import type { Session } from "./sessions.js";

const SEQUENCE = "pg_get_serial_sequence('room_events', 'id')";

/**
 * The server's identity and the timeline of its log. A server that was restored or promoted has another
 * timeline.
 */
const ORIGIN =
  "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)";

const firstValue = async (session: Session, text: string, values?: unknown[]): Promise<unknown> =>
  (await session.query({ text, ...(values && { values }) })).rows[0]?.[0];

/**
 * Begins a new epoch of the event log, in the transaction of the caller.
 * @param origin the origin of the database. Unknown for a database that is being made: its first server notes it
 */
export const beginEpoch = async (session: Session, origin?: string): Promise<void> => {
  // Waits for events that have an id and no commit yet. Later events are given ids of the new epoch.
  await session.execute("LOCK TABLE room_events IN EXCLUSIVE MODE");
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
  await session.execute("LOCK TABLE event_epochs IN EXCLUSIVE MODE");
  const { rows } = await session.query({
    text: 'SELECT "begin", origin FROM event_epochs ORDER BY "begin" DESC LIMIT 1',
  });
  const [begin, known] = rows[0] ?? [];
  if (known === origin) return false;
  if (typeof known === "string") {
    await beginEpoch(session, origin);
    return true;
  }
  await session.query({
    text: `INSERT INTO event_epochs ("begin", origin, started_at) VALUES ($1, $2, clock_timestamp())
      ON CONFLICT ("begin") DO UPDATE SET origin = excluded.origin`,
    values: [begin ?? 0, origin],
  });
  return false;
};

/**
 * Begins a new epoch of the event log if the database is not the one that was used before: a backup was
 * restored, or a standby took over. Returns whether it did.
 */
export const followOrigin = async (session: Session): Promise<boolean> => {
  const origin = String(await firstValue(session, ORIGIN));
  const known = await firstValue(session, 'SELECT origin FROM event_epochs ORDER BY "begin" DESC LIMIT 1');
  if (known === origin) return false;
  await session.execute("BEGIN; SET LOCAL lock_timeout = 10000; SET LOCAL statement_timeout = 10000");
  try {
    const hasBegun = await noteOrigin(session, origin);
    await session.execute("COMMIT");
    return hasBegun;
  } catch (error) {
    await session.execute("ROLLBACK").catch(() => undefined);
    throw error;
  }
};
