import { firstValue, type Session } from "./sessions.js";

/** The clock of a database server, as this machine knows it. */
export interface DatabaseClock {
  readonly now: () => Date;
  /** Measures the difference between this machine's clock and the server's. */
  readonly measure: (session: Session) => Promise<void>;
}

/**
 * Creates the clock that all servers of a database share: this machine's clock, corrected by the difference that
 * was last measured.
 */
export const createDatabaseClock = (): DatabaseClock => {
  let differenceMs = 0;
  return {
    now: () => new Date(Math.round(Date.now() + differenceMs)),
    async measure(session) {
      const before = Date.now();
      const time = await firstValue(session, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8");
      differenceMs = Number(time) - (before + Date.now()) / 2;
    },
  };
};
