import type { Role } from "@invigil/schema";
import { initTRPC, type TRPCBuiltRouter } from "@trpc/server";
import superjson, { type SuperJSONResult } from "superjson";
import { invalidInput } from "../platform/errors.js";
import { serializeAnswer } from "../platform/serialize.js";
import type { Context } from "./context.js";
import { detailsFor, failureOf } from "./failures.js";

/**
 * Superjson without the objects that a sender declares to be the same: followed, they let a request of a
 * kilobyte grow to any size. Nothing is lost, because a sender writes such objects out each time.
 */
const transformer = {
  serialize: serializeAnswer,
  deserialize(sent: SuperJSONResult | undefined): unknown {
    // A call without an input, which reaches this over a WebSocket only.
    if (sent === undefined) return undefined;
    try {
      // What JSON says is all of it: superjson would make a copy.
      if (sent.meta === undefined) return sent.json;
      const { referentialEqualities: _, ...meta } = sent.meta;
      return superjson.deserialize({ json: sent.json, meta });
    } catch {
      // Its own messages are for those who wrote the sender's code.
      throw invalidInput("input", "must be written as a client of Invigil writes it");
    }
  },
};

/** How often an event stream that has nothing to tell says so, and after how long without a word its client comes anew. */
const STREAM_PING_MS = 10_000;
const STREAM_SILENCE_MS = 25_000;

const root = initTRPC
  .context<Context>()
  // Written out here: a named type would lead from the client's types into this file.
  .meta<{
    /** Whose tokens it takes; absent: no token is asked for. The doors ask before they read the input. */
    readonly roles?: readonly Role[];
    /** Whether it goes on while the disk is nearly full, though it writes: it makes room, or is small and must not wait. */
    readonly alsoWhenFull?: true;
  }>();
export const trpc = root.create({
  isDev: false,
  transformer,
  sse: {
    ping: { enabled: true, intervalMs: STREAM_PING_MS },
    client: { reconnectAfterInactivityMs: STREAM_SILENCE_MS },
  },
  errorFormatter({ shape, error, ctx }) {
    const failure = failureOf(error);
    return {
      message: failure.message,
      code: shape.code,
      data: {
        code: shape.data.code,
        httpStatus: failure.status,
        path: shape.data.path,
        reason: failure.code,
        requestId: ctx?.trace.requestId,
        /** What is wrong with each field of the input. */
        fieldErrors: failure.fields,
        /** When the call may be made again, where that depends on time. */
        ...(failure.retryAfterSeconds !== undefined && { retryAfterSeconds: failure.retryAfterSeconds }),
        /** What a vendor's service said, for administrators. */
        ...detailsFor(failure, ctx),
      },
    };
  },
});

export const router = trpc.router;
export const rootConfig = trpc._config;
/** What the doors serve: procedures, whichever they are, that take our context and fail in our form. */
export type Router = TRPCBuiltRouter<(typeof rootConfig)["$types"], Record<never, never>>;
