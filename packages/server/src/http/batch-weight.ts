import type { AnyTRPCRouter } from "@trpc/server";
import type { TRPCRequestInfo } from "@trpc/server/http";
import { InvigilError } from "../platform/errors.js";
import { findProcedure } from "../trpc/call.js";
import { rowsOf } from "../trpc/procedures.js";

type Call = TRPCRequestInfo["calls"][number];

/** The maximum weight of a batch: the approximate number of rows in its answers. */
const MAX_BATCH_WEIGHT = 4000;
/** The weight of the calls of a batch that start in one turn of the event loop. */
export const WEIGHT_PER_TURN = 400;

/** The number of rows that an input requests. */
const rowsIn = (input: unknown): number | undefined => {
  if (typeof input !== "object" || input === null) return undefined;
  const { pageSize, limit } = input as { pageSize?: unknown; limit?: unknown };
  const asked = Number(pageSize ?? limit);
  return Number.isFinite(asked) && asked >= 1 ? asked : undefined;
};

export type BatchWeights = ReturnType<typeof createBatchWeights>;

/** Weighs the calls of a batch by what their procedures declare. */
export const createBatchWeights = (router: AnyTRPCRouter) => {
  const rows = new Map<string, number | undefined>();
  // Safe: it is a record of procedures.
  for (const path of Object.keys(router._def.procedures as object)) {
    const procedure = findProcedure(router, path);
    if (procedure) rows.set(path, rowsOf(procedure));
  }
  /** The approximate number of rows that a call reads, once its input was parsed. 1 for most procedures. */
  const weightOf = (call: Call): number => {
    const declared = rows.get(call.path);
    return declared === undefined ? 1 : (rowsIn(call.result()) ?? declared);
  };
  return {
    weightOf,
    /**
     * Refuses a batch whose calls together request too many rows.
     * @throws PAYLOAD_TOO_LARGE
     */
    assertWeight: async ({ isBatchCall, calls }: TRPCRequestInfo): Promise<void> => {
      if (!isBatchCall || calls.length === 1) return;
      try {
        // One text contains the inputs of all calls.
        await calls[0]?.getRawInput();
      } catch {
        // Every call reports the error itself.
        return;
      }
      const weight = calls.reduce((sum, call) => sum + weightOf(call), 0);
      if (weight > MAX_BATCH_WEIGHT)
        throw new InvigilError(
          "PAYLOAD_TOO_LARGE",
          `The calls of the batch request about ${weight} rows, more than the limit of ${MAX_BATCH_WEIGHT}: send fewer calls, or request smaller pages.`,
        );
    },
  };
};
