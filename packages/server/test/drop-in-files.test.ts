import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import { SCRIPT } from "./support/drop-in.js";

// The file of the drop-in script.

const PATH = "/sdk/alivc-im.iife.js";
let app: TestApp;
beforeAll(async () => {
  app = await createTestApp({ config: { corsOrigins: ["https://exam-app.example"] } });
});
afterAll(() => app?.close());

describe(PATH, () => {
  it("is the built script, for pages of any origin", async () => {
    const { statusCode, headers, rawPayload } = await app.inject({
      url: PATH,
      headers: { origin: "https://a.example" },
    });
    expect(statusCode).toBe(200);
    expect(rawPayload.equals(readFileSync(SCRIPT))).toBe(true);
    expect(headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
      "x-content-type-options": "nosniff",
      "cache-control": "public, max-age=300",
      etag: expect.any(String),
    });
  });

  it("is not sent again to clients that have it", async () => {
    const { headers } = await app.inject({ method: "HEAD", url: PATH });
    expect(headers["content-length"]).toBe(String(readFileSync(SCRIPT).length));
    const again = await app.inject({ url: PATH, headers: { "if-none-match": String(headers.etag) } });
    expect([again.statusCode, again.payload]).toEqual([304, ""]);
    // With a query, which pages add to bypass a cache.
    expect((await app.inject({ url: `${PATH}?v=2` })).statusCode).toBe(200);
  });

  it.each([
    "/sdk",
    "/sdk/",
    "/sdk/alivc-im.iife.js/",
    "/sdk/..%2fcli.js",
    "/sdk/../cli.js",
    "/sdk/.hidden",
    "/sdk/cli.js",
  ])("is all that is there: not %s", async (url) => {
    const { statusCode, json } = await app.inject({ url });
    expect(statusCode).toBe(404);
    expect(json()).toMatchObject({ success: false, reason: "NOT_FOUND" });
  });

  it("takes no other method", async () => {
    const { statusCode, headers } = await app.inject({ method: "POST", url: PATH });
    expect([statusCode, headers.allow]).toEqual([405, "GET, HEAD"]);
  });
});
