import type { ErrorCode, Role } from "@invigil/schema";
import { initTRPC, type TRPCBuiltRouter } from "@trpc/server";
import superjson, { type SuperJSONResult } from "superjson";
import type { Subject } from "../domain/subjects.js";
import type { Rate } from "../limits/rates.js";
import { invalidInput } from "../platform/errors.js";
import { serializeAnswer } from "../platform/serialize.js";
import type { Context } from "./context.js";
import { EventChannel } from "./event-channel.js";
import { detailsFor, failureOfCall } from "./failures.js";

/**
 * Superjson without referential equalities. With them, a request of one kilobyte could expand to any size. Nothing is lost without them,
 * because superjson also writes out each copy of such an object.
 */
const transformer = {
  serialize: (value: unknown) => (value instanceof EventChannel ? value : serializeAnswer(value)),
  deserialize(sent: SuperJSONResult | undefined): unknown {
    // Over a WebSocket, a call may have no input.
    if (sent === undefined) return undefined;
    try {
      // Plain JSON needs no conversion. Superjson would copy it.
      if (sent.meta === undefined) return sent.json;
      const { referentialEqualities: _, ...meta } = sent.meta;
      return superjson.deserialize({ json: sent.json, meta });
    } catch {
      // The messages of superjson are for developers of the client.
      throw invalidInput("input", "must be written as a client of Invigil writes it");
    }
  },
};

/** The interval of pings on event streams. */
const STREAM_PING_MS = 5_000;
/** Clients reconnect after this time without an event or a ping. */
const RECONNECT_AFTER_MS = 14_000;

const root = initTRPC
  .context<Context>()
  // Inline, because a named type would make the types of clients refer to this file.
  .meta<{
    /** What the procedure does, for documents. */
    readonly sentence?: string;
    /** The roles that may call the procedure. Absent if it needs no token. */
    readonly roles?: readonly Role[];
    /** What the procedure is about: the first of these whose ids its input has. Absent if it needs no token. */
    readonly about?: readonly Subject[];
    /** What each of these roles may call it for, in sentences for documents. Absent: what follows from `about`. */
    readonly access?: string;
    /** The errors of the procedure, apart from those that every procedure can have. */
    readonly errors?: readonly ErrorCode[];
    /**
     * The limits that the service charges for what a call contains or changes. What else a call counts towards follows from its kind
     * (`chargesOf` in `procedures.ts`).
     */
    readonly charges?: readonly Rate[];
    /** About how many rows a call reads or changes. Default: one, or a page, if the input has a size of pages. Batches are weighed by it. */
    readonly rows?: number;
    /**
     * The maximum size of the body, in KiB. Default: 64. A procedure that needs no token has 4, because its body is read before the caller
     * is known.
     */
    readonly bodyKib?: number;
    /** Allows a mutation while the disk is nearly full, because it frees space, or writes little and must not wait. */
    readonly allowedWhenDiskFull?: true;
    /** Whether the answer may be long. It must wait until earlier answers are paid off. Such calls of a caller run one after the other (`limits/caller-turns.ts`). */
    readonly longAnswer?: true;
    /** What the audit keeps of it. Default: the changes of a mutation, and nothing of a query or of an examinee's subscription. */
    readonly audited?: "change" | "access" | "none";
  }>();
export const trpc = root.create({
  isDev: false,
  transformer,
  sse: {
    ping: { enabled: true, intervalMs: STREAM_PING_MS },
    client: { reconnectAfterInactivityMs: RECONNECT_AFTER_MS },
  },
  errorFormatter({ shape, error, ctx }) {
    const failure = failureOfCall(error);
    return {
      message: failure.message,
      code: shape.code,
      data: {
        code: shape.data.code,
        httpStatus: failure.status,
        path: shape.data.path,
        reason: failure.code,
        requestId: ctx?.trace.requestId,
        /** The errors of the input, by field. */
        fieldErrors: failure.fields,
        /** After how many seconds the client may try again. */
        ...(failure.retryAfterSeconds !== undefined && { retryAfterSeconds: failure.retryAfterSeconds }),
        /** Details of a vendor's error, for administrators. */
        ...detailsFor(failure, ctx),
      },
    };
  },
});

export const router = trpc.router;
export const rootConfig = trpc._config;
/** Any router with our context and our error shape. */
export type Router = TRPCBuiltRouter<(typeof rootConfig)["$types"], Record<never, never>>;
