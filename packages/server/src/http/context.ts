import type { FastifyRequest } from "fastify";
import type { Services } from "../api/services.js";
import type { EntryPoint } from "../domain/calls.js";
import { failureOf } from "../domain/failures.js";
import { InvigilError } from "../platform/errors.js";
import { type Context, originOf, recordToken } from "../trpc/context.js";
import { isOfThisMachine, type ReachedAt } from "./open-server.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The context of the request's calls, for its log line. */
    callContext?: Context;
    /** Why it was refused before it made a call, for the metrics. */
    refusal?: InvigilError;
  }
}

/**
 * `token` is used if the request has no authorization header, which the EventSource of browsers cannot set.
 */
export type CreateContext = (
  request: FastifyRequest,
  entryPoint: EntryPoint,
  token?: string,
) => Promise<Context>;

/** Creates the context of a request's calls, with the caller or the error of their authentication. */
export const createContextFactory =
  ({
    auth,
    gate,
    accessLog,
    isDemo,
    meters,
    reachedAt,
  }: Pick<Services, "auth" | "gate" | "accessLog" | "isDemo" | "meters"> & {
    readonly reachedAt: ReachedAt;
  }): CreateContext =>
  async (request, entryPoint, token) => {
    const authorization = request.headers.authorization ?? token;
    const context: Context = {
      identity: await auth.verify(authorization),
      ...auth.callsWith(authorization),
      address: request.ip,
      isLocal: isDemo && isOfThisMachine(request),
      reachedAt: () => reachedAt(request),
      entryPoint,
      gate,
      accessLog,
      meters,
      trace: { requestId: request.id, procedures: [] },
    };
    request.callContext = context;
    return context;
  };

/**
 * Returns the error with which a failed request is answered. A request can fail before a call has asked whether its token was revoked, for
 * example because its body cannot be read. Then a revoked token is the error.
 */
export const answeredFailure = async (
  request: FastifyRequest,
  failed: InvigilError,
): Promise<InvigilError> => {
  const answered = await failureToAnswer(request, failed);
  if (!request.callContext || request.callContext.trace.procedures.length === 0) request.refusal = answered;
  return answered;
};
const failureToAnswer = async (
  { callContext: context }: FastifyRequest,
  failed: InvigilError,
): Promise<InvigilError> => {
  if (!context || context.identity instanceof InvigilError) return failed;
  if (context.trace.procedures.length > 0 || failed.status >= 500 || failed.code === "UNAUTHENTICATED")
    return failed;
  const identity = await context.identify();
  if (!(identity instanceof InvigilError)) {
    for (const procedure of context.requested ?? []) {
      const author = { ...identity, origin: originOf(context, procedure), audited: "change" } as const;
      context.accessLog?.noteRefusal(author, {}, failed);
    }
    return failed;
  }
  if (identity.code !== "UNAUTHENTICATED") return failed;
  const [procedure] = context.requested ?? [];
  if (procedure !== undefined) recordToken(context, procedure, identity);
  context.identity = identity;
  try {
    context.gate?.admitAnonymous(context.address);
    return identity;
  } catch (error) {
    return failureOf(error);
  }
};
