import { errorCodes } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { forbidden, InvigilError, invalidInput, invalidInputOf } from "./errors.js";

const schema = z.object({
  roomId: z.string(),
  size: z.number(),
  on: z.boolean().optional(),
  role: z.enum(["teacher", "examinee"]).optional(),
  mode: z.literal("OSS").optional(),
  either: z.union([z.string(), z.number()]).optional(),
  records: z.array(z.object({ userId: z.string().min(1, "must not be empty") })).optional(),
});

const failureOf = (different: Record<string, unknown>): InvigilError => {
  const { error } = schema.safeParse({ roomId: "r", size: 1, ...different });
  if (!error) throw new Error("accepted");
  return invalidInputOf(error);
};

describe("invalid input", () => {
  it.each([
    [{ roomId: undefined }, "roomId is required"],
    [{ roomId: null }, "roomId must be of type string"],
    [{ roomId: 5 }, "roomId must be of type string"],
    [{ size: "5" }, "size must be of type number"],
    [{ on: "true" }, "on must be of type boolean"],
    [{ records: {} }, "records must be of type array"],
    [{ role: "root" }, "role must be 'teacher' or 'examinee'"],
    [{ mode: "S3" }, "mode must be 'OSS'"],
    [{ either: true }, "either is not valid"],
    [{ records: [{ userId: "a" }, { userId: "" }] }, "records[1].userId must not be empty"],
    [{ records: [{}] }, "records[0].userId is required"],
    [{ records: ["x"] }, "records[0] must be of type object"],
  ])("%j: %s", (different, message) => {
    expect(failureOf(different)).toMatchObject({ code: "INVALID_INPUT", status: 400, message });
  });

  it("lists all invalid fields, and its message is about the first", () => {
    const failure = failureOf({ roomId: undefined, size: "x", records: [{ userId: "" }, {}] });
    expect(failure.message).toBe("roomId is required");
    expect(failure.fields).toEqual({
      roomId: ["is required"],
      size: ["must be of type number"],
      "records[0].userId": ["must not be empty"],
      "records[1].userId": ["is required"],
    });
  });

  it("lists all problems of a field", () => {
    const { error } = z
      .object({ a: z.string().min(3, "is short").regex(/x/, "has no x") })
      .safeParse({ a: "" });
    expect(error && invalidInputOf(error).fields).toEqual({ a: ["is short", "has no x"] });
  });

  it("refers to the whole input as 'input'", () => {
    const { error } = schema.safeParse(undefined);
    expect(error && invalidInputOf(error).message).toBe("input is required");
  });

  it("never repeats the sent value", () => {
    for (const different of [{ roomId: ["s3cret"] }, { role: "s3cret" }, { mode: "s3cret" }])
      expect(JSON.stringify(failureOf(different).fields)).not.toContain("s3cret");
  });
});

describe("failures", () => {
  it("have the status of the error table", () => {
    for (const [code, { status }] of Object.entries(errorCodes))
      expect(new InvigilError(code as keyof typeof errorCodes, "x").status).toBe(status);
  });

  it("are created by functions", () => {
    expect(invalidInput("name", "is odd")).toMatchObject({
      message: "name is odd",
      fields: { name: ["is odd"] },
    });
    expect(forbidden("No.")).toMatchObject({ code: "FORBIDDEN", message: "No.", fields: {} });
  });
});
