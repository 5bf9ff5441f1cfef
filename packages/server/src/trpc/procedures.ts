import { setImmediate as nextTurn } from "node:timers/promises";
import { type ErrorCode, type Role, roomRef } from "@invigil/schema";
import type { AnyTRPCProcedure } from "@trpc/server";
import { z } from "zod";
import type { Target } from "../domain/audit.js";
import type { ActingCaller, Audited, Named } from "../domain/calls.js";
import { type Principal, tokenEnded } from "../identity/tokens.js";
import type { GatedCall } from "../limits/gate.js";
import type { Rate } from "../limits/rates.js";
import { InvigilError } from "../platform/errors.js";
import { continueWith, type MaybePromise } from "../platform/maybe-promise.js";
import { rowsIn } from "../platform/rows.js";
import { type Context, originOf, type Trace } from "./context.js";
import { failureOfCall, toTRPCError } from "./failures.js";
import { type rootConfig, trpc } from "./root.js";

const recordReason = (trace: Trace, error: unknown): void => {
  const { code } = failureOfCall(error);
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

const idSchema = roomRef.shape.roomId;
/** What the schema does not change, and most ids are. Parsing takes longer. */
const PLAIN_ID = /^[\w.-]{1,128}$/;
/** Returns an id of an input as the schema reads it. Undefined if it is none. */
const idOf = (value: unknown): string | undefined =>
  typeof value === "string" && PLAIN_ID.test(value) ? value : idSchema.safeParse(value).data;
/** Returns what an input names, before it is parsed. */
const namedIn = (input: unknown, anyRoom: true | undefined): Named => {
  if (typeof input !== "object" || input === null) return { anyRoom };
  const roomId = "roomId" in input ? idOf(input.roomId) : undefined;
  const examId = "examId" in input ? idOf(input.examId) : undefined;
  return { roomId, examId, anyRoom };
};

const NOTHING: Named = {};
/** The number of rows after which the event loop goes to others between checking and writing an answer. */
const MANY_ROWS = 100;
/** Says whom and what a call is about that the audit keeps: the person of its input, and the token that it issued. */
const targetOf = (named: Named, input: unknown, answer: unknown): Target => {
  const userId =
    typeof input === "object" && input !== null && "userId" in input ? idOf(input.userId) : undefined;
  const issued =
    typeof answer === "object" && answer !== null && "tokenId" in answer ? answer.tokenId : undefined;
  return {
    roomId: named.roomId,
    examId: named.examId,
    people: userId === undefined ? [] : [userId],
    subject: typeof issued === "string" ? issued : undefined,
  };
};

/**
 * Asks whether the caller's token is still good. Calls of a token that is not count for the address, and not for the person whose token it
 * was.
 * @param admitted the call, if it was counted for the person
 */
const authorized = (
  own: Context,
  caller: Principal,
  { named, admitted }: { readonly named?: Named; readonly admitted?: Pick<GatedCall, "writes"> },
): MaybePromise<Principal> =>
  continueWith(own.authorize ? own.authorize(caller, named) : caller, (confirmed) => {
    if (confirmed) return confirmed;
    own.identity = tokenEnded(caller);
    if (admitted) own.gate?.withdraw(caller, admitted);
    own.gate?.admitAnonymous(own.address);
    throw own.identity;
  });

/**
 * Makes a procedure for callers whose token has one of the roles. Others receive 401 or 403 before the input is read. All checks are in
 * one middleware, because tRPC copies the options of a call twice for each middleware.
 */
const procedureFor = (...allowed: readonly [Role, ...Role[]]) =>
  trpc.procedure.meta({ roles: allowed }).use(({ ctx, path, type, meta, next, getRawInput }) =>
    callInOwnContext(ctx, path, async (own) => {
      const writes = type === "mutation";
      const audited = auditedBy(type, meta?.audited);
      const acting = (principal: Principal): ActingCaller => ({
        ...principal,
        origin: originOf(own, path),
        audited,
        ...(meta?.alsoWhenFull && { isUrgent: true }),
      });
      let known: ActingCaller | undefined;
      let named = NOTHING;
      try {
        const { identity } = own;
        if (identity instanceof InvigilError) {
          own.gate?.admitAnonymous(own.address);
          throw identity;
        }
        if (!allowed.includes(identity.role)) {
          known = acting(await authorized(own, identity, {}));
          throw new InvigilError("FORBIDDEN", `The role ${identity.role} may not call ${path}.`);
        }
        const admitted = { writes, alsoWhenFull: meta?.alsoWhenFull, longAnswer: meta?.longAnswer };
        own.gate?.admit(identity, admitted);
        try {
          named = namedIn(await getRawInput(), meta?.anyRoom);
        } catch (error) {
          known = acting(await authorized(own, identity, { admitted }));
          throw error;
        }
        if (named.roomId !== undefined) own.trace.roomId = named.roomId.slice(0, 64);
        const caller = acting(await authorized(own, identity, { named, admitted }));
        known = caller;
        if (audited === "change" || (audited === "access" && caller.role !== "examinee"))
          await own.accessLog?.admit(caller);
        // The events of a subscription come one by one.
        const longAnswers = type !== "subscription" && meta?.longAnswer ? own.gate : undefined;
        let rows = 0;
        const result = longAnswers
          ? await longAnswers.inTurn({ caller, writes }, async (hasWaited) => {
              // What was read before the wait may no longer be true.
              const answer = await next({ ctx: { caller: hasWaited ? acting(identity) : caller } });
              // The next call in turn sees what this one cost.
              if (answer.ok) {
                rows = rowsIn(answer.data);
                longAnswers.chargeRows(caller, rows);
              }
              return answer;
            })
          : await next({ ctx: { caller } });
        if (!result.ok) throw result.error;
        // The answer was checked in this turn of the event loop. It is written in another one.
        if (rows > MANY_ROWS) await nextTurn();
        // What examinees read is about themselves. A subscription notes itself.
        if (audited === "access" && caller.role !== "examinee" && type !== "subscription")
          own.accessLog?.note(caller, targetOf(named, await getRawInput(), result.data));
        return result;
      } catch (error) {
        recordReason(own.trace, error);
        if (known && audited !== "none") own.accessLog?.noteRefusal(known, named, failureOfCall(error));
        throw toTRPCError(error);
      }
    }),
  );

/** What a procedure says of itself. */
type Said = (typeof rootConfig)["$types"]["meta"];
const saidOf = ({ _def: { meta } }: AnyTRPCProcedure): Said =>
  // Safe: if the meta is not ours, it has none of these.
  (meta as Said | undefined) ?? {};

/** Returns the roles that may call a procedure. Undefined if the procedure needs no token. */
export const rolesOf = (procedure: AnyTRPCProcedure): readonly Role[] | undefined => saidOf(procedure).roles;

const fieldsIn = (input: z.ZodType): Readonly<Record<string, z.ZodType>> => {
  if (input instanceof z.ZodObject) return input.shape;
  // Safe: what a schema of zod converts is a schema of zod.
  return input instanceof z.ZodPipe ? fieldsIn(input.in as z.ZodType) : {};
};
/** Returns the fields of a procedure's input. */
export const fieldsOf = ({ _def }: AnyTRPCProcedure): Readonly<Record<string, z.ZodType>> => {
  // Safe: tRPC keeps the schemas there, and they are zod's.
  const { inputs } = _def as unknown as { readonly inputs: readonly z.ZodType[] };
  return Object.fromEntries(inputs.flatMap((input) => Object.entries(fieldsIn(input))));
};

/** Returns what a procedure does, in one sentence. Undefined if it does not say. */
export const sentenceOf = (procedure: AnyTRPCProcedure): string | undefined => saidOf(procedure).sentence;

/** Returns what the roles may call a procedure for. Undefined if it is the usual. */
export const accessOf = (procedure: AnyTRPCProcedure): string | undefined => saidOf(procedure).access;

const auditedBy = (type: AnyTRPCProcedure["_def"]["type"], said: Audited | undefined): Audited =>
  said ?? (type === "mutation" ? "change" : "none");
/** Returns what the audit keeps of a procedure. */
export const auditedOf = (procedure: AnyTRPCProcedure): Audited =>
  auditedBy(procedure._def.type, saidOf(procedure).audited);

/** Whether the roles may call a procedure in their own rooms and exams, and administrators everywhere. That is the usual. */
export const isOfOwnRooms = (procedure: AnyTRPCProcedure): boolean => {
  const { roles = [], access } = saidOf(procedure);
  const { roomId, examId } = fieldsOf(procedure);
  return access === undefined && roles.length > 1 && (roomId ?? examId) !== undefined;
};

/** Returns the errors of a procedure, apart from those that every procedure can have. */
export const errorsOf = (procedure: AnyTRPCProcedure): readonly ErrorCode[] => saidOf(procedure).errors ?? [];

/** Whether the audit may be full for calls of a procedure: see `AuditQuota`. */
const isBounded = (procedure: AnyTRPCProcedure): boolean =>
  auditedOf(procedure) !== "none" && rolesOf(procedure)?.some((role) => role !== "admin") === true;

/** Returns the errors that a call can have whatever the procedure is. `PROVIDER_FAILED`: an identity service is out of reach. */
export const usualErrorsOf = (procedure: AnyTRPCProcedure): readonly ErrorCode[] => [
  "INVALID_INPUT",
  "UNAUTHENTICATED",
  ...(rolesOf(procedure) ? (["FORBIDDEN", "PROVIDER_FAILED"] as const) : []),
  "TOO_MANY_REQUESTS",
  "INTERNAL",
  ...(procedure._def.type === "mutation" ? (["STORAGE_FULL"] as const) : []),
  ...(isBounded(procedure) ? (["QUOTA_EXCEEDED"] as const) : []),
  "OVERLOADED",
];

/** Whether a procedure's answer may be long. */
export const hasLongAnswer = (procedure: AnyTRPCProcedure): boolean => saidOf(procedure).longAnswer ?? false;

/** Returns the limits that the calls of a procedure count towards. Calls that need no token are not counted. */
export const chargesOf = (procedure: AnyTRPCProcedure): readonly Rate[] => {
  const { roles, longAnswer, uncounted, charges = [] } = saidOf(procedure);
  if (!roles) return charges;
  const { type } = procedure._def;
  const { roomId, examId } = fieldsOf(procedure);
  const isCounted = (roomId ?? examId) && !uncounted && type !== "subscription";
  return [
    type === "mutation" ? "writes" : "reads",
    ...(longAnswer ? (["readRows", "readBytes"] as const) : []),
    ...(isCounted ? (["calls"] as const) : []),
    ...charges,
  ];
};

/** Returns about how many rows a call reads or changes, if its input does not say how many. Undefined: one. */
export const rowsOf = (procedure: AnyTRPCProcedure): number | undefined => {
  const { pageSize } = fieldsOf(procedure);
  // Safe: the size of a page is a number, also where the schema sets the default.
  return saidOf(procedure).rows ?? (pageSize?.parse(undefined) as number | undefined);
};

/** Returns the maximum size of a call's body, in KiB. The server reads calls that need no token before it knows the caller, so their default is small. */
export const bodyKibOf = (procedure: AnyTRPCProcedure): number => {
  const { roles, bodyKib = roles ? 64 : 4 } = saidOf(procedure);
  return bodyKib;
};

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
