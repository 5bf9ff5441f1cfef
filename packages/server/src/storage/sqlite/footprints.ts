import type Sqlite from "better-sqlite3";

/** A table, and how often a statement of this connection has written to it. */
export interface Table {
  readonly name: string;
  writes: number;
}

/** What a statement reads and writes. */
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

/** Statements whose footprints are kept; those that are built anew have few forms. */
const KEPT = 500;

const READS = new Set(["OpenRead", "ReopenIdx"]);
const MAIN = 0;

const DATA_VERSION = "PRAGMA data_version";
const EXPLAIN = "EXPLAIN ";
const TABLES_BY_PAGE = "SELECT rootpage AS page, tbl_name AS name FROM sqlite_schema WHERE rootpage > 0";

/** Whether a statement is none of the application's: it is about other statements. */
export const isAboutStatements = (text: string): boolean =>
  text === DATA_VERSION || text.startsWith(EXPLAIN) || text === TABLES_BY_PAGE;

/** Where an instruction opens a table or an index: which file's, and its first page in it. */
const opened = ({ opcode, p1, p2, p3 }: Instruction) => {
  if (READS.has(opcode)) return { file: p3, page: p2, writes: false };
  if (opcode === "OpenWrite") return { file: p3, page: p2, writes: true };
  // Empties a table as a whole.
  if (opcode === "Clear") return { file: p2, page: p1, writes: true };
  return undefined;
};

/**
 * Tells which tables of the database file a statement reads and writes: from the program that SQLite makes of it, so
 * that also what triggers and foreign keys do counts. A statement that writes and does not say where, writes to all.
 */
export const createFootprints = (sqlite: Sqlite.Database) => {
  const tables = new Map<string, Table>();
  const known = new Map<string, Footprint>();

  const tableNamed = (name: string): Table => {
    const table = tables.get(name) ?? { name, writes: 0 };
    tables.set(name, table);
    return table;
  };

  /** By the first page of each table and of each of its indexes. */
  const tablesByPage = (): Map<number, Table> => {
    const rows = sqlite.prepare<[], { page: number; name: string }>(TABLES_BY_PAGE).all();
    // Its own table of tables begins the file.
    return new Map([
      [1, tableNamed("sqlite_schema")],
      ...rows.map(({ page, name }) => [page, tableNamed(name)] as const),
    ]);
  };

  const footprintOf = (sql: string, parameters: number): Footprint => {
    const program = sqlite
      .prepare<unknown[], Instruction>(EXPLAIN + sql)
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
    /** @param parameters how many the statement has */
    of(sql: string, parameters: number): Footprint {
      const found = known.get(sql);
      if (found) return found;
      const footprint = footprintOf(sql, parameters);
      if (known.size >= KEPT) known.clear();
      known.set(sql, footprint);
      return footprint;
    },
  };
};
