import type Sqlite from "better-sqlite3";

/** A table, and the number of writes to it by statements of this connection. */
export interface Table {
  readonly name: string;
  writes: number;
}

/** The tables that a statement reads and writes. */
export interface Footprint {
  readonly reads: readonly Table[];
  readonly writes: readonly Table[];
}

/** An instruction of a statement's program, as SQLite lists it. */
interface Instruction {
  readonly opcode: string;
  readonly p1: number;
  readonly p2: number;
  readonly p3: number;
}

/** The number of cached footprints. Statements built at run time have few different texts. */
const CACHE_SIZE = 500;

const READS = new Set(["OpenRead", "ReopenIdx"]);
const MAIN = 0;

const TABLES_BY_PAGE = "SELECT rootpage AS page, tbl_name AS name FROM sqlite_schema WHERE rootpage > 0";

/** Returns which file and page an instruction opens, if it opens a table or an index. */
const opened = ({ opcode, p1, p2, p3 }: Instruction) => {
  if (READS.has(opcode)) return { file: p3, page: p2, writes: false };
  if (opcode === "OpenWrite") return { file: p3, page: p2, writes: true };
  // Deletes all rows of a table.
  if (opcode === "Clear") return { file: p2, page: p1, writes: true };
  return undefined;
};

/**
 * Determines which tables of the database file a statement reads and writes, from its compiled SQLite program.
 * This includes the effects of triggers and foreign keys. A statement with an unknown target counts as a write
 * to all tables.
 */
export const createFootprints = (sqlite: Sqlite.Database) => {
  const tables = new Map<string, Table>();
  const cache = new Map<string, Footprint>();

  const tableNamed = (name: string): Table => {
    const table = tables.get(name) ?? { name, writes: 0 };
    tables.set(name, table);
    return table;
  };

  /** Tables by the first page of the table and of each of its indexes. */
  const tablesByPage = (): Map<number, Table> => {
    const rows = sqlite.prepare<[], { page: number; name: string }>(TABLES_BY_PAGE).all();
    // SQLite's schema table is on the first page.
    return new Map([
      [1, tableNamed("sqlite_schema")],
      ...rows.map(({ page, name }) => [page, tableNamed(name)] as const),
    ]);
  };

  const footprintOf = (sql: string, parameters: number): Footprint => {
    const program = sqlite
      .prepare<unknown[], Instruction>(`EXPLAIN ${sql}`)
      .all(Array.from({ length: parameters }, () => null));
    const places = program.map(opened).filter((place) => place !== undefined);
    const byPage = tablesByPage();
    const at = (page: number): Table => {
      const table = byPage.get(page);
      if (!table) throw new Error(`no table begins at the page ${page}`);
      return table;
    };
    const inFile = places.filter(({ file }) => file === MAIN);
    const touched = (here: typeof inFile) => [...new Set(here.map(({ page }) => at(page)))];
    const saysWhere = places.some(({ writes }) => writes);
    const isReadOnly = sqlite.prepare(sql).readonly;
    return {
      reads: touched(inFile),
      writes: isReadOnly || saysWhere ? touched(inFile.filter(({ writes }) => writes)) : [...byPage.values()],
    };
  };

  return {
    /** @param parameters the number of the statement's parameters */
    of(sql: string, parameters: number): Footprint {
      const found = cache.get(sql);
      if (found) return found;
      const footprint = footprintOf(sql, parameters);
      if (cache.size >= CACHE_SIZE) cache.clear();
      cache.set(sql, footprint);
      return footprint;
    },
  };
};
