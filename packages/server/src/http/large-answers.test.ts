import fc from "fast-check";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { answerJson, writeLargeAnswersAsBytes } from "./large-answers.js";

const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

const LARGE = "考场".repeat(40_000);
const ANSWERS: Readonly<Record<string, unknown>> = {
  text: LARGE,
  json: { name: LARGE },
  list: { data: Array.from({ length: 200 }, (_, n) => `考场 ${n}`) },
  small: { name: "考场" },
  none: undefined,
};

/** An app with responses of each kind, which records what it passes to Node. */
const setUp = () => {
  const written: unknown[] = [];
  const app = Fastify();
  apps.push(app);
  writeLargeAnswersAsBytes(app);
  app.addHook("onSend", async (_request, _reply, payload) => void written.push(payload));
  for (const [name, answer] of Object.entries(ANSWERS))
    app.get(`/${name}`, (_request, reply) => reply.send(answer));
  app.get("/stream", (_request, reply) => reply.send(new Blob([LARGE]).stream()));
  return { app, written };
};

it.each([
  ["/text", LARGE, "text/plain; charset=utf-8"],
  ["/json", JSON.stringify({ name: LARGE }), "application/json; charset=utf-8"],
  ["/list", JSON.stringify(ANSWERS.list), "application/json; charset=utf-8"],
  ["/small", JSON.stringify({ name: "考场" }), "application/json; charset=utf-8"],
  ["/none", "", null],
  ["/stream", LARGE, null],
])("%s is the same response, byte for byte", async (path, body, type) => {
  const { app } = setUp();
  const base = await app.listen({ host: "127.0.0.1", port: 0 });
  const response = await fetch(`${base}${path}`);
  expect(await response.text()).toBe(body);
  expect(response.headers.get("content-type")).toBe(type);
  const length = path === "/stream" ? null : String(Buffer.byteLength(body));
  expect(response.headers.get("content-length")).toBe(length);
  const head = await fetch(`${base}${path}`, { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe(length);
});

it("passes large texts to Node as bytes, and small ones as texts", async () => {
  const { app, written } = setUp();
  for (const url of ["/text", "/json", "/list", "/small"]) await app.inject(url);
  expect(written.map((payload) => Buffer.isBuffer(payload))).toEqual([true, true, true, false]);
});

describe("an answer's JSON", () => {
  const same = (answer: unknown): void => {
    expect(String(answerJson(answer))).toBe(JSON.stringify(answer));
  };

  it("is equal to the result of JSON.stringify", () => {
    const list = fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 80, size: "max" });
    const fields = fc.dictionary(fc.string(), fc.oneof(fc.jsonValue({ maxDepth: 1 }), list), { maxKeys: 3 });
    fc.assert(fc.property(fc.oneof(fields, list, fc.jsonValue()), same), { numRuns: 200 });
  });

  it.each([0, 1, 24, 25, 26, 49, 50, 51, 500])("is equal with a final list of %i items", (length) => {
    const list = Array.from({ length }, (_, n) => (n % 7 === 0 ? undefined : { id: n, name: "考生" }));
    same({ success: true, skipped: undefined, data: list });
    same({ data: list });
    same({ data: list, more: false });
    same([list]);
  });

  it("is built in pieces only if it ends with a long list", () => {
    const list = Array.from({ length: 26 }, () => 0);
    const answers = [{ data: list }, { data: list.slice(1) }, { data: list, more: false }, [list]];
    expect(answers.map((answer) => typeof answerJson(answer) === "string")).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });
});
