import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, expect, it } from "vitest";
import { writeLargeAnswersAsBytes } from "./large-answers.js";

const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

const LARGE = "考场".repeat(40_000);
const ANSWERS: Readonly<Record<string, unknown>> = {
  text: LARGE,
  json: { name: LARGE },
  small: { name: "考场" },
  none: undefined,
};

/** An app with an answer of each kind, and what it hands to Node. */
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
  ["/small", JSON.stringify({ name: "考场" }), "application/json; charset=utf-8"],
  ["/none", "", null],
  ["/stream", LARGE, null],
])("%s is answered as it was without, to the byte", async (path, body, type) => {
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

it("hands large texts to Node as bytes, small ones as they are", async () => {
  const { app, written } = setUp();
  for (const url of ["/text", "/json", "/small"]) await app.inject(url);
  expect(written.map((payload) => Buffer.isBuffer(payload))).toEqual([true, true, false]);
});
