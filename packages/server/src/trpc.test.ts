import { type ErrorCode, errorCodes } from "@invigil/schema";
import { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { InvigilError } from "./errors.js";
import { createTestApp, type TestApp } from "./testing.js";
import { failureOf } from "./trpc.js";

describe("the error table", () => {
  it.each(Object.entries(errorCodes))("%s has the status that tRPC gives its code", (_, { trpc, status }) => {
    expect(getHTTPStatusCodeFromError(new TRPCError({ code: trpc }))).toBe(status);
  });
});

describe("what a caller is told", () => {
  const told = (error: unknown) => {
    const { code, message, fields } = failureOf(error);
    return { code, message, fields };
  };
  const secret = "SELECT * FROM /home/secret.db";

  it("is a failure of ours, however it was wrapped", () => {
    const failure = new InvigilError("ROOM_ENDED", "It has ended.");
    expect(failureOf(failure)).toBe(failure);
    expect(failureOf(new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause: failure }))).toBe(failure);
  });

  it("is which field was wrong", () => {
    const { error: cause } = z.object({ roomId: z.string() }).safeParse({});
    expect(told(new TRPCError({ code: "BAD_REQUEST", cause }))).toEqual({
      code: "INVALID_INPUT",
      message: "roomId is required",
      fields: { roomId: ["is required"] },
    });
  });

  it.each<[TRPCError["code"], ErrorCode]>([
    ["NOT_FOUND", "NOT_FOUND"],
    ["PARSE_ERROR", "INVALID_INPUT"],
    ["METHOD_NOT_SUPPORTED", "METHOD_NOT_ALLOWED"],
    ["PAYLOAD_TOO_LARGE", "PAYLOAD_TOO_LARGE"],
    ["UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_MEDIA_TYPE"],
    ["INTERNAL_SERVER_ERROR", "INTERNAL"],
    ["TIMEOUT", "INTERNAL"],
  ])("is, for tRPC's own %s, %s", (code, ours) => {
    expect(failureOf(new TRPCError({ code })).code).toBe(ours);
  });

  it("is nothing of a fault", () => {
    const message = "The server failed. Its log has this request's id.";
    for (const fault of [
      new Error(secret),
      secret,
      undefined,
      new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: secret, cause: new Error(secret) }),
      // An answer that fails its own schema is the server's fault, not the caller's.
      new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause: z.string().safeParse(1).error }),
    ]) {
      expect(told(fault)).toEqual({ code: "INTERNAL", message, fields: {} });
    }
  });
});

describe("input over tRPC", () => {
  let app: TestApp;
  let roomId: string;
  const teacher = { sub: "t1", role: "teacher" } as const;
  beforeEach(async () => {
    app = await createTestApp();
    roomId = (await app.as(teacher).room.create({ name: "Maths" })).id;
  });
  afterEach(() => app.close());

  /** Sends one record whose extra info is written by hand, as no client of ours would. */
  const addRecord = async (extraInfo: unknown, sameObjects: Record<string, string[]>) => {
    const record = {
      isMainMonitor: true,
      userId: "t1",
      detectType: "watch",
      detectTime: "2026-01-02T03:00:00Z",
    };
    const below = (path: string) => `records.0.extraInfo.${path}`;
    const referentialEqualities = Object.fromEntries(
      Object.entries(sameObjects).map(([path, copies]) => [below(path), copies.map(below)]),
    );
    const { statusCode } = await app.inject({
      method: "POST",
      url: "/trpc/cheat.addRecords",
      headers: { authorization: await app.token(teacher) },
      payload: {
        json: { roomId, records: [{ ...record, extraInfo }] },
        meta: { values: { "records.0.detectTime": ["Date"] }, referentialEqualities },
      },
    });
    expect(statusCode).toBe(200);
    const { records } = await app.as(teacher).cheat.listRecords({ roomId });
    return records[0]?.extraInfo;
  };

  // Superjson lets a sender say that two places hold the same object. Followed, a request of a kilobyte grows
  // to any size: 2^30 objects out of 30, or an array of a thousand million holes.
  it("does not multiply objects that a sender declares to be the same", async () => {
    const sent = { a: { a: { a: {}, b: 0 }, b: 0 }, b: 0 };
    expect(await addRecord(sent, { "a.a.a": ["a.a.b"], "a.a": ["a.b"], a: ["b"] })).toEqual(sent);
  });

  it("does not stretch arrays by objects that a sender declares to be in them", async () => {
    const sent = { o: {}, list: [] };
    expect(await addRecord(sent, { o: ["list.1000"] })).toEqual(sent);
  });
});
