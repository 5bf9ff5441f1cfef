import { TRPCError } from "@trpc/server";
import { InvigilError } from "../../src/platform/errors.js";

/** What a call in-process was refused with; "ok" when it was not. Faults of the server are thrown on. */
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
    // The input's schema refused it: the error formatter names the fields, which runs over HTTP only.
    if (error.code === "BAD_REQUEST") return { reason: "INVALID_INPUT", message: error.message, fields: [] };
    throw error;
  }
};

export const reasonOf = async (call: Promise<unknown>): Promise<string> => (await refused(call)).reason;
