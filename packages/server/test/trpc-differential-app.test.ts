import fc from "fast-check";
import superjson from "superjson";
import { expect, it } from "vitest";
import type { CreateHandler } from "../src/http/trpc.js";
import { createIds } from "../src/platform/ids.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { isFull, often } from "./support/effort.js";
import { contentType, mutated, mutations, queryJunk, spoiling, written } from "./support/hostile.js";
import { createStockHandler } from "./support/stock-trpc.js";
import { contentsOf } from "./support/tables.js";

// Two servers start with the same state and get the same requests. One uses packages/trpc-fastify, the other
// tRPC's own adapter. They must send the same responses and end with the same database.

const RUNS = often(100, 600);
const SEED = 20_260_102;
const NOW = new Date("2026-01-02T03:04:05Z");
const ORIGIN = "https://page.example";

const WHO = ["teacher", "teacher", "admin", "examinee", "garbage", "none"] as const;

const openServer = (
  corsOrigins: readonly string[],
  createTrpcHandler?: CreateHandler,
): Promise<AppFixture> => {
  let state = 1;
  // Makes the random bytes of both servers equal.
  const random = (size: number) =>
    Uint8Array.from({ length: size }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
  return openAppFixture({
    config: { corsOrigins: [...corsOrigins] },
    createTrpcHandler,
    now: () => NOW,
    ids: createIds({ clock: () => NOW, random }),
  });
};

interface Request {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Headers that may differ: how the end of the body is marked, and when it was sent. */
const FRAMING = ["content-length", "transfer-encoding", "connection", "date", "keep-alive"];

type Reference = readonly [key: unknown, kind: number, chunk: number];
type Hydratable = readonly [values: unknown, ...references: Reference[]];
interface Chunk {
  readonly json: readonly [chunk: number, status: number, data?: Hydratable];
  readonly meta?: unknown;
}
/** The body of an answer. The chunks of a streamed batch are numbered in the order in which the calls end, which may differ: they stand in place of their numbers. */
const inlinedStream = (body: string): unknown => {
  const [head = "", ...lines] = body.split("\n");
  if (!head.startsWith('{"json":{"0":')) return body;
  // Safe: so tRPC writes a stream.
  const chunks = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Chunk);
  const inlined = ([values, ...references]: Hydratable): unknown => [
    values,
    references.map(([key, kind, chunk]) => [key, kind, chunksOf(chunk)]),
  ];
  const chunksOf = (number: number): unknown =>
    chunks
      .filter(({ json: [chunk] }) => chunk === number)
      .map(({ json: [, status, data], meta }) => ({ status, data: data && inlined(data), meta }));
  const { json } = JSON.parse(head) as { readonly json: Readonly<Record<string, Hydratable>> };
  return { calls: Object.values(json).map(inlined), chunks: chunks.length };
};

/** Sends a request. The status is 0 when a stream breaks the connection. */
const answerOf = async ({ inject }: AppFixture, { method, url, headers, body }: Request) => {
  const answer = await inject({ method, url, headers, ...(body !== undefined && { payload: body }) }).catch(
    (error: NodeJS.ErrnoException) => error,
  );
  if (answer instanceof Error) return { status: 0, headers: {}, body: answer.code ?? "" };
  const kept = Object.entries(answer.headers).filter(([name]) => !FRAMING.includes(name));
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(kept),
    body: inlinedStream(answer.payload),
  };
};

/**
 * All rows of all tables, without the password hashes, which have a random salt, the real time at which each database was opened, and the ids
 * and seconds of the audit.
 */
const comparable = async ({ db }: AppFixture): Promise<object> => {
  const { accounts = [], event_epochs: _, audit_entries: __, ...others } = await contentsOf(db);
  return { ...others, accounts: accounts.map((account) => ({ ...account, passwordHash: "" })) };
};

/** Sends a request to both servers, and expects the same answer. */
const expectAlike = async (fixtures: readonly AppFixture[], { url, headers, ...request }: Request) => {
  const [fast, stock] = await Promise.all(
    fixtures.map((fixture) =>
      answerOf(fixture, {
        ...request,
        url: `/trpc/${url}`,
        headers: { "x-request-id": "the-same", origin: ORIGIN, ...headers },
      }),
    ),
  );
  expect(fast).toEqual(stock);
  return fast ?? expect.unreachable();
};

it.each([
  ["any origin", ["*"]],
  ["one origin", [ORIGIN]],
])("the server gives the same answers with both adapters: pages of %s", async (_, origins) => {
  await using fast = await openServer(origins);
  await using stock = await openServer(origins, createStockHandler);
  const fixtures = [fast, stock];
  /** Signed by both servers, because each takes the token's id from the next of its own. */
  const token = async (sub: string, role: "teacher" | "admin" | "examinee") => {
    const [one, other] = await Promise.all(fixtures.map((fixture) => fixture.token({ sub, role })));
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
  const made = await expectAlike(fixtures, {
    method: "POST",
    url: "room.create",
    headers: { authorization: tokens.teacher, "content-type": "application/json" },
    body: superjson.stringify({
      name: "Room",
      participants: [{ userId: "examinee1", name: "One", role: "examinee" }],
    }),
  });
  expect(made.status).toBe(200);
  const { id: roomId, examId } = JSON.parse(String(made.body)).result.data.json;
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
  const missing = encodeURIComponent(superjson.stringify({ roomId: "missing" }));
  const { status: notFound } = await expectAlike(fixtures, {
    method: "GET",
    url: `room.get?input=${missing}`,
    headers: { authorization: tokens.admin },
  });
  const statuses = new Set([notFound]);
  await fc.assert(
    fc.asyncProperty(
      // Each server writes its own audit: other ids, and reads when it has gathered them.
      fc.constantFrom(...[...stock.procedures].filter(([name]) => name !== "audit.list")),
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
        // A subscription that begins does not end.
        const authorization = tokens[type === "subscription" && inQuery ? "garbage" : who];
        const { status } = await expectAlike(fixtures, {
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
  // All kinds of results. That takes all cases to show.
  if (isFull) expect([...statuses]).toEqual(expect.arrayContaining([200, 207, 400, 401, 403, 404, 405]));

  expect(await comparable(fast)).toEqual(await comparable(stock));
  expect((await contentsOf(fast.db)).rooms).not.toEqual([]);
});
