import { Agent } from "node:http";
import type { TestApp } from "../../src/app/testing.js";
import { openSchemas } from "./postgres-schemas.js";
import { type PostgresServer, startPostgresServer } from "./postgres-server.js";
import { type Server, serve, tempFolder, testEnv } from "./process.js";
import { appAt } from "./real-servers.js";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.js";

// Three server processes on one PostgreSQL, to each of which its own proxy leads.

/** The place of a server process. When the process was killed, another one takes the place. */
export interface Place extends Pick<TestApp, "as" | "token" | "inject"> {
  readonly name: string;
  /** Between the server and the database. */
  readonly proxy: TcpProxy;
  /** Whether data that the server sends to the database contains a commit. */
  readonly isCommit: (data: Buffer) => boolean;
  /** The URL of the present process. */
  readonly url: () => string;
  /** Whether it answers clients. */
  readonly isUp: () => boolean;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Kills the process. */
  kill(): Promise<void>;
  /** Starts another process. */
  start(): Promise<void>;
}

export interface FaultServers extends AsyncDisposable {
  readonly postgres: PostgresServer;
  /** The URL of the installation's schema, past the proxies. */
  readonly databaseUrl: string;
  readonly places: readonly [Place, Place, Place];
}

/** People of a test make the calls of many. */
export const SETTINGS = {
  ...testEnv,
  INVIGIL_LIMIT_READS: "person=1000000,admin=1000000",
  INVIGIL_LIMIT_READ_ROWS: "person=1000000000,admin=1000000000",
  INVIGIL_LIMIT_READ_MIB: "person=1000000,admin=1000000",
  INVIGIL_LIMIT_WRITES: "person=1000000,admin=1000000",
  INVIGIL_LIMIT_EVENTS: "person=1000000,admin=1000000,room=1000000,exam=1000000",
  INVIGIL_LIMIT_MESSAGE_LOGINS: "person=1000000,admin=1000000",
  INVIGIL_LIMIT_RECORDS: "person=1000000,admin=1000000",
  INVIGIL_LIMIT_MESSAGES: "person=1000000,admin=1000000",
  INVIGIL_LIMIT_ROOMS: "person=1000000,admin=1000000",
  INVIGIL_LIMIT_PEOPLE: "person=1000000,admin=1000000",
  INVIGIL_QUOTA_PEOPLE_PER_ROOM: "100000",
  // The installation has no apps of its own.
  INVIGIL_WATCH_APP_URL: "https://watch.example/app/",
  INVIGIL_EXAMINEE_APP_URL: "https://sit.example/",
};

/**
 * Recognizes the commits in what a server sends. A session sends the text of a prepared commit once, and after that only its name, which the
 * function learns from the data that it is called with. All sessions of a server use the same name.
 */
const createCommitWatch = (): ((data: Buffer) => boolean) => {
  let name: string | undefined;
  return (data) => {
    const text = data.toString("latin1");
    name ??= /(s\d+)\0COMMIT\0/.exec(text)?.[1];
    return text.includes("COMMIT") || (name !== undefined && text.includes(`\0${name}\0`));
  };
};

const openPlace = async (
  name: string,
  { databaseUrl, port }: { readonly databaseUrl: string; readonly port: number },
): Promise<Place & AsyncDisposable> => {
  const proxy = await startTcpProxy(port);
  const isCommit = createCommitWatch();
  // The server sends the first commits when it starts.
  proxy.fateOf = (data) => {
    isCommit(data);
    return "pass";
  };
  const folder = tempFolder();
  const through = new URL(databaseUrl);
  through.port = String(proxy.port);
  const env = { ...SETTINGS, INVIGIL_DATABASE_URL: through.href, INVIGIL_DATABASE_WAIT_SECONDS: "30" };
  let server: Server | undefined;
  let isUp = false;
  let agent = new Agent({ keepAlive: true });
  const running = (): Server => {
    if (!server) throw new Error(`${name} has no process`);
    return server;
  };
  const start = async (): Promise<void> => {
    server = await serve({ cwd: folder.path, env });
    agent.destroy();
    agent = new Agent({ keepAlive: true });
    isUp = true;
  };
  const app = () => appAt(running().url, agent);
  try {
    await start();
  } catch (error) {
    await proxy[Symbol.asyncDispose]();
    throw error;
  }
  return {
    name,
    proxy,
    isCommit,
    as: (...args) => app().as(...args),
    token: (...args) => app().token(...args),
    get inject() {
      return app().inject;
    },
    url: () => running().url,
    isUp: () => isUp,
    signal(signal) {
      isUp = signal !== "SIGSTOP";
      running().kill(signal);
    },
    async kill() {
      isUp = false;
      const ended = running().ended();
      running().kill("SIGKILL");
      await ended;
    },
    start,
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await server?.[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
};

/** Starts PostgreSQL, which loses nothing in a crash, and three servers. */
export const openFaultServers = async (): Promise<FaultServers> => {
  const closing: (() => PromiseLike<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const postgres = await startPostgresServer(["max_connections=100"]);
    closing.push(() => postgres.stop());
    const schemas = await openSchemas(postgres.url);
    closing.push(() => schemas[Symbol.asyncDispose]());
    const { url: databaseUrl } = await schemas.open();
    const open = async (name: string): Promise<Place> => {
      const place = await openPlace(name, { databaseUrl, port: postgres.port });
      closing.push(() => place[Symbol.asyncDispose]());
      return place;
    };
    const places = [await open("one"), await open("two"), await open("three")] as const;
    return { postgres, databaseUrl, places, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
};
