import type { AnyTRPCProcedure } from "@trpc/server";
import { InvigilError } from "../platform/errors.js";
import type { Context } from "../trpc/context.js";
import { bodyKibOf, rolesOf } from "../trpc/procedures.js";
import { MAX_BODY_BYTES } from "./bodies.js";

const mayCall = ({ identity }: Context, procedure: AnyTRPCProcedure): boolean => {
  const roles = rolesOf(procedure);
  if (!roles) return true;
  return !(identity instanceof InvigilError) && roles.includes(identity.role);
};

/**
 * The maximum size of a request's body, in bytes. 0 if the caller may make none of its calls.
 * @param called the procedures of the request. Undefined: there is no procedure of that name
 */
export const bodyLimitOf = (context: Context, called: readonly (AnyTRPCProcedure | undefined)[]): number => {
  let limit = 0;
  for (const procedure of called)
    if (procedure && mayCall(context, procedure)) limit += bodyKibOf(procedure) * 1024;
  return called.length === 1 ? limit : Math.min(limit, MAX_BODY_BYTES);
};
