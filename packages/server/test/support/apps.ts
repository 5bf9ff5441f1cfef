import { expect } from "vitest";
import { dataOf, send } from "./calls.js";
import type { ExamsFixture } from "./exams-fixture.js";

// The observed behavior of the vendor's web apps: their requests, and what they need in the responses.

const ORIGIN = "https://exam-app.example";

/** A browser with one of the apps open. The app sends the token from the page's URL unchanged. */
export const openApp = (fixture: ExamsFixture, token: string) => {
  /** The browser's CORS preflight request. */
  const preflight = async (path: string, method: "GET" | "POST") => {
    const requestHeaders = method === "GET" ? "authorization" : "authorization,content-type";
    const { statusCode, headers } = await fixture.inject({
      method: "OPTIONS",
      url: path,
      headers: {
        origin: ORIGIN,
        "access-control-request-method": method,
        "access-control-request-headers": requestHeaders,
      },
    });
    expect(statusCode).toBe(204);
    const list = (name: string) => String(headers[name]).toLowerCase().split(/,\s*/);
    expect(["*", ORIGIN]).toContain(headers["access-control-allow-origin"]);
    expect(list("access-control-allow-headers")).toEqual(expect.arrayContaining(requestHeaders.split(",")));
    expect(list("access-control-allow-methods")).toContain(method.toLowerCase());
  };
  const ask = async (method: "GET" | "POST", path: string, fields: Record<string, unknown>) => {
    const url = `/exam/${path}`;
    await preflight(url, method);
    const headers = { accept: "application/json, text/plain, */*", origin: ORIGIN, authorization: token };
    const carried = method === "GET" ? { query: { ...fields, ts: 1767323045000 } } : { json: fields };
    const answer = await send(fixture, { method, path: url, headers, ...carried });
    expect(["*", ORIGIN]).toContain(answer.headers["access-control-allow-origin"]);
    return answer;
  };
  return {
    get: (path: string, fields: Record<string, unknown>) => ask("GET", path, fields),
    post: (path: string, fields: Record<string, unknown>) => ask("POST", path, fields),
  };
};
export type App = ReturnType<typeof openApp>;

/** Expects a URL that the apps can use: they insert `t=<ms>` and append a text. */
export const expectPlayable = (url: string) => {
  expect(url).toMatch(/^artc:\/\//);
  const parsed = new URL(url);
  parsed.searchParams.set("t", "1");
  expect(parsed.href).toContain("auth_key=");
};
export const PULL = ["rtcPullUrl", "rtsPullUrl", "pcRtcPullUrl", "pcRtsPullUrl"] as const;

/** The first requests of every app, in order. */
export const start = async (app: App, fixture: ExamsFixture, userId: string) => {
  const room = dataOf(await app.get("roomInfo", { roomId: fixture.room.id }));
  expect([0, 1]).toContain(room.status);
  expect([0, 1]).toContain(room.audioStatus);
  expect(room.imGroupId).toBe(room.id);
  const exam = dataOf(await app.get("examInfo", { examId: room.examId }));
  for (const name of ["radioInfo", "audioInfo"]) expect(Array.isArray(exam[name])).toBe(true);
  for (const name of ["startTime", "endTime"])
    expect(new Date(exam[name]).getTime()).toBeGreaterThan(Date.parse("2026-01-01"));
  const self = dataOf(await app.get("userInfo", { userId, roomId: room.id }));
  expect(self.id).toBe(userId);
  return { room, exam, self };
};
