import { type ErrorCode, errorCodes, type ProviderDetails, type Role } from "@invigil/schema";
import { type AnyTRPCProcedure, initTRPC, type TRPCBuiltRouter, TRPCError, tracked } from "@trpc/server";
import superjson, { type SuperJSONResult } from "superjson";
import { ZodError } from "zod";
import type { Principal } from "./auth.js";
import { isStorageFull } from "./db/full.js";
import { StreamNameTaken } from "./db/inserts.js";
import { StorageLostError } from "./db/storage-lost.js";
import { InvigilError, invalidInput, invalidInputOf } from "./errors.js";
import { storageFull } from "./limits/disk.js";
import type { Gate } from "./limits/gate.js";
import { serializeAnswer } from "./serialize.js";

/** What the log line of a request says about the calls in it. */
export interface Trace {
  readonly requestId: string;
  readonly procedures: string[];
  roomId?: string;
  /** Why calls were refused or failed, by the codes of the error table. */
  reasons?: string[];
}

const noteReason = (trace: Trace, error: unknown): void => {
  const { code } = failureOf(error);
  trace.reasons ??= [];
  if (!trace.reasons.includes(code)) trace.reasons.push(code);
};

/** For the log: who calls, or whose token it was that is refused. */
export const nameOf = (identity: Principal | InvigilError): string | undefined =>
  identity instanceof InvigilError ? identity.subject : identity.userId;

export interface Context {
  /** Who is calling, or why that is not known. */
  readonly identity: Principal | InvigilError;
  /** Who that is by now: for what outlives the moment in which it was called. */
  readonly identify: () => Promise<Principal | InvigilError>;
  /** The connection that carries this call beside others; absent where a request is a connection of its own. */
  readonly connection?: object | undefined;
  /** Resolves when the client has taken most of what was sent to it; absent where the transport waits by itself. */
  readonly drained?: (() => Promise<void>) | undefined;
  /**
   * On a connection, which carries many calls and outlives the token it began with: makes one call, when it is its turn and the
   * client takes answers, in a context of its own. Absent where a request is a context.
   */
  readonly perCall?: (<Result>(call: (own: Context) => Promise<Result>) => Promise<Result>) | undefined;
  /** Where the client calls from; `in-process` where there is no network between. */
  readonly address: string;
  /** What every call passes; absent for the command on the server's own machine, which is not limited. */
  readonly gate?: Gate | undefined;
  readonly trace: Trace;
}

/** Where a call comes from, for log lines of its own. */
export interface Origin {
  readonly reqId: string;
  /** As `Context.address`. */
  readonly address: string;
}
export const originOf = ({ trace, address }: Pick<Context, "trace" | "address">): Origin => ({
  reqId: trace.requestId,
  address,
});

/** What a vendor said is for those who run the installation. */
export const detailsFor = (
  { details }: InvigilError,
  context: Context | undefined,
): { details?: ProviderDetails } => {
  const identity = context?.identity;
  const isAdmin = identity !== undefined && !(identity instanceof InvigilError) && identity.role === "admin";
  return details && isAdmin ? { details } : {};
};

const CODES_OF_TRPC: Partial<Record<TRPCError["code"], ErrorCode>> = {
  BAD_REQUEST: "INVALID_INPUT",
  PARSE_ERROR: "INVALID_INPUT",
  NOT_FOUND: "NOT_FOUND",
  METHOD_NOT_SUPPORTED: "METHOD_NOT_ALLOWED",
  PAYLOAD_TOO_LARGE: "PAYLOAD_TOO_LARGE",
  UNSUPPORTED_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
};

/** What the database's own failures are to callers; undefined for any other. */
const failureOfStorage = (error: unknown): InvigilError | undefined => {
  if (error instanceof StorageLostError)
    return new InvigilError(
      "OVERLOADED",
      "The server cannot keep what it is told. Nothing was changed for certain.",
      { cause: error },
    );
  if (error instanceof StreamNameTaken)
    return new InvigilError(
      "PARTICIPANT_CONFLICT",
      `${error.person.userId} cannot be in the room ${error.person.roomId}: a stream there would have the name of another person's. Give one of them an id without a hyphen.`,
      { cause: error },
    );
  return undefined;
};

/** What to tell a caller about anything that was thrown: a failure from the table, or `INTERNAL` and nothing more. */
export const failureOf = (error: unknown): InvigilError => {
  if (error instanceof InvigilError) return error;
  if (isStorageFull(error)) return storageFull(error);
  if (error instanceof TRPCError) {
    if (error.cause instanceof InvigilError) return error.cause;
    if (isStorageFull(error.cause)) return storageFull(error.cause);
    const code = CODES_OF_TRPC[error.code];
    if (code && error.cause instanceof ZodError) return invalidInputOf(error.cause);
    // Its message quotes what was sent.
    if (code && error.cause instanceof SyntaxError) return invalidInput("input", "must be JSON");
    if (code) return new InvigilError(code, error.message, { cause: error });
  }
  const known = failureOfStorage(error instanceof TRPCError ? error.cause : error);
  if (known) return known;
  return new InvigilError("INTERNAL", "The server failed. Its log has this request's id.", { cause: error });
};

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
const trpc = root.create({
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

/** Makes a call in the context that is its own, with its name noted for the log. */
const inOwnContext = <Result>(
  ctx: Context,
  path: string,
  call: (own: Context) => Promise<Result>,
): Promise<Result> => {
  const noted = (own: Context): Promise<Result> => {
    own.trace.procedures.push(path);
    return call(own);
  };
  return ctx.perCall ? ctx.perCall(noted) : noted(ctx);
};

/** What failed, under the tRPC code of the error table when it is one of our failures. */
const underItsCode = (error: unknown): unknown => {
  const cause = error instanceof TRPCError ? error.cause : error;
  const failure = isStorageFull(cause) ? storageFull(cause) : cause;
  if (!(failure instanceof InvigilError)) return error;
  return new TRPCError({ code: errorCodes[failure.code].trpc, message: failure.message, cause: failure });
};

/** The caller, whose token must have one of these roles. @throws UNAUTHENTICATED, FORBIDDEN */
export const admit = ({ identity }: Context, allowed: readonly Role[], path: string): Principal => {
  if (identity instanceof InvigilError) throw identity;
  if (!allowed.includes(identity.role))
    throw new InvigilError("FORBIDDEN", `The role ${identity.role} may not call ${path}.`);
  return identity;
};

/** The room that a call names, for the log. */
const roomIn = (input: unknown): string | undefined => {
  const roomId = typeof input === "object" && input !== null && "roomId" in input ? input.roomId : undefined;
  return typeof roomId === "string" || typeof roomId === "number" ? String(roomId).slice(0, 64) : undefined;
};

/**
 * For callers whose token has one of these roles; everybody else gets 401 or 403 before the input is read. One middleware
 * for all of it: tRPC copies a call's options twice for each.
 */
const procedureFor = (...allowed: readonly [Role, ...Role[]]) =>
  trpc.procedure.meta({ roles: allowed }).use(({ ctx, path, type, meta, next, getRawInput }) =>
    inOwnContext(ctx, path, async (own) => {
      try {
        if (own.identity instanceof InvigilError) own.gate?.admitAnonymous(own.address);
        const caller = admit(own, allowed, path);
        own.gate?.admit(caller, { writes: type === "mutation", alsoWhenFull: meta?.alsoWhenFull });
        const roomId = roomIn(await getRawInput());
        if (roomId !== undefined) own.trace.roomId = roomId;
        const result = await next({ ctx: { caller } });
        if (!result.ok) throw result.error;
        return result;
      } catch (error) {
        noteReason(own.trace, error);
        throw underItsCode(error);
      }
    }),
  );

/** The roles whose tokens a procedure takes; undefined: it asks for no token. */
export const rolesOf = ({ _def: { meta } }: AnyTRPCProcedure): readonly Role[] | undefined =>
  // Safe: what is no meta of ours has no roles.
  (meta as { readonly roles?: readonly Role[] } | undefined)?.roles;

// The procedure kinds: who may call. What the caller may reach is for the access service to say.
/** Nobody in particular: no token is asked for. */
export const publicProcedure = trpc.procedure.use(({ ctx, path, type, meta, next }) =>
  inOwnContext(ctx, path, async (own) => {
    try {
      own.gate?.admit(undefined, { writes: type === "mutation", alsoWhenFull: meta?.alsoWhenFull });
      const result = await next();
      if (!result.ok) throw result.error;
      return result;
    } catch (error) {
      noteReason(own.trace, error);
      throw underItsCode(error);
    }
  }),
);
/** Any valid token. */
export const anyoneProcedure = procedureFor("admin", "teacher", "inspector", "examinee");
/** Those who run the installation. */
export const adminProcedure = procedureFor("admin");
/** Those who run rooms. */
export const staffProcedure = procedureFor("admin", "teacher");
/** Those who watch. */
export const watcherProcedure = procedureFor("admin", "teacher", "inspector");
/** Those who watch over whole exams. */
export const overseerProcedure = procedureFor("admin", "inspector");
/** Those who report detections: the examinee's own devices, and those who run the room. */
export const reporterProcedure = procedureFor("admin", "teacher", "examinee");

/**
 * What a subscription tells, each event under its id, by which a client resumes. What goes wrong meanwhile comes to the client
 * as a call's failure does: no middleware sees it.
 */
export const tellEach = <Event extends { readonly id: string }, Shown>(
  events: AsyncIterable<Event>,
  show: (event: Event) => Shown,
) => failingQuietly(tracking(events, show));

async function* tracking<Event extends { readonly id: string }, Shown>(
  events: AsyncIterable<Event>,
  show: (event: Event) => Shown,
) {
  try {
    for await (const event of events) yield tracked(event.id, show(event));
  } catch (error) {
    throw underItsCode(error);
  }
}

/**
 * An event stream of tRPC asks for the next event before its client has taken the last one. A failure that waits for a slow
 * client would count as unhandled, which ends the process. The client is told of it all the same, when it comes to it.
 */
const failingQuietly = <Told>(
  events: AsyncGenerator<Told, void, undefined>,
): AsyncGenerator<Told, void, undefined> => {
  const next = events.next.bind(events);
  return Object.assign(events, {
    next: () => {
      const coming = next();
      coming.catch(() => undefined);
      return coming;
    },
  });
};
