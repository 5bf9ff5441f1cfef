import { describe, expect, it } from "vitest";
import { errorCodes, isErrorCode } from "./errors.js";

const table = Object.entries(errorCodes);

describe("the error table", () => {
  it.each(table)("%s is named for machines and explained for people", (code, { meaning, status }) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(meaning).toMatch(/^[a-z].*[a-z]$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  });

  it("gives one tRPC code to each status, and one status to each tRPC code", () => {
    const pairs = new Set(table.map(([, { status, trpc }]) => `${status} ${trpc}`));
    expect(new Set(table.map(([, { status }]) => status)).size).toBe(pairs.size);
    expect(new Set(table.map(([, { trpc }]) => trpc)).size).toBe(pairs.size);
  });

  it("hides from the apps' transport exactly the failures that the contract lists as business", () => {
    const statuses = (business: boolean) =>
      [
        ...new Set(table.filter(([, info]) => info.business === business).map(([, info]) => info.status)),
      ].toSorted((one, other) => one - other);
    expect(statuses(true)).toEqual([400, 403, 404, 409, 501, 502]);
    // 404 and 405 are for paths that do not exist, 408 for requests that did not arrive.
    expect(statuses(false)).toEqual([401, 404, 405, 408, 413, 415, 429, 500, 503]);
    expect(errorCodes.NOT_FOUND.business).toBe(false);
  });

  it("knows its own codes and nothing else", () => {
    expect(table.every(([code]) => isErrorCode(code))).toBe(true);
    for (const other of ["", "room_not_found", "toString", "__proto__", 404, null, undefined])
      expect(isErrorCode(other)).toBe(false);
  });
});
