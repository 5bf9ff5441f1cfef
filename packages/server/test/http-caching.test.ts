import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { inputOf, openStream } from "./support/sockets.js";
import { wav } from "./support/sounds.js";

// What browsers and proxies may keep of answers: nothing, but public files.

let fixture: ExamsFixture;
let token: string;
let url: string;
beforeAll(async () => {
  fixture = await openExamsFixture();
  url = await fixture.listen();
  token = await fixture.token({ sub: "root", role: "admin" });
});
afterAll(() => fixture?.close());

const form = () => {
  const data = new FormData();
  data.append("name", "Bell");
  data.append("file", new Blob([wav()]), "bell.wav");
  return data;
};

describe("no cache keeps", () => {
  it.each<[string, string, RequestInit | undefined, number]>([
    ["a query", "/trpc/exam.list?input=%7B%22json%22%3A%7B%7D%7D", undefined, 200],
    [
      "a batch",
      "/trpc/auth.whoami,exam.list?batch=1&input=%7B%221%22%3A%7B%22json%22%3A%7B%7D%7D%7D",
      undefined,
      200,
    ],
    [
      "a query that fails",
      "/trpc/exam.get?input=%7B%22json%22%3A%7B%22examId%22%3A%22none%22%7D%7D",
      undefined,
      404,
    ],
    [
      "a token",
      "/trpc/auth.issueToken",
      { method: "POST", body: '{"json":{"userId":"u1","role":"teacher"}}' },
      200,
    ],
    ["a login", "/exam/login", { method: "POST", body: '{"username":"none","password":"none"}' }, 401],
    ["a documented path", "/exam/userInfo?userId=teacher1", undefined, 200],
    ["an unknown path", "/none", undefined, 404],
    ["an unknown file", `/audio/${"0".repeat(64)}.wav`, undefined, 404],
    ["the state of the server", "/ready", undefined, 200],
  ])("%s", async (_, path, init, status) => {
    const response = await fetch(`${url}${path}`, {
      ...init,
      headers: { authorization: token, ...(init && { "content-type": "application/json" }) },
    });
    expect([response.status, response.headers.get("cache-control")]).toEqual([status, "no-store"]);
    await response.body?.cancel();
  });

  it("an event stream", async () => {
    const input = inputOf({ roomId: fixture.room.id });
    using stream = await openStream(`${url}/trpc/room.onEvent?input=${input}`, { authorization: token });
    expect(stream.response.headers.get("cache-control")).toMatch(/^no-store\b/);
  });
});

describe("browsers keep, and ask for again with the ETag,", () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    [
      "an uploaded file",
      async () => {
        const answer = await fetch(`${url}/audio`, {
          method: "POST",
          headers: { authorization: token },
          body: form(),
        });
        expect(answer.headers.get("cache-control")).toBe("no-store");
        return new URL(((await answer.json()) as { data: { url: string } }).data.url).pathname;
      },
      /immutable/,
    ],
    ["the description of the documented paths", async () => "/openapi.json", /^no-cache$/],
    ["the page of the documented paths", async () => "/openapi", /^no-cache$/],
  ])("%s", async (_, pathAt, kept) => {
    const path = await pathAt();
    const { headers } = await fetch(`${url}${path}`);
    expect(headers.get("cache-control")).toMatch(kept);
    // Otherwise, fetch adds `cache-control: no-cache`, as a browser does where the user reloads.
    const again = await fetch(`${url}${path}`, {
      headers: { "if-none-match": headers.get("etag") ?? "", "cache-control": "max-age=0" },
    });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    expect(again.headers.get("cache-control")).toMatch(kept);
  });
});
