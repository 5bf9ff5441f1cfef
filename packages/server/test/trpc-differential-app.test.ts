import { fastifyRequestHandler } from "@trpc/server/adapters/fastify";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import superjson from "superjson";
import { expect, it } from "vitest";
import { createAppRouter } from "../src/api/router.js";
import { createServices } from "../src/api/services.js";
import { createBodies } from "../src/http/bodies.js";
import { createContextFactory } from "../src/http/context.js";
import { trpcPlugin } from "../src/http/trpc.js";
import { createIds } from "../src/platform/ids.js";
import { contentType, mutated, mutations, queryJunk, spoiling, written } from "./support/hostile.js";
import { answerOf, type TrpcRequest } from "./support/trpc-doors.js";
import { openWorld, type World } from "./support/world.js";

// Two worlds that start alike and get the same requests: one answers them as the server does, the other with tRPC's
// own adapter in the same place. They must answer alike all the way, so that they are alike at the end.

const RUNS = 600;
const SEED = 20_260_102;
const NOW = new Date("2026-01-02T03:04:05Z");
const ORIGIN = "https://page.example";

interface Twin {
  readonly world: World;
  readonly prefix: string;
}
const WHO = ["teacher", "teacher", "admin", "examinee", "garbage", "none"] as const;

const openTwin = async (isStock: boolean, corsOrigins: readonly string[]): Promise<Twin> => {
  let state = 1;
  // The same bytes in both worlds.
  const random = (size: number) =>
    Uint8Array.from({ length: size }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
  let services: ReturnType<typeof createServices> | undefined;
  const world = await openWorld({
    config: { corsOrigins: [...corsOrigins] },
    now: () => NOW,
    ids: createIds({ clock: () => NOW, random }),
    change(deps) {
      services = createServices(deps);
      return deps;
    },
  });
  if (!isStock || !services) return { world, prefix: "/trpc" };
  await world.app.register(trpcPlugin, {
    prefix: "/stock",
    router: createAppRouter(services),
    createContext: createContextFactory(services),
    bodies: createBodies({ bufferBytes: 64 * 1024 * 1024, timeoutMs: 30_000 }),
    anyOrigin: corsOrigins.includes("*"),
    createHandler: (options) => (req, res, path) => fastifyRequestHandler({ ...options, req, res, path }),
  });
  return { world, prefix: "/stock" };
};

/** All rows of all tables, but for what argon2 adds to a password. */
const contentsOf = ({ db: { queries } }: World): Record<string, unknown[]> => {
  const tables = queries.all<{ name: string }>(sql`SELECT name FROM sqlite_master WHERE type = 'table'`);
  return Object.fromEntries(
    tables.map(({ name }) => {
      const rows = queries.all<object>(sql`SELECT * FROM ${sql.identifier(name)}`);
      return [name, rows.map((row) => ({ ...row, password_hash: "" }))];
    }),
  );
};

/** Sends a request to both; returns what both answered. */
const expectAlike = async (twins: readonly Twin[], { url, headers, ...request }: TrpcRequest) => {
  const answers = [];
  for (const { world, prefix } of twins)
    answers.push(
      await answerOf(world.app, {
        ...request,
        url: `${prefix}/${url}`,
        headers: { "x-request-id": "the-same", origin: ORIGIN, ...headers },
      }),
    );
  const [ours, stock] = answers;
  expect(ours).toEqual(stock);
  return ours ?? expect.unreachable();
};

it.each([
  ["any origin", ["*"]],
  ["one origin", [ORIGIN]],
])("the server answers as with tRPC's own adapter: pages of %s", { timeout: 120_000 }, async (_, origins) => {
  const twins = [await openTwin(false, origins), await openTwin(true, origins)];
  await using _first = twins[0]?.world ?? expect.unreachable();
  await using second = twins[1]?.world ?? expect.unreachable();
  /** Asked of both, because its id is one of theirs. */
  const token = async (sub: string, role: "teacher" | "admin" | "examinee") => {
    const [one, other] = await Promise.all(twins.map(({ world }) => world.token({ sub, role })));
    expect(one).toBe(other);
    return one ?? "";
  };
  const tokens = {
    teacher: await token("teacher1", "teacher"),
    admin: await token("root", "admin"),
    examinee: await token("examinee1", "examinee"),
    garbage: "Bearer a.b.c",
    none: undefined,
  };
  const made = await expectAlike(twins, {
    method: "POST",
    url: "room.create",
    headers: { authorization: tokens.teacher, "content-type": "application/json" },
    body: superjson.stringify({
      name: "Room",
      participants: [{ userId: "examinee1", name: "One", role: "examinee" }],
    }),
  });
  expect(made.status).toBe(200);
  const { id: roomId, examId } = JSON.parse(made.body).result.data.json;
  const fields = {
    roomId,
    examId,
    userId: "examinee1",
    audioStatus: "silent",
    name: "N",
    imServer: ["aliyun_new"],
    pageSize: 2,
    data: "{}",
    url: "https://audio.example/x.wav",
    role: "teacher",
    username: "u",
    records: [
      { userId: "examinee1", isMainMonitor: true, detectType: "watch", detectTime: NOW.toISOString() },
    ],
    participants: [{ userId: "someone", name: "Some One", role: "examinee" }],
    startTime: "2026-02-01T00:00:00.000Z",
    endTime: "2026-02-01T02:00:00.000Z",
  };
  const meta = { values: { "records.0.detectTime": ["Date"], startTime: ["Date"], endTime: ["Date"] } };
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...second.procedures),
      fc.constantFrom(...WHO),
      mutations,
      spoiling,
      contentType,
      queryJunk,
      fc.nat(9),
      fc.constantFrom("", "", "", ",room.get", ",missing", ",auth.whoami,room.get"),
      async ([name, type], who, changes, spoil, sentType, junk, shape, more) => {
        const record = { json: shape < 4 ? mutated(fields, changes) : fields, meta };
        const isBatch = more !== "" || shape === 0;
        const text = written(isBatch ? { 0: record, 1: record } : record);
        const body = shape < 4 ? spoil(text) : text;
        const inQuery = (type === "query") !== (shape === 1);
        const query = inQuery
          ? `input=${encodeURIComponent(String(body).toWellFormed()).slice(0, 12_000)}`
          : "";
        const authorization = tokens[who];
        const { status } = await expectAlike(twins, {
          method: inQuery ? "GET" : "POST",
          url: `${name}${more}?${isBatch ? "batch=1&" : ""}${query}${shape < 4 ? junk : ""}`,
          headers: {
            ...(authorization !== undefined && { authorization }),
            ...(!inQuery && { "content-type": shape < 4 ? sentType : "application/json" }),
            ...(shape === 2 && { "trpc-accept": "application/jsonl" }),
          },
          ...(!inQuery && { body }),
        });
        statuses.add(status);
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
  expect([...statuses]).toEqual(expect.arrayContaining([200, 207, 400, 401, 403, 404, 405]));

  const [mine, theirs] = twins.map(({ world }) => contentsOf(world));
  expect(mine).toEqual(theirs);
  expect(mine?.rooms).not.toEqual([]);
});
