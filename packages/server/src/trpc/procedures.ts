import { setImmediate as nextTurn } from "node:timers/promises";
import { type ErrorCode, type Role, roomRef } from "@invigil/schema";
import type { AnyTRPCProcedure } from "@trpc/server";
import { z } from "zod";
import { MAX_PEOPLE, type Target } from "../domain/audit.js";
import type { ActingCaller, Audited } from "../domain/calls.js";
import type { ConfirmedRights, IdsFor, IdsOf, Opened, Rights } from "../domain/opened.js";
import { type Ids, NEEDED, type Subject } from "../domain/subjects.js";
import { type Principal, tokenEnded } from "../identity/tokens.js";
import type { GatedCall } from "../limits/gate.js";
import type { Rate } from "../limits/rates.js";
import { InvigilError, invalidInput } from "../platform/errors.js";
import { continueWith, type MaybePromise } from "../platform/maybe-promise.js";
import { rowsIn } from "../platform/rows.js";
import { type Context, originOf, recordToken } from "./context.js";
import { failureOfCall, toTRPCError } from "./failures.js";
import { type rootConfig, trpc } from "./root.js";

/** Records why a call failed, for the log and the metrics. */
const recordFailure = (
  { trace, meters }: Pick<Context, "trace" | "meters">,
  path: string,
  error: unknown,
): void => {
  const failure = failureOfCall(error);
  trace.reasons ??= [];
  if (!trace.reasons.includes(failure.code)) trace.reasons.push(failure.code);
  meters?.refused(failure, path);
};

/** Makes a call in a context of its own, and records its path for the log. */
const callInOwnContext = <Result>(
  ctx: Context,
  path: string,
  call: (own: Context) => Promise<Result>,
): Promise<Result> => {
  const recorded = (own: Context): Promise<Result> => {
    own.trace.procedures.push(path);
    return own.meters ? own.meters.time(path, () => call(own)) : call(own);
  };
  return ctx.perCall ? ctx.perCall(recorded) : recorded(ctx);
};

const idSchema = roomRef.shape.roomId;
/** The schema does not change ids like this, so they are not parsed. Most ids are like this. */
const PLAIN_ID = /^[\w.-]{1,128}$/;
/** Returns an id of an input as the schema reads it. Undefined if it is none. */
const idOf = (value: unknown): string | undefined =>
  typeof value === "string" && PLAIN_ID.test(value) ? value : idSchema.safeParse(value).data;
/** Returns what an input names, before it is parsed. */
const namedIn = (input: unknown): Ids => {
  if (typeof input !== "object" || input === null) return NOTHING;
  const roomId = "roomId" in input ? idOf(input.roomId) : undefined;
  const examId = "examId" in input ? idOf(input.examId) : undefined;
  return { roomId, examId };
};

const NOTHING: Ids = {};
/** The number of rows after which the event loop goes to others between checking and writing an answer. */
const MANY_ROWS = 100;
/** Returns the people whom an input names. None if they are too many to have a row each in the audit. */
const peopleIn = (input: unknown): string[] => {
  if (typeof input !== "object" || input === null) return [];
  const named: unknown[] = "userId" in input ? [input.userId] : [];
  const several: readonly unknown[] = "userIds" in input && Array.isArray(input.userIds) ? input.userIds : [];
  named.push(...several);
  if (named.length > MAX_PEOPLE) return [];
  return named.flatMap((userId) => idOf(userId) ?? []);
};
/** Tells the audit whom and what a call is about: the people of its input, and the token that it issued. */
const targetOf = (named: Ids, input: unknown, answer: unknown): Target => {
  const issued =
    typeof answer === "object" && answer !== null && "tokenId" in answer ? answer.tokenId : undefined;
  return {
    roomId: named.roomId,
    examId: named.examId,
    people: peopleIn(input),
    subject: typeof issued === "string" ? issued : undefined,
  };
};

/** Whether an input has the ids of a subject. */
const hasIds = (subject: Subject, named: Ids): boolean => {
  for (const id of NEEDED[subject]) if (named[id] === undefined) return false;
  return true;
};
/** Returns the first subject whose ids an input has. */
const subjectIn = (about: readonly Subject[], named: Ids): Subject | undefined => {
  for (const subject of about) if (hasIds(subject, named)) return subject;
  return undefined;
};

/**
 * Checks that the caller's token is still good, and reads what decides about their access to a subject. Calls of a token that is not good
 * count for the address, and not for the person whose token it was.
 * @param admitted the call, if it was counted for the person
 */
const confirmed = (
  own: Context,
  caller: Principal,
  {
    about,
    named,
    admitted,
  }: {
    readonly about?: Subject | undefined;
    readonly named?: Ids;
    readonly admitted?: Pick<GatedCall, "writes">;
  },
): MaybePromise<ConfirmedRights | undefined> =>
  own.confirm &&
  continueWith(own.confirm(caller, about, named), (rights) => {
    if (typeof rights !== "string") return rights;
    own.identity = tokenEnded(caller, rights);
    if (admitted) own.gate?.withdraw(caller, admitted);
    own.gate?.admitAnonymous(own.address);
    throw own.identity;
  });

/**
 * Opens what a procedure is about, by the ids of its parsed input. The handler passes it to its service. With several subjects, it is the
 * first one whose ids the input has.
 */
type Open<About extends Subject> = (
  ...ids: IsUnion<About> extends true ? [ids: Ids] : IdsFor<About>
) => MaybePromise<Opened<About>>;
type IsUnion<One, All = One> = One extends All ? ([All] extends [One] ? false : true) : never;

/**
 * Makes a kind of procedures, for callers whose token has one of the roles. Others receive 401 or 403 before the input is read. What a
 * procedure is about is read together with the caller's token, before the input is parsed. The handler opens it afterwards. All of it is in one
 * middleware, because tRPC copies the options of a call twice for each middleware.
 */
const kindOf =
  (...allowed: readonly [Role, ...Role[]]) =>
  <const About extends Subject>(...about: readonly [About, ...About[]]) =>
    trpc.procedure.meta({ roles: allowed, about }).use(({ ctx, path, type, meta, next, getRawInput }) =>
      callInOwnContext(ctx, path, async (own) => {
        const writes = type === "mutation";
        const audited = auditedBy(type, meta?.audited);
        let caller: ActingCaller | undefined;
        let named = NOTHING;
        let rights: ConfirmedRights | undefined;
        // Object.assign copies in a fifth of the time that spreading takes, and every call does it.
        const acting = (principal: Principal): ActingCaller =>
          Object.assign(
            { origin: originOf(own, path), audited, isUrgent: meta?.allowedWhenDiskFull },
            principal,
          );
        /** @param known what was read when the call began */
        const handlerContext = (known: Rights | undefined, caller: ActingCaller) => ({
          caller,
          // Safe: the subject is one of those that the procedure names, and has its ids.
          open: ((ids: Ids = NOTHING) => {
            const subject = subjectIn(about, ids);
            if (!subject) throw invalidInput("roomId", "or examId is required");
            const from = known ?? own.rights;
            if (!from) throw new Error(`The context of ${path} opens nothing.`);
            // A subscription opens it again and again.
            const opens = (type === "subscription" ? from.look : from.open) as Rights["open"];
            return opens(caller, subject, ids as IdsOf<Subject>);
          }) as unknown as Open<About>,
        });
        try {
          const { identity } = own;
          if (identity instanceof InvigilError) {
            own.gate?.admitAnonymous(own.address);
            throw identity;
          }
          if (!allowed.includes(identity.role)) {
            await confirmed(own, identity, {});
            caller = acting(identity);
            throw new InvigilError("FORBIDDEN", `The role ${identity.role} may not call ${path}.`);
          }
          const admitted = {
            writes,
            allowedWhenDiskFull: meta?.allowedWhenDiskFull,
            longAnswer: meta?.longAnswer,
          };
          own.gate?.admit(identity, admitted);
          try {
            named = namedIn(await getRawInput());
          } catch (error) {
            await confirmed(own, identity, { admitted });
            caller = acting(identity);
            throw error;
          }
          if (named.roomId !== undefined) own.trace.roomId = named.roomId.slice(0, 64);
          rights = await confirmed(own, identity, { about: subjectIn(about, named), named, admitted });
          const author = acting(identity);
          caller = author;
          if (audited === "change" || (audited === "access" && author.role !== "examinee"))
            await own.accessLog?.admit(author);
          // The events of a subscription come one by one.
          const longAnswers = type !== "subscription" && meta?.longAnswer ? own.gate : undefined;
          let rows = 0;
          const result = longAnswers
            ? await longAnswers.inTurn({ caller: author, writes }, async (hasWaited) => {
                // The answers from before the wait may be outdated.
                const answer = await next({ ctx: handlerContext(hasWaited ? undefined : rights, author) });
                // The next call in turn sees what this one cost.
                if (answer.ok) {
                  rows = rowsIn(answer.data);
                  longAnswers.chargeRows(author, rows);
                }
                return answer;
              })
            : await next({ ctx: handlerContext(rights, author) });
          if (!result.ok) throw result.error;
          // The answer was checked in this turn of the event loop. It is written in another one.
          if (rows > MANY_ROWS) await nextTurn();
          // Examinees read only data about themselves. A subscription adds its own entry.
          if (audited === "access" && author.role !== "examinee" && type !== "subscription")
            own.accessLog?.note(author, targetOf(named, await getRawInput(), result.data));
          return result;
        } catch (error) {
          recordFailure(own, path, error);
          recordToken(own, path, error);
          if (caller && audited !== "none") {
            // The caller may have named any id.
            const examId = named.examId === rights?.foundExam ? named.examId : undefined;
            own.accessLog?.noteRefusal(caller, { roomId: named.roomId, examId }, failureOfCall(error));
          }
          throw toTRPCError(error);
        }
      }),
    );

/** The meta of a procedure. */
type Meta = (typeof rootConfig)["$types"]["meta"];
const metaOf = ({ _def: { meta } }: AnyTRPCProcedure): Meta =>
  // Safe: if the meta is not ours, it has none of these.
  (meta as Meta | undefined) ?? {};

/** Returns the roles that may call a procedure. Undefined if the procedure needs no token. */
export const rolesOf = (procedure: AnyTRPCProcedure): readonly Role[] | undefined => metaOf(procedure).roles;

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

/** Returns what a procedure does, in one sentence. Undefined if it has no sentence. */
export const sentenceOf = (procedure: AnyTRPCProcedure): string | undefined => metaOf(procedure).sentence;

/** The usual access to the subjects that teachers reach without being in a room. */
const ACCESS: Partial<Record<Subject, string>> = {
  unbound: "Not with a token that is bound to a room or an exam.",
  wholeExam: "Teachers: the exams that they created.",
  roomToRun: "Teachers: their own rooms, and all rooms of an exam that they created.",
};
/** Returns what the roles may call a procedure for. Undefined if it is the usual. */
export const accessOf = (procedure: AnyTRPCProcedure): string | undefined => {
  const { access, about = [] } = metaOf(procedure);
  const [subject] = about;
  return access ?? (subject && about.length === 1 ? ACCESS[subject] : undefined);
};

const auditedBy = (type: AnyTRPCProcedure["_def"]["type"], said: Audited | undefined): Audited =>
  said ?? (type === "mutation" ? "change" : "none");
/** Returns what the audit keeps of a procedure. */
export const auditedOf = (procedure: AnyTRPCProcedure): Audited =>
  auditedBy(procedure._def.type, metaOf(procedure).audited);

/** Whether the audit keeps reads or subscriptions of a procedure. */
export const isAuditedRead = (procedure: AnyTRPCProcedure): boolean =>
  procedure._def.type !== "mutation" && auditedOf(procedure) === "access";

const aboutOf = (procedure: AnyTRPCProcedure): readonly Subject[] => metaOf(procedure).about ?? [];

/** The subjects that callers reach by being in a room. Their calls count for the room or exam, as those about whole exams do. */
const OF_OWN_ROOMS: readonly Subject[] = ["room", "exam", "examInProgress"];
const COUNTED: readonly Subject[] = [
  ...OF_OWN_ROOMS,
  "roomToRun",
  "ownSeat",
  "allRooms",
  "roomsToRun",
  "wholeExam",
  "messageLogin",
];

/** Whether the roles may call a procedure in their own rooms and exams, and administrators everywhere. That is the usual. */
export const isOfOwnRooms = (procedure: AnyTRPCProcedure): boolean => {
  const { roles = [], access } = metaOf(procedure);
  const about = aboutOf(procedure);
  return access === undefined && roles.length > 1 && about.every((subject) => OF_OWN_ROOMS.includes(subject));
};

/** Returns the errors of a procedure, apart from those that every procedure can have. */
export const errorsOf = (procedure: AnyTRPCProcedure): readonly ErrorCode[] => metaOf(procedure).errors ?? [];

/** Whether the audit may be full for calls of a procedure: see `AuditQuota`. */
const isBounded = (procedure: AnyTRPCProcedure): boolean =>
  auditedOf(procedure) !== "none" && rolesOf(procedure)?.some((role) => role !== "admin") === true;

/** Returns the errors that calls of all procedures can have. `PROVIDER_FAILED`: an identity service is out of reach. */
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
export const hasLongAnswer = (procedure: AnyTRPCProcedure): boolean => metaOf(procedure).longAnswer ?? false;

/** Returns the limits that the calls of a procedure count towards. Calls that need no token are not counted. */
export const chargesOf = (procedure: AnyTRPCProcedure): readonly Rate[] => {
  const { roles, longAnswer, charges = [] } = metaOf(procedure);
  if (!roles) return charges;
  const { type } = procedure._def;
  const isCounted =
    type !== "subscription" && aboutOf(procedure).some((subject) => COUNTED.includes(subject));
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
  return metaOf(procedure).rows ?? (pageSize?.parse(undefined) as number | undefined);
};

/** Returns the maximum size of a call's body, in KiB. The server reads calls that need no token before it knows the caller, so their default is small. */
export const bodyKibOf = (procedure: AnyTRPCProcedure): number => {
  const { roles, bodyKib = roles ? 64 : 4 } = metaOf(procedure);
  return bodyKib;
};

// Each kind says which roles may call its procedures, and each procedure what it is about: `staff("room")`. Administrators may call all but those of `examinees`.

/** Needs no token. */
export const publicProcedure = trpc.procedure.use(({ ctx, path, type, meta, next }) =>
  callInOwnContext(ctx, path, async (own) => {
    try {
      own.gate?.admit(undefined, {
        writes: type === "mutation",
        allowedWhenDiskFull: meta?.allowedWhenDiskFull,
      });
      const result = await next();
      if (!result.ok) throw result.error;
      return result;
    } catch (error) {
      recordFailure(own, path, error);
      throw toTRPCError(error);
    }
  }),
);
/** For what examinees do for themselves. */
export const examinees = kindOf("examinee");
export const anyone = kindOf("admin", "teacher", "inspector", "examinee");
/** For reports of detections: from the devices of examinees, and from the people who run rooms. */
export const allButInspectors = kindOf("admin", "teacher", "examinee");
/** For the people who watch rooms. */
export const staff = kindOf("admin", "teacher", "inspector");
/** For the people who run rooms. */
export const teachers = kindOf("admin", "teacher");
/** For the people who watch whole exams. */
export const inspectors = kindOf("admin", "inspector");
export const admins = kindOf("admin");
