import type { TRPCRequestInfo } from "@trpc/server/http";
import { InvigilError } from "../platform/errors.js";

type Call = TRPCRequestInfo["calls"][number];

/** The maximum weight of a batch: the approximate number of rows in its answers. */
const MAX_BATCH_WEIGHT = 4000;
/** The weight of the calls of a batch that start in one turn of the event loop. */
export const WEIGHT_PER_TURN = 400;
/** The weights of procedures that read or change several rows, if their input does not specify how many. */
const WEIGHTS: Readonly<Record<string, number>> = {
  "account.list": 20,
  "audio.list": 20,
  "audit.list": 50,
  "cheat.listRecords": 20,
  "exam.delete": 1000,
  "exam.list": 20,
  "exam.plan": 1000,
  "exam.snapshot": 100,
  "im.history": 20,
  "participant.import": 1000,
  "participant.list": 40,
  "participant.listUnseated": 100,
  "participant.removeFromExam": 100,
  "room.joinCodes": 1000,
  "room.joinLinks": 1000,
  "room.list": 20,
  "room.presence": 40,
  "room.snapshot": 40,
  "stream.listEvents": 20,
};

/** The number of rows that an input requests. */
const rowsIn = (input: unknown): number | undefined => {
  if (typeof input !== "object" || input === null) return undefined;
  const { pageSize, limit } = input as { pageSize?: unknown; limit?: unknown };
  const asked = Number(pageSize ?? limit);
  return Number.isFinite(asked) && asked >= 1 ? asked : undefined;
};

/** The approximate number of rows that a call reads, once its input was parsed. 1 for most procedures. */
export const weightOf = (call: Call): number => {
  const byName = WEIGHTS[call.path];
  return byName === undefined ? 1 : (rowsIn(call.result()) ?? byName);
};

/**
 * Refuses a batch whose calls together request too many rows.
 * @throws PAYLOAD_TOO_LARGE
 */
export const assertWeight = async ({ isBatchCall, calls }: TRPCRequestInfo): Promise<void> => {
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
};
