import { setImmediate as nextTurn } from "node:timers/promises";
import type Sqlite from "better-sqlite3";
import type { StorageMeters } from "../../platform/meters.js";
import { SchemaChangedError } from "../errors.js";
import { createGrouped } from "../grouped.js";
import type { Reader, Storage } from "../port.js";
import { createSnapshotReader } from "../snapshot-reader.js";
import { createCachedReads } from "./cached-reads.js";
import { type Connection, createConnection, type Running, readerOf } from "./connection.js";
import type { FileGuard } from "./file-guard.js";
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
  readonly meters?: StorageMeters | undefined;
  /** Called with every statement before it runs. */
  readonly onStatement?: ((running: Running) => void) | undefined;
  /** Called with every statement of a cached read, and the tables that the read declares. For tests. */
  readonly onCachedRead?: ((running: Running, tables: readonly string[]) => void) | undefined;
}

export interface SqliteStorage {
  readonly storage: Storage;
  readonly othersVersion: () => number | undefined;
  /** See `Database.requestArrived`. */
  readonly requestArrived: () => void;
  close(): void;
}

/** After this many rows, the work on them begins in the next turn of the event loop. Reading them takes about a millisecond. */
const LONG_READ = 200;

/** Reads at once, as a snapshot needs it. After a long read, the event loop goes to others before the rows are used. */
const committedReader = (connection: Connection): Reader => ({
  ...readerOf(connection),
  async all(statement, values) {
    const rows = connection.all(statement, values);
    return rows.length > LONG_READ ? nextTurn(rows) : rows;
  },
});

/** Implements the storage interface on SQLite: one connection writes, and one reads committed data. */
export const createSqliteStorage = ({
  writer,
  openReader,
  isCurrent,
  onSchemaChanged,
  guard,
  onFault,
  meters,
  onStatement,
  onCachedRead,
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
  const reading = createConnection(committed, onStatement);
  const reader = committedReader(reading);
  const cache = createCachedReads(
    (tables) =>
      onCachedRead ? createConnection(committed, (running) => onCachedRead(running, tables)) : reading,
    othersVersion,
  );
  const connection = createConnection(writer, (running) => {
    if (running.writes !== undefined) cache.noteWrite(running.writes);
    onStatement?.(running);
  });
  const write = createWriter(writer, {
    connection,
    onBegin: assertSchema,
    guard,
    onFault,
    onCommit: cache.committed,
    onRollback: cache.rolledBack,
    meters,
  });

  return {
    othersVersion,
    requestArrived: cache.requestArrived,
    storage: {
      ...reader,
      commitsInOrder: true,
      write,
      grouped: createGrouped(write, { acrossExams: true }),
      // Reads are answered as soon as they start.
      together: (start) => start(),
      async snapshot(start) {
        const { reader: own, end } = createSnapshotReader(reader);
        committed.exec("BEGIN");
        let read: ReturnType<typeof start>;
        try {
          read = start(own);
        } finally {
          end();
          committed.exec("COMMIT");
        }
        return read;
      },
      cached: cache.cached,
      othersVersion: async () => othersVersion(),
    },
    close() {
      committed.close();
    },
  };
};
