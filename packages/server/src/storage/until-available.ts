import { setTimeout } from "node:timers/promises";
import { DatabaseUnavailableError, SchemaChangedError } from "./errors.js";

/** How long to wait before what the database did not answer is repeated, in milliseconds. */
export const RETRY_MS = 500;

/** Repeats work that can be repeated for as long as the database does not respond. An abort rejects, and so does another schema. */
export const untilAvailable = async <Result>(
  work: () => Promise<Result>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Result> => {
  for (;;)
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError) || error instanceof SchemaChangedError) throw error;
      // The timer keeps no process running.
      await setTimeout(RETRY_MS, undefined, { ref: false, ...(signal && { signal }) });
    }
};
