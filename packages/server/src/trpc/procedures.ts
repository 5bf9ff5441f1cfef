import type { Role } from "@invigil/schema";
import type { AnyTRPCProcedure } from "@trpc/server";
import type { Principal } from "../identity/tokens.js";
import { InvigilError } from "../platform/errors.js";
import { rowsIn } from "../platform/rows.js";
import type { Context, Trace } from "./context.js";
import { failureOf, toTRPCError } from "./failures.js";
import { trpc } from "./root.js";

const recordReason = (trace: Trace, error: unknown): void => {
  const { code } = failureOf(error);
  trace.reasons ??= [];
  if (!trace.reasons.includes(code)) trace.reasons.push(code);
};

/** Makes a call in a context of its own, and records its path for the log. */
const callInOwnContext = <Result>(
  ctx: Context,
  path: string,
  call: (own: Context) => Promise<Result>,
): Promise<Result> => {
  const recorded = (own: Context): Promise<Result> => {
    own.trace.procedures.push(path);
    return call(own);
  };
  return ctx.perCall ? ctx.perCall(recorded) : recorded(ctx);
};

/** Returns the caller if their token has one of the roles. @throws UNAUTHENTICATED, FORBIDDEN */
export const admit = ({ identity }: Context, allowed: readonly Role[], path: string): Principal => {
  if (identity instanceof InvigilError) throw identity;
  if (!allowed.includes(identity.role))
    throw new InvigilError("FORBIDDEN", `The role ${identity.role} may not call ${path}.`);
  return identity;
};

/** Returns the room in the input of a call, for the log. */
const roomIn = (input: unknown): string | undefined => {
  const roomId = typeof input === "object" && input !== null && "roomId" in input ? input.roomId : undefined;
  return typeof roomId === "string" || typeof roomId === "number" ? String(roomId).slice(0, 64) : undefined;
};

/**
 * Makes a procedure for callers whose token has one of the roles. Others receive 401 or 403 before the input is read. All checks are in
 * one middleware, because tRPC copies the options of a call twice for each middleware.
 */
const procedureFor = (...allowed: readonly [Role, ...Role[]]) =>
  trpc.procedure.meta({ roles: allowed }).use(({ ctx, path, type, meta, next, getRawInput }) =>
    callInOwnContext(ctx, path, async (own) => {
      try {
        if (own.identity instanceof InvigilError) own.gate?.admitAnonymous(own.address);
        const caller = admit(own, allowed, path);
        own.gate?.admit(caller, {
          writes: type === "mutation",
          alsoWhenFull: meta?.alsoWhenFull,
          longAnswer: meta?.longAnswer,
        });
        const roomId = roomIn(await getRawInput());
        if (roomId !== undefined) own.trace.roomId = roomId;
        // The events of a subscription come one by one.
        const longAnswers = type !== "subscription" && meta?.longAnswer ? own.gate : undefined;
        const result = longAnswers
          ? await longAnswers.inTurn({ caller, writes: type === "mutation" }, () => next({ ctx: { caller } }))
          : await next({ ctx: { caller } });
        if (!result.ok) throw result.error;
        longAnswers?.chargeRows(caller, rowsIn(result.data));
        return result;
      } catch (error) {
        recordReason(own.trace, error);
        throw toTRPCError(error);
      }
    }),
  );

/** Returns the roles that may call a procedure. Undefined if the procedure needs no token. */
export const rolesOf = ({ _def: { meta } }: AnyTRPCProcedure): readonly Role[] | undefined =>
  // Safe: if the meta is not ours, it has no roles.
  (meta as { readonly roles?: readonly Role[] } | undefined)?.roles;

// Each kind of procedure says which roles may call it. The access service decides what a caller can access.

/** Needs no token. */
export const publicProcedure = trpc.procedure.use(({ ctx, path, type, meta, next }) =>
  callInOwnContext(ctx, path, async (own) => {
    try {
      own.gate?.admit(undefined, { writes: type === "mutation", alsoWhenFull: meta?.alsoWhenFull });
      const result = await next();
      if (!result.ok) throw result.error;
      return result;
    } catch (error) {
      recordReason(own.trace, error);
      throw toTRPCError(error);
    }
  }),
);
/** For all roles. */
export const anyoneProcedure = procedureFor("admin", "teacher", "inspector", "examinee");
/** For administrators. */
export const adminProcedure = procedureFor("admin");
/** For the people who run rooms. */
export const staffProcedure = procedureFor("admin", "teacher");
/** For the people who watch rooms. */
export const watcherProcedure = procedureFor("admin", "teacher", "inspector");
/** For the people who watch whole exams. */
export const overseerProcedure = procedureFor("admin", "inspector");
/** For reports of detections: from the devices of examinees, and from the people who run rooms. */
export const reporterProcedure = procedureFor("admin", "teacher", "examinee");
