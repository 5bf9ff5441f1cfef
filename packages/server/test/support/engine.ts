/** Whether the tests run on PostgreSQL: see `start-postgres.ts`. */
export const isOnPostgres = process.env.INVIGIL_TEST_DATABASE === "postgres";
