/** Whether the URL of a database names a PostgreSQL server. */
export const isPostgresUrl = (database: string): boolean => /^postgres(ql)?:\/\//.test(database);

export interface PostgresSettings {
  readonly url: string;
  /** The URL for migrations, if `url` leads to a pooler. */
  readonly directUrl?: string | undefined;
  /** The maximum number of connections, at least `MIN_CONNECTIONS`. Default: 10. */
  readonly connections?: number | undefined;
  /** Whether the server keeps prepared statements. A pooler may not support them. Default: true. */
  readonly prepared?: boolean | undefined;
  /** Whether a statement may be about one exam only, because the exams are spread over several servers. Default: false. */
  readonly dividesByExam?: boolean | undefined;
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
export const MIN_CONNECTIONS = 3;

/** How the connections of a server are kept apart. */
export interface ConnectionShares {
  readonly writes: number;
  readonly reads: number;
  /** For `/ready`, leases and notices. */
  readonly control: 1;
}
export const sharesOfConnections = (connections: number): ConnectionShares => {
  const others = Math.max(connections, MIN_CONNECTIONS) - 1;
  const writes = Math.ceil(others / 2);
  return { writes, reads: others - writes, control: 1 };
};
