import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, expect, it } from "vitest";
import { batchWrites } from "./batched-writes.js";

const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

/** An app that records the order of its events. */
const setUp = () => {
  const events: string[] = [];
  const app = Fastify();
  apps.push(app);
  batchWrites(app);
  app.addHook("onSend", async ({ url }) => void events.push(`writes ${url}`));
  app.get("/:name", async ({ url }, reply) => {
    events.push(`made ${url}`);
    if (url === "/fault") throw new Error("made to fail");
    if (url === "/stream") return reply.send(new Blob(["streamed"]).stream());
    return url;
  });
  return { app, events };
};

it("writes the responses of a turn after all of them are computed", async () => {
  const { app, events } = setUp();
  await app.ready();
  const urls = ["/a", "/b", "/c"];
  const answers = await Promise.all(urls.map((url) => app.inject(url)));
  expect(answers.map(({ body }) => body)).toEqual(urls);
  expect(events).toEqual([...urls.map((url) => `made ${url}`), ...urls.map((url) => `writes ${url}`)]);
});

it("responds to every client, whatever happens to the others", async () => {
  const { app } = setUp();
  const base = await app.listen({ host: "127.0.0.1", port: 0 });
  const names = Array.from({ length: 60 }, (_, n) => ["fault", "stream", `n${n}`][n % 3]);
  const answers = await Promise.all(
    names.map(async (name) => {
      const left = name === "n2" ? AbortSignal.abort() : null;
      const response = await fetch(`${base}/${name}`, { signal: left }).catch(() => undefined);
      return response && [response.status, await response.text()];
    }),
  );
  for (const [index, name] of names.entries()) {
    const expected = {
      fault: [500, expect.stringContaining("made to fail")],
      stream: [200, "streamed"],
      n2: undefined,
    };
    expect(answers[index]).toEqual(name && name in expected ? expected[name as "fault"] : [200, `/${name}`]);
  }
});
