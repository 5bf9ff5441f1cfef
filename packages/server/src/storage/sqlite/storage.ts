import type Sqlite from "better-sqlite3";
import type { Reader, Storage } from "../port.js";
import { createConnection, type Running } from "./connection.js";
import type { FileGuard } from "./file-guard.js";
import { createGrouped } from "./grouped.js";
import { createRememberedReads } from "./remembered.js";
import { createWriter } from "./writer.js";

export interface SqliteStorageOptions {
  /** The connection that writes, and no other. */
  readonly writer: Sqlite.Database;
  /** Opens a connection to the same file that only reads. */
  readonly openReader: () => Sqlite.Database;
  readonly guard?: FileGuard | undefined;
  readonly onFault?: ((fault: string) => void) | undefined;
  /** Called with every statement before it runs. */
  readonly onStatement?: ((running: Running) => void) | undefined;
  /** Called with every statement of a remembered read, and the tables that the read names. For tests. */
  readonly onRemembered?: ((running: Running, tables: readonly string[]) => void) | undefined;
}

export interface SqliteStorage {
  readonly storage: Storage;
  /** Forgets every remembered read: something was written past the port. */
  readonly forgetAll: () => void;
  readonly othersVersion: () => number | undefined;
  close(): void;
}

const readerOf = (connection: ReturnType<typeof createConnection>): Reader => ({
  get: async (statement, values) => connection.get(statement, values),
  all: async (statement, values) => connection.all(statement, values),
});

/** The port on SQLite: one connection writes, one reads what is committed, and one reads snapshots. */
export const createSqliteStorage = ({
  writer,
  openReader,
  guard,
  onFault,
  onStatement,
  onRemembered,
}: SqliteStorageOptions): SqliteStorage => {
  const dataVersion = writer.prepare<[], number>("PRAGMA data_version").pluck();
  const othersVersion = (): number | undefined => dataVersion.get();
  const committed = openReader();
  const reader = readerOf(createConnection(committed, onStatement));
  const remembered = createRememberedReads(
    (tables) =>
      onRemembered
        ? readerOf(createConnection(committed, (running) => onRemembered(running, tables)))
        : reader,
    othersVersion,
  );
  const write = createWriter(writer, {
    connection: createConnection(writer, (running) => {
      if (running.writes !== undefined) remembered.noteWrite(running.writes);
      onStatement?.(running);
    }),
    guard,
    onFault,
    onCommit: remembered.committed,
    onRollback: remembered.rolledBack,
  });

  let snapshots: { readonly sqlite: Sqlite.Database; readonly reader: Reader } | undefined;
  /** The last snapshot; the next begins after it, since both are read on one connection. */
  let last: Promise<unknown> = Promise.resolve();
  const readSnapshot = async <Result>(read: (reader: Reader) => Promise<Result>): Promise<Result> => {
    if (!snapshots) {
      const sqlite = openReader();
      snapshots = { sqlite, reader: readerOf(createConnection(sqlite, onStatement)) };
    }
    const { sqlite, reader: own } = snapshots;
    sqlite.exec("BEGIN");
    try {
      return await read(own);
    } finally {
      sqlite.exec("COMMIT");
    }
  };

  return {
    forgetAll: remembered.forgetAll,
    othersVersion,
    storage: {
      ...reader,
      write,
      grouped: createGrouped(write),
      snapshot<Result>(read: (reader: Reader) => Promise<Result>): Promise<Result> {
        const result = last.then(() => readSnapshot(read));
        last = result.catch(() => undefined);
        return result;
      },
      remember: remembered.remember,
      othersVersion: async () => othersVersion(),
    },
    close() {
      committed.close();
      snapshots?.sqlite.close();
    },
  };
};
