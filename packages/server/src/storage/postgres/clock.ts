import type { Session, Sessions } from "./sessions.js";

export interface DatabaseClock {
  readonly now: () => Date;
  stop(): void;
}

/** How often the difference to the server's clock is measured, in milliseconds. */
const INTERVAL_MS = 10_000;

/**
 * The clock of the database server, which all processes share. It is this machine's clock, corrected by the
 * difference that was last measured.
 */
export const createDatabaseClock = async (
  sessions: Sessions,
  /** Called with each measurement. */
  onMeasure: (session: Session) => Promise<void>,
): Promise<DatabaseClock> => {
  let differenceMs = 0;
  const measure = async (): Promise<void> => {
    await sessions.use(async (session) => {
      const before = Date.now();
      const { rows } = await session.query({
        text: "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8",
      });
      differenceMs = Number(rows[0]?.[0]) - (before + Date.now()) / 2;
      await onMeasure(session);
    });
  };
  await measure();
  const timer = setInterval(() => {
    // Without an answer, the last difference remains the best one.
    measure().catch(() => undefined);
  }, INTERVAL_MS);
  // The timer keeps no process running.
  timer.unref();
  return {
    now: () => new Date(Math.round(Date.now() + differenceMs)),
    stop: () => clearInterval(timer),
  };
};
