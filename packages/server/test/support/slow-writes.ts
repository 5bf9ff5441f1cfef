import type Sqlite from "better-sqlite3";

/**
 * Slows writes of a SQLite file by a trigger, so that a test sees a call midway on a busy machine, too.
 *
 * @param event - the writes, as a trigger names them: `INSERT ON exam_entries`
 * @param steps - how many rows SQLite counts at each write
 * @returns how to end that
 */
export const slowWrites = (raw: Sqlite.Database, event: string, steps: number): (() => void) => {
  raw.exec(`
    CREATE VIEW steps AS WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < ${steps}) SELECT x FROM n;
    CREATE TRIGGER slow AFTER ${event} BEGIN SELECT count(*) FROM steps; END;
  `);
  return () => void raw.exec("DROP TRIGGER slow; DROP VIEW steps");
};
