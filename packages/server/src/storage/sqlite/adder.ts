import type Sqlite from "better-sqlite3";

/** Adds amounts to the two sums of a row that is found by two ids, or makes it. @returns the sums that it has then */
export type AddAmounts = (
  ids: readonly [string, string],
  amounts: readonly [number, number],
) => readonly [number, number];

export interface AdderTable {
  readonly table: string;
  /** The columns of its primary key, and those of the sums. */
  readonly ids: readonly [string, string];
  readonly sums: readonly [string, string];
}

/** Makes the function that keeps sums beside what is written. Belongs into a transaction. */
export type Adder = (table: AdderTable) => AddAmounts;

/** Without what a general statement pays for, as `inserter` does: it runs with every recording. */
export const createAdder =
  (
    sqlite: Sqlite.Database,
    { noteStatement }: { noteStatement: (sql: string, parameters: readonly unknown[]) => void },
  ): Adder =>
  ({ table, ids, sums: [first, second] }) => {
    const sql =
      `INSERT INTO "${table}" (${[...ids, first, second].join(", ")}) VALUES (?, ?, ?, ?) ON CONFLICT (${ids.join(", ")}) ` +
      `DO UPDATE SET ${first} = ${first} + excluded.${first}, ${second} = ${second} + excluded.${second} RETURNING ${first}, ${second}`;
    const statement = sqlite.prepare<unknown[], [number, number]>(sql).raw();
    return (of, amounts) => {
      const values = [...of, ...amounts];
      noteStatement(sql, values);
      const sums = statement.get(values);
      if (!sums) throw new Error(`nothing was written to ${table}`);
      return sums;
    };
  };
