import { request as httpRequest } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isFull, RUNS } from "./support/effort.js";
import { mutations, queries, requests } from "./support/requests.js";
import {
  type Answered,
  answered,
  BEHAVIOUR,
  behaviours,
  createServers,
  expectSame,
  type ServerOptions,
  type Servers,
} from "./support/servers.js";

// The package gives the same answers as tRPC's adapter, with the same status, headers and bytes, and calls `createContext`, `onError` and
// `responseMeta` with the same arguments.

const SEED = 20_260_102;

const VARIANTS: readonly (readonly [name: string, options: ServerOptions])[] = [
  ["without a transformer", { transformer: "none" }],
  ["with superjson", { transformer: "superjson" }],
  [
    "with a transformer each way, other URLs and a batch of three",
    { transformer: "split", pathSeparator: "~", maxBatchSize: 3 },
  ],
  ["with queries by POST", { transformer: "superjson", allowMethodOverride: true }],
  ["without batches", { transformer: "none", allowBatching: false }],
];

describe("generated requests get the answers of the stock adapter", () => {
  it.each(VARIANTS)("%s", async (_, options) => {
    await using servers = createServers(options);
    const form = options.transformer === "superjson" ? "superjson" : "plain";
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(requests(form), async (request) => {
        const { status } = await expectSame(servers, request);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // The requests had all kinds of results, and the package handled most of them itself.
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 404, 405, 415, 500]));
    expect(statuses.get(200)).toBeGreaterThan(RUNS / 10);
    expect(servers.fast.fallbacks()).toBeLessThan(RUNS / 2);
  });
});

const json = { "content-type": "application/json" };
/** A valid request to these procedures, with the same input for each. */
const plain = (
  names: readonly string[],
  { wrap = (value) => value, input = { n: 1 } }: { wrap?: (value: unknown) => unknown; input?: unknown } = {},
) => {
  const isBatch = names.length > 1;
  const sent = isBatch ? Object.fromEntries(names.map((_, n) => [n, wrap(input)])) : wrap(input);
  const isChange = mutations.includes(names[0] ?? "");
  const query = [
    isBatch ? "batch=1" : "",
    isChange ? "" : `input=${encodeURIComponent(JSON.stringify(sent))}`,
  ];
  return {
    method: isChange ? "POST" : "GET",
    url: `/trpc/${names.join(",")}?${query.filter((part) => part !== "").join("&")}`,
    headers: isChange ? json : {},
    ...(isChange && { body: JSON.stringify(sent) }),
  };
};
const wrapped = { wrap: (value: unknown): unknown => ({ json: value }) };

describe("every procedure gets the answer of the stock adapter without it", () => {
  // `late` is a lazy router.
  const known = (name: string) => !name.startsWith("late.");
  const names = [...queries.filter(known), ...mutations];

  it.each<[string, ServerOptions, typeof wrapped | undefined]>([
    ["without a transformer", { transformer: "none" }, undefined],
    ["with superjson", { transformer: "superjson" }, wrapped],
    ["without context, reports and headers", { transformer: "superjson", bare: true }, wrapped],
    [
      "with batches allowed by the deprecated option",
      // oxlint-disable-next-line typescript/no-deprecated -- Safe: programs may still use it.
      { transformer: "none", batching: { enabled: true } },
      undefined,
    ],
  ])("%s", async (_, options, form) => {
    await using servers = createServers(options);
    for (const name of names) {
      await expectSame(servers, plain([name], form));
      await expectSame(servers, plain([name, name], form));
    }
    for (const name of ["throw", "throwChange", "typed", "code"])
      for (const input of [undefined, null, "text", "object", "foreign", "caused", 0, 1, 2, 3, 4, {}, []])
        await expectSame(servers, plain([name], { ...form, input }));
    expect(servers.fast.fallbacks()).toBe(0);
  });

  it("whatever createContext, onError and responseMeta do", async () => {
    await using servers = createServers({ transformer: "superjson" });
    // Loads the lazy router. Until then an unknown path may be in it.
    await expectSame(servers, plain(["late.get"]));
    const calls = [
      ...["context", "typed", "throw", "bigint", "holdsPromise", "contextChange", "throwChange"].map(
        (name) => [name],
      ),
      ["context", "throw"],
      ["missing"],
      ["missing", "context"],
      ["iterable", "date"],
      ["throwChange", "contextChange"],
    ];
    for (const [row, behaviour] of [...behaviours, "contextReads"].entries())
      for (const [column, names] of calls.entries()) {
        if (!isFull && (row + column) % 4 !== 0) continue;
        const { headers, ...request } = plain(names, wrapped);
        await expectSame(servers, { ...request, headers: { ...headers, [BEHAVIOUR]: behaviour } });
        for (const input of ["format: status 204", "format: throw"])
          await expectSame(servers, {
            ...plain(names, { ...wrapped, input }),
            headers: { ...headers, [BEHAVIOUR]: behaviour },
          });
      }
    expect(servers.fast.fallbacks()).toBe(1);
  });

  it("of a lazy router, from the second call on", async () => {
    await using servers = createServers({ transformer: "none" });
    await expectSame(servers, plain(["late.get"]));
    expect(servers.fast.fallbacks()).toBe(1);
    for (const names of [["late.get"], ["late.throw"], ["late.get", "late.throw"], ["late.missing"]])
      await expectSame(servers, plain(names));
    expect(servers.fast.fallbacks()).toBe(1);
  });
});

describe("other requests go to the stock adapter", () => {
  it.each<[string, Parameters<typeof expectSame>[1], number]>([
    ["HEAD", { method: "HEAD", url: "/trpc/standing", headers: {} }, 204],
    [
      "a method that procedures do not have",
      { method: "PUT", url: "/trpc/standing", headers: json, body: "{}" },
      405,
    ],
    ["a subscription", { method: "GET", url: "/trpc/ticks", headers: {} }, 200],
    [
      "a stream of answers",
      { ...plain(["standing", "nil"]), headers: { "trpc-accept": "application/jsonl" } },
      200,
    ],
    [
      "a stream that only `accept` asks for",
      { ...plain(["standing", "nil"]), headers: { accept: "application/jsonl" } },
      200,
    ],
    [
      "a stream of a single call",
      { ...plain(["standing"]), headers: { "trpc-accept": "application/jsonl" } },
      400,
    ],
    ["a body of no type", { method: "POST", url: "/trpc/echoed", headers: {} }, 415],
    [
      "a body of another type",
      { method: "POST", url: "/trpc/echoed", headers: { "content-type": "text/plain" }, body: "1" },
      415,
    ],
    [
      "parameters of a connection",
      { method: "GET", url: "/trpc/context?connectionParams=%7B%22a%22:%22b%22%7D", headers: {} },
      200,
    ],
    [
      "parameters that are none",
      { method: "GET", url: "/trpc/context?connectionParams=5", headers: {} },
      400,
    ],
    ["queries beside mutations", { method: "GET", url: "/trpc/standing,echoed?batch=1", headers: {} }, 400],
    ["a path that cannot be decoded twice", { method: "GET", url: "/trpc/%25zz", headers: {} }, 400],
    [
      "more calls than a batch may have",
      { method: "GET", url: "/trpc/nil,nil,nil,nil?batch=1", headers: {} },
      400,
    ],
  ])("%s", async (_, request, status) => {
    await using servers = createServers({ transformer: "none", maxBatchSize: 3 });
    expect((await expectSame(servers, request)).status).toBe(status);
    expect(servers.fast.fallbacks()).toBe(1);
  });
});

describe("over a connection", () => {
  let servers: Servers;
  let stock: string;
  let fast: string;
  beforeAll(async () => {
    servers = createServers({ transformer: "none" });
    [stock = "", fast = ""] = await Promise.all(
      [servers.stock, servers.fast].map(({ app }) => app.listen({ host: "127.0.0.1", port: 0 })),
    );
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  interface Raw {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string | string[]>>;
    readonly body?: string | Buffer;
  }
  /** Sends a request with `node:http`, which changes neither path nor headers. */
  const answerAt = (base: string, { method = "GET", path, headers = {}, body }: Raw): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(base);
      const host = { host: "invigil.example" };
      const sent = httpRequest({
        hostname,
        port,
        method,
        path,
        headers: { ...host, ...headers },
        agent: false,
      });
      sent.on("error", reject).on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
        response.on("end", () =>
          resolve(answered(response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString())),
        );
      });
      sent.end(body);
    });

  const input = (text: string) => `/trpc/echo?input=${text}`;
  const post = (body: string | Buffer, headers = json): Raw => ({
    method: "POST",
    path: "/trpc/echoed",
    headers,
    body,
  });
  it.each<[string, Raw]>([
    ["plain", { path: "/trpc/context" }],
    ["a fragment", { path: "/trpc/context?input=1#&batch=1" }],
    ["an absolute URL", { path: "http://other.example/trpc/context" }],
    ["two slashes", { path: "//trpc/context" }],
    ["a slash and a backslash", { path: "/\\trpc/context" }],
    ["a dot in the path", { path: "/trpc/./context" }],
    ["a path parameter with slashes", { path: "/trpc/deep%2Fget" }],
    ["quotes and brackets in the query", { path: input('"<[{`|^\'>"') }],
    ["bytes that are not ASCII", { path: input('"\u00e9\u00ff"') }],
    ["a plus", { path: input('"a+b"') }],
    ["an encoded plus", { path: input('"a%2Bb"') }],
    ["bytes that are not UTF-8", { path: input("%22%ff%22") }],
    ["half an escape", { path: input("%22%e%22") }],
    ["an empty input", { path: input("") }],
    ["two inputs", { path: `${input("1")}&input=2` }],
    ["an input by another name", { path: "/trpc/echo?%69nput=3" }],
    ["a semicolon", { path: `${input("1")};batch=1` }],
    ["a question mark in the query", { path: "/trpc/echo??input=1" }],
    ["no query behind the question mark", { path: "/trpc/echo?" }],
    ["ten megabytes in a number", { path: input("1e400") }],
    ["a host with a port", { path: "/trpc/context", headers: { host: "a.example:7001" } }],
    ["a host in IPv6", { path: "/trpc/context", headers: { host: "[::1]:80" } }],
    ["a host in capitals", { path: "/trpc/context", headers: { host: "A.EXAMPLE" } }],
    ["a host in Punycode", { path: "/trpc/context", headers: { host: "xn--bcher-kva.example" } }],
    ["a host that is no Punycode", { path: "/trpc/context", headers: { host: "xn--\u00fc.example" } }],
    ["a host with a port too high", { path: "/trpc/context", headers: { host: "a.example:99999" } }],
    ["a host of numbers", { path: "/trpc/context", headers: { host: "1.2.3.4.5" } }],
    ["a host in hexadecimal", { path: "/trpc/context", headers: { host: "0x7f.1" } }],
    ["a host with a name before it", { path: "/trpc/context", headers: { host: "me@a.example" } }],
    ["a host with a path", { path: "/trpc/context", headers: { host: "a.example/x" } }],
    ["a host with a space", { path: "/trpc/context", headers: { host: "a b" } }],
    ["a host of dots", { path: "/trpc/context", headers: { host: ".." } }],
    ["two hosts in one", { path: "/trpc/context", headers: { host: "a.example,b.example" } }],
    ["a mark in front of the body", post("\uFEFF[1]")],
    ["two marks", post("\uFEFF\uFEFF[1]")],
    ["a body that is not UTF-8", post(Buffer.from([0x22, 0xff, 0xed, 0xa0, 0x80, 0x22]))],
    ["an empty body", post("")],
    ["spaces", post("  ")],
    ["half a body", post('{"a":')],
    ["a name twice", post('{"a":1,"a":2}')],
    ["a prototype", post('{"__proto__":{"a":1},"constructor":1}')],
    ["a body that is too large", post(JSON.stringify("x".repeat(100_000)))],
    ["a content type in capitals", post("1", { "content-type": "Application/JSON ; Charset=utf-8" })],
    ["a type that begins like JSON", post("1", { "content-type": "application/json+x" })],
    ["a body in chunks", { ...post("[1,2]"), headers: { ...json, "transfer-encoding": "chunked" } }],
    ["bytes", { ...post("x", { "content-type": "application/octet-stream" }), path: "/trpc/contextChange" }],
    [
      "a form",
      {
        ...post('--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n', {
          "content-type": "multipart/form-data; boundary=x",
        }),
        path: "/trpc/contextChange",
      },
    ],
    ["what trpc-accept says twice", { path: "/trpc/context", headers: { "trpc-accept": ["a", "b"] } }],
    [
      "what accept says twice",
      { path: "/trpc/nil,nil?batch=1", headers: { accept: ["a", "application/jsonl"] } },
    ],
    ["an expectation", { ...post("1"), headers: { ...json, expect: "200-ok" } }],
    ["a GET with a body", { path: input("1"), headers: { ...json, "content-length": "1" }, body: "2" }],
    ["a header of bytes", { path: "/trpc/context", headers: { "x-bytes": "\u00e9" } }],
  ])("%s", async (_, request) => {
    expect(await answerAt(fast, request)).toEqual(await answerAt(stock, request));
  });
});
