import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Door, type DoorOptions, type Doors, openDoors } from "./support/trpc-doors.js";
import { requests, type TrpcRequest } from "./support/trpc-requests.js";

// What we answer to a request, tRPC's own adapter answers too: same status, same bytes, same headers; and the program
// behind both is told the same. Differences that are none: how the end of the body is marked.

const RUNS = 1_500;
const SEED = 20_260_102;
const FRAMING = ["content-length", "transfer-encoding", "connection", "date", "keep-alive"];

interface Seen {
  readonly status: number;
  readonly headers: object;
  readonly body: string;
  readonly events: readonly string[];
}

const seenAt = async ({ app, events }: Door, { method, url, headers, body }: TrpcRequest): Promise<Seen> => {
  events.length = 0;
  const answer = await app
    .inject({
      // Safe: the apps answer every method; the list of types is shorter.
      method: method as "GET",
      url,
      headers,
      ...(body !== undefined && { payload: body }),
    })
    .catch((error: NodeJS.ErrnoException) => error);
  // A stream that breaks off breaks the connection.
  if (answer instanceof Error) return { status: 0, headers: {}, body: answer.code ?? "", events: [] };
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !FRAMING.includes(name))),
    body: answer.payload,
    events: events.toSorted(),
  };
};

/** Sends a request to both; returns what ours answered. */
const expectSame = async ({ stock, ours }: Doors, request: TrpcRequest): Promise<Seen> => {
  const theirs = await seenAt(stock, request);
  const mine = await seenAt(ours, request);
  expect(mine).toEqual(theirs);
  return mine;
};

const VARIANTS: readonly (readonly [name: string, options: DoorOptions])[] = [
  ["without a transformer", { transformer: "none" }],
  ["with superjson", { transformer: "superjson" }],
  [
    "with a transformer each way, other URLs and a batch of three",
    { transformer: "split", pathSeparator: "~", maxBatchSize: 3 },
  ],
  ["with queries by POST", { transformer: "superjson", allowMethodOverride: true }],
  ["without batches", { transformer: "none", allowBatching: false }],
];

describe("generated requests are answered as by the stock adapter", () => {
  it.each(VARIANTS)("%s", { timeout: 120_000 }, async (_, options) => {
    await using doors = openDoors(options);
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(
        requests(options.transformer === "superjson" ? "superjson" : "plain"),
        async (request) => {
          const { status } = await expectSame(doors, request);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        },
      ),
      { numRuns: RUNS, seed: SEED },
    );
    // The requests went everywhere, and most of them by our own path.
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 404, 405, 415, 500]));
    expect(statuses.get(200)).toBeGreaterThan(RUNS / 10);
    expect(doors.ours.stock()).toBeLessThan(RUNS / 2);
  });
});
