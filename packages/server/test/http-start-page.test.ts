import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";

describe("the page at /", () => {
  let app: TestApp;
  let url: string;
  let page: string;
  let headers: Headers;
  beforeAll(async () => {
    app = await createTestApp();
    url = await app.listen();
    const response = await fetch(url);
    expect(response.status).toBe(200);
    page = await response.text();
    headers = response.headers;
  });
  afterAll(() => app.close());

  it("is HTML that says what this is", () => {
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toContain("<title>Invigil</title>");
    expect(page).toContain('content="width=device-width, initial-scale=1"');
  });

  it("links to what answers: health, readiness, the documents of REST, and tRPC, which asks who calls", async () => {
    const links = [...page.matchAll(/<a href="([^"]+)"/g)].map(([, href = ""]) => href);
    const own = links.filter((link) => !URL.canParse(link));
    // The links work below any path of a proxy.
    expect(own.every((link) => !link.startsWith("/"))).toBe(true);
    const answers = await Promise.all(
      own.map(async (link) => {
        const response = await fetch(new URL(link, `${url}/`));
        return [link, response.status, await response.text()] as const;
      }),
    );
    expect(answers).toEqual([
      // Whether it is built, or says how to build it.
      ["console", expect.any(Number), expect.stringContaining("<title>Invigil</title>")],
      ["health", 200, expect.stringContaining('"ok"')],
      ["ready", 200, expect.stringContaining('"ready"')],
      ["openapi", 200, expect.stringContaining("/exam/roomInfo")],
      ["openapi.json", 200, expect.stringContaining('"/exam/roomInfo"')],
      ["trpc/auth.whoami", 401, expect.stringContaining('"UNAUTHENTICATED"')],
    ]);
    const others = links.filter((link) => !own.includes(link));
    expect(others.every((link) => link.startsWith("https://"))).toBe(true);
  });

  it("runs nothing, and its policy lets a browser load nothing but its own style", () => {
    expect(page).not.toMatch(/<(script|form|iframe|object|img)\b| on\w+=| style=|@import|url\(/i);
    const [style = ""] = /(?<=<style>)[^<]*/.exec(page) ?? [];
    const digest = createHash("sha256").update(style).digest("base64");
    expect(headers.get("content-security-policy")?.split(";")).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${digest}'`,
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(style).toContain("prefers-color-scheme: dark");
  });

  it("has the other security headers and the request id of every answer", () => {
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "SAMEORIGIN",
      "referrer-policy": "no-referrer",
      "x-request-id": expect.any(String),
    });
  });

  it("names no version and no software", () => {
    expect(page).not.toMatch(/\d+\.\d+\.\d+|fastify|node\.js/i);
  });
});
