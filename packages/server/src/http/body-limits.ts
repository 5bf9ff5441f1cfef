import type { AnyTRPCProcedure } from "@trpc/server";
import { InvigilError } from "../platform/errors.js";
import type { Context } from "../trpc/context.js";
import { rolesOf } from "../trpc/procedures.js";
import { MAX_BODY_BYTES } from "./bodies.js";

const KIB = 1024;
/** What a call's body holds at most, unless it stands below. */
const USUAL = 64 * KIB;
/** A name and a password, or what a stream service reports: nobody is asked for a token before these are read. */
const SMALL = 4 * KIB;

const LIMITS: Readonly<Partial<Record<string, number>>> = {
  "auth.login": SMALL,
  "auth.refresh": SMALL,
  "auth.logout": SMALL,
  "auth.changePassword": SMALL,
  "stream.report": SMALL,
  // 64 KiB, each byte of them escaped, for a thousand people.
  "im.send": 512 * KIB,
  "cheat.addRecords": MAX_BODY_BYTES,
  "cheat.setConfig": MAX_BODY_BYTES,
  "room.create": MAX_BODY_BYTES,
  "participant.add": MAX_BODY_BYTES,
  "participant.move": MAX_BODY_BYTES,
  "exam.create": MAX_BODY_BYTES,
  "exam.update": MAX_BODY_BYTES,
  "exam.plan": MAX_BODY_BYTES,
  // A file of 10 MiB in base64, in JSON.
  "participant.import": 15 * KIB * KIB,
};

/** A call that a request is for. */
export interface Called {
  readonly path: string;
  /** `undefined`: there is none of that name. */
  readonly procedure: AnyTRPCProcedure | undefined;
}

const mayCall = ({ identity }: Context, { procedure }: Called): boolean => {
  if (!procedure) return false;
  const roles = rolesOf(procedure);
  if (!roles) return true;
  return !(identity instanceof InvigilError) && roles.includes(identity.role);
};

/** How much of a request's body is read, in bytes: 0 where the caller may make none of its calls. */
export const bodyLimitOf = (context: Context, calls: readonly Called[]): number => {
  let limit = 0;
  for (const call of calls) if (mayCall(context, call)) limit += LIMITS[call.path] ?? USUAL;
  return calls.length === 1 ? limit : Math.min(limit, MAX_BODY_BYTES);
};
