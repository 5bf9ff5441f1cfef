import type { ErrorCode } from "@invigil/schema";
import { createTestApp } from "@invigil/server/testing";
import { TRPCClientError } from "@trpc/client";
import { expect, expectTypeOf, test } from "vitest";
import { thrownBy } from "../test/thrown-by.js";
import { createInvigilClient } from "./client.js";
import { isInvigilError, isNetworkError } from "./errors.js";

const setUp = async () => {
  const app = await createTestApp();
  const url = await app.listen();
  const invigil = createInvigilClient({ url, token: await app.token({ sub: "a1", role: "admin" }) });
  return { url, invigil, [Symbol.asyncDispose]: () => app.close() };
};

test("an error is recognized by its reason", async () => {
  await using fixture = await setUp();
  const error = await thrownBy(fixture.invigil.room.get.query({ roomId: "none" }));
  expect(isInvigilError(error)).toBe(true);
  expect(isInvigilError(error, "ROOM_NOT_FOUND")).toBe(true);
  expect(isInvigilError(error, "EXAM_NOT_FOUND")).toBe(false);
  expect(isNetworkError(error)).toBe(false);

  if (!isInvigilError(error, "ROOM_NOT_FOUND")) return expect.fail();
  expectTypeOf(error.data.reason).toEqualTypeOf<"ROOM_NOT_FOUND">();
  expect(error.data).toMatchObject({ reason: "ROOM_NOT_FOUND", httpStatus: 404, path: "room.get" });
  expect(error.data.requestId).toMatch(/./);
});

test("without a reason, every error code matches", async () => {
  await using fixture = await setUp();
  const error = await thrownBy(createInvigilClient({ url: fixture.url }).auth.whoami.query());
  if (!isInvigilError(error)) return expect.fail();
  expectTypeOf(error.data.reason).toEqualTypeOf<ErrorCode>();
  expect(error.data.reason).toBe("UNAUTHENTICATED");
});

test("invalid input is reported per field", async () => {
  await using fixture = await setUp();
  const error = await thrownBy(fixture.invigil.room.create.mutate({ name: " " }));
  if (!isInvigilError(error, "INVALID_INPUT")) return expect.fail();
  expect(error.data.fieldErrors).toEqual({ name: ["must not be empty"] });
  expect(error.message).toBe("name must not be empty");
});

test("errors of calls in-process say the same", async () => {
  await using app = await createTestApp();
  const url = await app.listen();
  const teacher = { sub: "t1", role: "teacher" } as const;
  const invigil = createInvigilClient({ url, token: await app.token(teacher) });
  const local = app.as(teacher);
  for (const [here, there] of [
    [() => local.room.get({ roomId: "none" }), () => invigil.room.get.query({ roomId: "none" })],
    [() => local.room.create({ name: " " }), () => invigil.room.create.mutate({ name: " " })],
    [() => local.account.list({}), () => invigil.account.list.query({})],
  ] as const) {
    const [error, sent] = [await thrownBy(here()), await thrownBy(there())];
    if (!isInvigilError(error) || !isInvigilError(sent)) return expect.fail();
    expect(error.data).toEqual({ ...sent.data, requestId: "in-process" });
  }
  expect(isInvigilError(await thrownBy(local.room.onEvent({ roomId: "none" })))).toBe(true);
});

test("other values are not errors of the server", () => {
  const shape = (data: object) => TRPCClientError.from({ error: { code: -32_603, message: "no", data } });
  const others = [
    undefined,
    null,
    "ROOM_NOT_FOUND",
    new Error("ROOM_NOT_FOUND"),
    { data: { reason: "ROOM_NOT_FOUND" } },
    new TRPCClientError("no answer"),
    shape({ code: "INTERNAL_SERVER_ERROR" }),
    shape({ reason: "SOMEBODY_ELSES" }),
  ];
  for (const other of others) {
    expect([isInvigilError(other), isNetworkError(other)]).toEqual([false, false]);
  }
  expect(isInvigilError(shape({ reason: "ROOM_ENDED" }), "ROOM_ENDED")).toBe(true);
});
