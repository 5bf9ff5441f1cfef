import type { Storage } from "./port.js";

/** The file of a database of SQLite. */
export interface DatabaseFile {
  readonly path: string;
  /** Returns the size of the pages that hold nothing, in bytes. SQLite fills them before the file grows. */
  freeBytes(): number;
  /**
   * Returns up to 1 MiB of these pages to the file system, if they are more than a tenth of the file. Resolves to whether there may be more to return. Does
   * nothing with a file that was created before files could shrink.
   */
  shrink(): Promise<boolean>;
}

/** An open database. */
export interface Database {
  readonly kind: "sqlite" | "postgres";
  /** Absent on PostgreSQL, and in memory. */
  readonly file?: DatabaseFile | undefined;
  /** The interface that stores use. */
  readonly storage: Storage;
  /**
   * For the few statements that must not wait for calls: leases, and notices between servers. On PostgreSQL, they have their own
   * connection.
   */
  readonly control: Storage;
  /**
   * Called when a request begins to arrive from a connection, and at no other time. The calls of all requests that arrive in a turn of the
   * event loop share one look at what other processes have committed: each was sent, at least in part, before that look.
   */
  readonly requestArrived: () => void;
  /** The clock that all processes of the database share. */
  readonly clock: () => Date;
  /** Tables that were too large for the check at the start. */
  readonly unchecked: readonly string[];
  /** Returns why writes are no longer acknowledged (the database files were replaced), or undefined. */
  fault(): string | undefined;
  /**
   * Whether the schema of the database fits this version. If it does not, writes reject with `SchemaChangedError`. Rejects when the
   * database does not respond.
   */
  migrationsAreCurrent(): Promise<boolean>;
  /** Returns the size of the database in bytes. */
  size(): Promise<number>;
  close(): Promise<void>;
}
