import type { Role } from "@invigil/schema";
import type { AnyTRPCProcedure } from "@trpc/server";
import type { Principal } from "../identity/tokens.js";
import { InvigilError } from "../platform/errors.js";
import type { Context, Trace } from "./context.js";
import { failureOf, underItsCode } from "./failures.js";
import { trpc } from "./root.js";

const noteReason = (trace: Trace, error: unknown): void => {
  const { code } = failureOf(error);
  trace.reasons ??= [];
  if (!trace.reasons.includes(code)) trace.reasons.push(code);
};

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
