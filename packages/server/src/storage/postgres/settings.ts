/** Whether the URL of a database names a PostgreSQL server. */
export const isPostgresUrl = (database: string): boolean => /^postgres(ql)?:\/\//.test(database);

export interface PostgresSettings {
  readonly url: string;
  /** The URL for migrations, if `url` leads to a pooler. */
  readonly directUrl?: string | undefined;
  /** The maximum number of connections. Fewer than three count as three. Default: 10. */
  readonly connections?: number | undefined;
  /** Whether the server keeps prepared statements. A pooler may not support them. Default: true. */
  readonly prepared?: boolean | undefined;
  /** How long opening waits for the server, in seconds. Default: 0. */
  readonly waitSeconds?: number | undefined;
}

/** The host, port and name of a database, for messages. It leaves out the user and the password. */
export const shownUrl = (url: string): string => {
  try {
    const { host, pathname } = new URL(url);
    return `postgres://${host}${pathname}`;
  } catch {
    return "postgres://…";
  }
};

/** One for writes, one for reads, and one for what must not wait for them. */
const MIN_CONNECTIONS = 3;
const DEFAULT_CONNECTIONS = 10;

/** How the connections of a server are kept apart. */
export interface ConnectionShares {
  readonly all: number;
  readonly writes: number;
  readonly reads: number;
  /** For `/ready`, leases and notices. */
  readonly control: 1;
}
export const connectionShares = (connections = DEFAULT_CONNECTIONS): ConnectionShares => {
  const all = Math.max(connections, MIN_CONNECTIONS);
  const writes = Math.ceil((all - 1) / 2);
  return { all, writes, reads: all - 1 - writes, control: 1 };
};
