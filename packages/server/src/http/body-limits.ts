import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import { InvigilError } from "../platform/errors.js";
import { findProcedure } from "../trpc/call.js";
import type { Context } from "../trpc/context.js";
import { auditedOf, bodyKibOf, rolesOf } from "../trpc/procedures.js";
import { MAX_BODY_BYTES } from "./bodies.js";

const mayCall = ({ identity }: Context, procedure: AnyTRPCProcedure): boolean => {
  const roles = rolesOf(procedure);
  if (!roles) return true;
  return !(identity instanceof InvigilError) && roles.includes(identity.role);
};

/**
 * Says which procedures a request names, before its body is read. Returns the maximum size of the body, in bytes: 0 if the caller may make
 * none of the calls.
 * @param names there may be no procedure of a name
 */
export const bodyLimitOf = (context: Context, router: AnyTRPCRouter, names: readonly string[]): number => {
  let limit = 0;
  context.requested = names.filter((name) => {
    const procedure = findProcedure(router, name);
    if (procedure && mayCall(context, procedure)) limit += bodyKibOf(procedure) * 1024;
    return procedure && auditedOf(procedure) !== "none";
  });
  return names.length === 1 ? limit : Math.min(limit, MAX_BODY_BYTES);
};
