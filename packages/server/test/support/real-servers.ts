import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { createTRPCUntypedClient, httpLink, TRPCClientError } from "@trpc/client";
import type { InjectOptions } from "fastify";
import superjson from "superjson";
import type { AppCaller } from "../../src/api/app-router.js";
import type { TestApp, TestAppOptions, TestCaller } from "../../src/app/testing.js";
import { signToken } from "../../src/identity/tokens.js";
import { openSchemas } from "./postgres-schemas.js";
import { type Child, SECRET, script, serve, tempFolder, testEnv } from "./process.js";

// Several server processes on one PostgreSQL, behind a load balancer that sends each request to the next of them. Tests see them as one
// app. With INVIGIL_TEST_SERVERS=2 INVIGIL_TEST_DATABASE=postgres, `openSchool` opens them.

const COUNT = Number(process.env.INVIGIL_TEST_SERVERS ?? 0);
/** Whether tests run against real servers, whose clock they cannot set. */
export const isOnRealServers = COUNT > 0;

/** The settings that correspond to a test's options. */
const settingsOf = ({ config = {}, ...others }: TestAppOptions): Record<string, string> => {
  const { publicUrl, ...rest } = config;
  const unknown = [...Object.keys(others), ...Object.keys(rest)].filter((name) => name !== "now");
  if (unknown.length > 0) throw new Error(`real servers do not take these options: ${unknown.join(", ")}`);
  return publicUrl === undefined ? {} : { INVIGIL_PUBLIC_URL: publicUrl };
};

const bodyOf = async (answer: IncomingMessage): Promise<string> => {
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += String(chunk);
  return text;
};

/** Sends a request as `inject` does, over a kept connection. */
const sendOver =
  (url: string, agent: Agent) =>
  async ({ method = "GET", url: path, headers = {}, payload }: InjectOptions) => {
    if (typeof path !== "string") throw new Error("only paths can be sent");
    const isBody = payload === undefined || typeof payload === "string" || payload instanceof Buffer;
    if (!isBody) throw new Error("only text and bytes can be sent");
    const sent = request(new URL(path, url), { agent, method, headers });
    sent.end(payload);
    // Safe: a request emits its response.
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    const text = await bodyOf(answer);
    return { statusCode: answer.statusCode, headers: answer.headers, payload: text, body: text };
  };

/** Whether procedures are queries or mutations, as far as that is known. */
const queries = new Map<string, boolean>();

const isWrongMethod = (error: unknown): boolean =>
  error instanceof TRPCClientError && error.data?.code === "METHOD_NOT_SUPPORTED";

/** Calls procedures over HTTP with a token. */
const callOver = (url: string, token: () => Promise<string>): AppCaller => {
  const client = createTRPCUntypedClient({
    links: [
      httpLink({
        url: `${url}/trpc`,
        transformer: superjson,
        headers: async () => ({ authorization: await token() }),
      }),
    ],
  });
  const call = async (path: string, input: unknown): Promise<unknown> => {
    if (queries.get(path)) return client.query(path, input);
    try {
      const result = await client.mutation(path, input);
      queries.set(path, false);
      return result;
    } catch (error) {
      if (!isWrongMethod(error)) throw error;
      queries.set(path, true);
      return client.query(path, input);
    }
  };
  /** A function whose members are the procedures below this path. */
  const at = (path: readonly string[]): object =>
    new Proxy(() => undefined, {
      get: (_, name) => (typeof name === "string" && name !== "then" ? at([...path, name]) : undefined),
      apply: (_, __, [input]: unknown[]) => call(path.join("."), input),
    });
  // Safe: the members have the names of the procedures, and return what these do. There are no subscriptions.
  return at([]) as unknown as AppCaller;
};

/** Returns a server of `testEnv` as tests see an app. The agent keeps its connections. */
export const appAt = (url: string, agent: Agent): Pick<TestApp, "as" | "token" | "inject"> => {
  const token = ({ sub, role, room, exam, name }: TestCaller, ttlSeconds = 3600): Promise<string> =>
    signToken(
      { userId: sub, role, roomId: room, examId: exam, name, ttlSeconds },
      { secret: SECRET, clock: () => new Date(), jti: crypto.randomUUID() },
    );
  return {
    as: (caller, { ttlSeconds } = {}) => callOver(url, () => token(caller, ttlSeconds)),
    token,
    // Safe: tests of real servers read nothing else of an answer.
    inject: sendOver(url, agent) as unknown as TestApp["inject"],
  };
};

/** Starts servers on an empty schema. They take no options but the public URL, and run on the real clock. */
export const openRealServers = async (options: TestAppOptions = {}): Promise<TestApp> => {
  const settings = settingsOf(options);
  const { INVIGIL_TEST_DATABASE_URL: database } = process.env;
  if (!database) throw new Error("INVIGIL_TEST_SERVERS needs INVIGIL_TEST_DATABASE=postgres");
  const schemas = await openSchemas(database);
  const folders = Array.from({ length: COUNT }, () => tempFolder());
  const children: Child[] = [];
  const agent = new Agent({ keepAlive: true });
  const close = async (): Promise<void> => {
    agent.destroy();
    for (const child of children) await child[Symbol.asyncDispose]();
    for (const folder of folders) folder[Symbol.dispose]();
    await schemas[Symbol.asyncDispose]();
  };
  try {
    const schema = await schemas.open();
    const env = { ...testEnv, ...settings, INVIGIL_DATABASE_URL: schema.url };
    const starting = await Promise.allSettled(folders.map(({ path }) => serve({ cwd: path, env })));
    const started = starting.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    children.push(...started);
    for (const one of starting) if (one.status === "rejected") throw one.reason;
    const balancer = script("scripts/round-robin.mjs", ["0", ...started.map(({ url }) => url)]);
    children.unshift(balancer);
    const url = await balancer.line("http://");
    return {
      ...appAt(url, agent),
      listen: () => Promise.resolve(url),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
