import type Sqlite from "better-sqlite3";
import { SchemaChangedError } from "../errors.js";
import { createGrouped } from "../grouped.js";
import type { Reader, Storage } from "../port.js";
import { createConnection, type Running } from "./connection.js";
import type { FileGuard } from "./file-guard.js";
import { createRememberedReads } from "./remembered.js";
import { createWriter } from "./writer.js";

export interface SqliteStorageOptions {
  /** The only connection that writes. */
  readonly writer: Sqlite.Database;
  /** Opens a read-only connection to the same file. */
  readonly openReader: () => Sqlite.Database;
  /** Whether the schema is that of this version. */
  readonly isCurrent: () => boolean;
  /** Called when it no longer is. */
  readonly onSchemaChanged?: (() => void) | undefined;
  readonly guard?: FileGuard | undefined;
  readonly onFault?: ((fault: string) => void) | undefined;
  /** Called with every statement before it runs. */
  readonly onStatement?: ((running: Running) => void) | undefined;
  /** Called with every statement of a remembered read, and the tables that the read declares. For tests. */
  readonly onRemembered?: ((running: Running, tables: readonly string[]) => void) | undefined;
}

export interface SqliteStorage {
  readonly storage: Storage;
  readonly othersVersion: () => number | undefined;
  close(): void;
}

const readerOf = (connection: ReturnType<typeof createConnection>): Reader => ({
  get: async (statement, values) => connection.get(statement, values),
  all: async (statement, values) => connection.all(statement, values),
});

/**
 * Implements the storage interface on SQLite: one connection writes, one reads committed data, and one reads
 * snapshots.
 */
export const createSqliteStorage = ({
  writer,
  openReader,
  isCurrent,
  onSchemaChanged,
  guard,
  onFault,
  onStatement,
  onRemembered,
}: SqliteStorageOptions): SqliteStorage => {
  const dataVersion = writer.prepare<[], number>("PRAGMA data_version").pluck();
  const othersVersion = (): number | undefined => dataVersion.get();
  /** The commit of another process up to which the schema was compared, and the result. */
  let compared: { readonly version: number | undefined; readonly isCurrent: boolean } = {
    version: undefined,
    isCurrent: true,
  };
  /** Only other processes change the schema, and may insert rows. @throws SchemaChangedError */
  const assertSchema = (): void => {
    const version = othersVersion();
    if (version !== compared.version) {
      const wasCurrent = compared.isCurrent;
      compared = { version, isCurrent: isCurrent() };
      connection.forgetIds();
      if (wasCurrent && !compared.isCurrent) onSchemaChanged?.();
    }
    if (!compared.isCurrent) throw new SchemaChangedError();
  };
  const committed = openReader();
  const reader = readerOf(createConnection(committed, onStatement));
  const remembered = createRememberedReads(
    (tables) =>
      onRemembered
        ? readerOf(createConnection(committed, (running) => onRemembered(running, tables)))
        : reader,
    othersVersion,
  );
  const connection = createConnection(writer, (running) => {
    if (running.writes !== undefined) remembered.noteWrite(running.writes);
    onStatement?.(running);
  });
  const write = createWriter(writer, {
    connection,
    onBegin: assertSchema,
    guard,
    onFault,
    onCommit: remembered.committed,
    onRollback: remembered.rolledBack,
  });

  let snapshots: { readonly sqlite: Sqlite.Database; readonly reader: Reader } | undefined;
  /** The last snapshot. The next one begins after it, since both use the same connection. */
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
    othersVersion,
    storage: {
      ...reader,
      commitsInOrder: true,
      dividesByExam: false,
      write,
      grouped: createGrouped(write, { acrossExams: true }),
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
