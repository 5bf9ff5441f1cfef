import { type ErrorCode, errorCodes, type Role } from "@invigil/schema";
import { initTRPC, TRPCError } from "@trpc/server";
import superjson, { type SuperJSONResult } from "superjson";
import { ZodError } from "zod";
import type { Principal } from "./auth.js";
import { InvigilError, invalidInput, invalidInputOf } from "./errors.js";
import { serialize } from "./serialize.js";

/** What the log line of a request says about the calls in it. */
export interface Trace {
  readonly requestId: string;
  readonly procedures: string[];
  roomId?: string;
}

export interface Context {
  /** Who is calling, or why that is not known. */
  readonly identity: Principal | InvigilError;
  /** Where the client calls from; `in-process` where there is no network between. */
  readonly address: string;
  readonly trace: Trace;
}

const CODES_OF_TRPC: Partial<Record<TRPCError["code"], ErrorCode>> = {
  BAD_REQUEST: "INVALID_INPUT",
  PARSE_ERROR: "INVALID_INPUT",
  NOT_FOUND: "NOT_FOUND",
  METHOD_NOT_SUPPORTED: "METHOD_NOT_ALLOWED",
  PAYLOAD_TOO_LARGE: "PAYLOAD_TOO_LARGE",
  UNSUPPORTED_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
};

/** What to tell a caller about anything that was thrown: a failure from the table, or `INTERNAL` and nothing more. */
export const failureOf = (error: unknown): InvigilError => {
  if (error instanceof InvigilError) return error;
  if (error instanceof TRPCError) {
    if (error.cause instanceof InvigilError) return error.cause;
    const code = CODES_OF_TRPC[error.code];
    if (code && error.cause instanceof ZodError) return invalidInputOf(error.cause);
    if (code) return new InvigilError(code, error.message, { cause: error });
  }
  return new InvigilError("INTERNAL", "The server failed. Its log has this request's id.", { cause: error });
};

/**
 * Superjson without the objects that a sender declares to be the same: followed, they let a request of a
 * kilobyte grow to any size. Nothing is lost, because a sender writes such objects out each time.
 */
const transformer = {
  serialize: (value: unknown): SuperJSONResult => serialize(value),
  deserialize(sent: SuperJSONResult): unknown {
    try {
      const { referentialEqualities: _, ...meta } = sent.meta ?? {};
      return superjson.deserialize({ json: sent.json, meta });
    } catch {
      // Its own messages are for those who wrote the sender's code.
      throw invalidInput("input", "must be written as a client of Invigil writes it");
    }
  },
};

const trpc = initTRPC.context<Context>().create({
  isDev: false,
  transformer,
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
      },
    };
  },
});

export const router = trpc.router;
export const rootConfig = trpc._config;

/** Reports our failures under the tRPC code of the error table, and notes the call for the log. */
const base = trpc.procedure.use(async ({ ctx, path, next }) => {
  ctx.trace.procedures.push(path);
  const result = await next();
  if (result.ok || !(result.error.cause instanceof InvigilError)) return result;
  const failure = result.error.cause;
  throw new TRPCError({ code: errorCodes[failure.code].trpc, message: failure.message, cause: failure });
});

/** The caller, whose token must have one of these roles. @throws UNAUTHENTICATED, FORBIDDEN */
export const admit = ({ identity }: Context, allowed: readonly Role[], path: string): Principal => {
  if (identity instanceof InvigilError) throw identity;
  if (!allowed.includes(identity.role))
    throw new InvigilError("FORBIDDEN", `The role ${identity.role} may not call ${path}.`);
  return identity;
};

/** For callers whose token has one of these roles; everybody else gets 401 or 403 before the input is read. */
const procedureFor = (...allowed: readonly [Role, ...Role[]]) =>
  base
    .use(({ ctx, path, next }) => next({ ctx: { caller: admit(ctx, allowed, path) } }))
    .use(async ({ ctx, next, getRawInput }) => {
      const input = await getRawInput();
      const roomId =
        typeof input === "object" && input !== null && "roomId" in input ? input.roomId : undefined;
      if (typeof roomId === "string" || typeof roomId === "number")
        ctx.trace.roomId = String(roomId).slice(0, 64);
      return next();
    });

// The procedure kinds: who may call. What the caller may reach is for the access service to say.
/** Nobody in particular: no token is asked for. */
export const publicProcedure = base;
/** Any valid token. */
export const anyoneProcedure = procedureFor("admin", "teacher", "inspector", "examinee");
/** Those who run the installation. */
export const adminProcedure = procedureFor("admin");
/** Those who run rooms. */
export const STAFF = ["admin", "teacher"] as const;
export const staffProcedure = procedureFor(...STAFF);
/** Those who watch. */
export const watcherProcedure = procedureFor("admin", "teacher", "inspector");
/** Those who report detections: the examinee's own devices, and those who run the room. */
export const reporterProcedure = procedureFor("admin", "teacher", "examinee");
