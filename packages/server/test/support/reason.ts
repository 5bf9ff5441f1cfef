import { TRPCError } from "@trpc/server";
import { InvigilError } from "../../src/platform/errors.js";

/** Returns the error of an in-process call, or "ok". Rethrows internal errors. */
export const refused = async (
  call: Promise<unknown>,
): Promise<{ reason: string; message: string; fields: string[] }> => {
  try {
    await call;
    return { reason: "ok", message: "", fields: [] };
  } catch (error) {
    if (!(error instanceof TRPCError)) throw error;
    if (error.cause instanceof InvigilError) {
      const { code, message, fields } = error.cause;
      return { reason: code, message, fields: Object.keys(fields) };
    }
    // The input did not match the schema. Its fields are missing: the error formatter adds them only over HTTP.
    if (error.code === "BAD_REQUEST") return { reason: "INVALID_INPUT", message: error.message, fields: [] };
    throw error;
  }
};

export const reasonOf = async (call: Promise<unknown>): Promise<string> => (await refused(call)).reason;
