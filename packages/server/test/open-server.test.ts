import { describe, expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { refusalOf, send } from "./support/calls.js";
import { rawSocket } from "./support/sockets.js";

// Without authentication every caller is an administrator, so foreign pages in a local browser must not call.

const endRoom = (headers: Record<string, string>) => ({
  method: "GET",
  path: "/exam/endRoom?roomId=x",
  headers,
});
const OPEN = { config: { auth: "off" } } as const;

describe("while INVIGIL_AUTH is off", () => {
  it.each([
    ["a page of another origin", { origin: "https://evil.example" }],
    ["a page whose name begins like this machine's", { origin: "http://localhost.evil.example" }],
    ["a page of no origin", { origin: "null" }],
    ["a picture or a link in such a page", { "sec-fetch-site": "cross-site" }],
    ["a page that gave its own name this machine's address", { host: "evil.example:7001" }],
  ])("%s may not call", async (_, headers) => {
    await using app = await createTestApp(OPEN);
    const answer = await send(app, endRoom(headers));
    refusalOf(answer, 403, "FORBIDDEN");
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    const url = await app.listen();
    await expect(rawSocket(`${url.replace("http", "ws")}/trpc`, { headers })).rejects.toThrow("403");
  });

  it.each([
    ["a program", {}],
    ["a page of this machine", { origin: "http://localhost:5173", "sec-fetch-site": "same-site" }],
    ["the same by its address", { origin: "http://127.0.0.1:8080", host: "127.0.0.1:7001" }],
    ["the same by its newer address", { origin: "http://[::1]:8080", host: "[::1]:7001" }],
    ["a page of the public URL", { origin: "https://demo.example", host: "demo.example" }],
  ])("%s may", async (_, headers: Record<string, string>) => {
    await using app = await createTestApp({ config: { auth: "off", publicUrl: "https://demo.example" } });
    const answer = await send(app, endRoom(headers));
    refusalOf(answer, 404, "ROOM_NOT_FOUND");
    expect(answer.headers["access-control-allow-origin"]).toBe(headers.origin);
  });

  it("origins that are named in the setting may", async () => {
    const corsOrigins = ["*", "https://exam.example"];
    await using app = await createTestApp({ config: { auth: "off", corsOrigins } });
    refusalOf(await send(app, endRoom({ origin: "https://exam.example" })), 404, "ROOM_NOT_FOUND");
  });
});

it("with a login, pages of every origin may call, as the setting says", async () => {
  await using app = await createTestApp();
  const { headers, body } = await send(
    app,
    endRoom({ origin: "https://exam.example", host: "exam.example" }),
  );
  expect(headers["access-control-allow-origin"]).toBe("*");
  expect(body.reason).toBe("UNAUTHENTICATED");
});
