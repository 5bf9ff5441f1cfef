import { createServer } from "node:http";
import Fastify from "fastify";
import helmet from "helmet";
import { expect, it } from "vitest";
import { portOf } from "../../test/support/ports.js";
import { HELMET, setSecurityHeaders } from "./security-headers.js";

/** The headers that every response has anyway. */
const OWN = ["connection", "content-length", "content-type", "date", "keep-alive", "transfer-encoding"];

const headersAt = async (url: string): Promise<Record<string, string>> => {
  const { headers } = await fetch(url);
  return Object.fromEntries([...headers].filter(([name]) => !OWN.includes(name)));
};

it("are those of helmet on every response, which no cache keeps", async () => {
  const withHelmet = createServer((request, response) => {
    helmet(HELMET)(request, response, () => response.end("{}"));
  });
  await new Promise<void>((listening) => withHelmet.listen(0, "127.0.0.1", listening));
  const app = Fastify();
  setSecurityHeaders(app);
  app.get("/", () => ({}));
  try {
    const port = portOf(withHelmet);
    const expected = await headersAt(`http://127.0.0.1:${port}`);
    expect(Object.keys(expected).length).toBeGreaterThan(5);
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    for (const path of ["", "/none"])
      expect(await headersAt(`${url}${path}`)).toEqual({ ...expected, "cache-control": "no-store" });
  } finally {
    withHelmet.close();
    withHelmet.closeAllConnections();
    await app.close();
  }
});
