import type { AnyTRPCProcedure } from "@trpc/server";
import { InvigilError } from "../platform/errors.js";
import type { Context } from "../trpc/context.js";
import { rolesOf } from "../trpc/procedures.js";
import { MAX_BODY_BYTES } from "./bodies.js";

const KIB = 1024;
/** The default limit of a call's body, in bytes. */
const DEFAULT_LIMIT = 64 * KIB;
/**
 * For a name and a password, or a report of the stream service. These bodies are read before the caller is
 * authenticated.
 */
const SMALL_LIMIT = 4 * KIB;

const LIMITS: Readonly<Partial<Record<string, number>>> = {
  "auth.login": SMALL_LIMIT,
  "auth.refresh": SMALL_LIMIT,
  "auth.logout": SMALL_LIMIT,
  "auth.changePassword": SMALL_LIMIT,
  "stream.report": SMALL_LIMIT,
  // 64 KiB of data with every byte escaped, and 1,000 receivers.
  "im.send": 512 * KIB,
  "cheat.addRecords": MAX_BODY_BYTES,
  "cheat.setConfig": MAX_BODY_BYTES,
  "room.create": MAX_BODY_BYTES,
  "participant.add": MAX_BODY_BYTES,
  "participant.move": MAX_BODY_BYTES,
  "exam.create": MAX_BODY_BYTES,
  "exam.update": MAX_BODY_BYTES,
  "exam.plan": MAX_BODY_BYTES,
  // A file of 10 MiB in base64, within JSON.
  "participant.import": 15 * KIB * KIB,
};

/** A call of a request. */
export interface RequestedCall {
  readonly path: string;
  /** Undefined if there is no procedure with this name. */
  readonly procedure: AnyTRPCProcedure | undefined;
}

const mayCall = ({ identity }: Context, { procedure }: RequestedCall): boolean => {
  if (!procedure) return false;
  const roles = rolesOf(procedure);
  if (!roles) return true;
  return !(identity instanceof InvigilError) && roles.includes(identity.role);
};

/** The maximum size of a request's body, in bytes. 0 if the caller may make none of its calls. */
export const bodyLimitOf = (context: Context, calls: readonly RequestedCall[]): number => {
  let limit = 0;
  for (const call of calls) if (mayCall(context, call)) limit += LIMITS[call.path] ?? DEFAULT_LIMIT;
  return calls.length === 1 ? limit : Math.min(limit, MAX_BODY_BYTES);
};
