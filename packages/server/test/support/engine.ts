/** Whether the tests run on PostgreSQL: see `start-postgres.ts`. */
export const isOnPostgres = process.env.INVIGIL_TEST_DATABASE === "postgres";

/**
 * Makes calls at once, where the database takes them in their order: SQLite has one writer. On PostgreSQL, calls that are made at once may
 * overtake each other, so they are made one after the other.
 */
export const makeInOrder = async (...calls: readonly (() => Promise<unknown>)[]): Promise<void> => {
  if (isOnPostgres) for (const call of calls) await call();
  else await Promise.all(calls.map((call) => call()));
};
