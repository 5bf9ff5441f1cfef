import type { AccessLog } from "../domain/access-log.js";
import type { EntryPoint, Origin } from "../domain/calls.js";
import type { Access, ReopenAny, Rights } from "../domain/opened.js";
import { type Principal, TokenError } from "../identity/tokens.js";
import type { Gate } from "../limits/gate.js";
import { InvigilError } from "../platform/errors.js";
import type { Meters } from "../platform/meters.js";

/** The fields of a request's log line about its calls. */
export interface Trace {
  readonly requestId: string;
  readonly procedures: string[];
  roomId?: string;
  /** The error codes of calls that were refused or failed. */
  reasons?: string[];
}

export interface Context {
  /** The caller according to the token's signature, or the reason why there is none. Each call checks whether the token was revoked. */
  identity: Principal | InvigilError;
  /** Verifies the caller's token again. Returns the error if it is no longer good. */
  readonly identify: () => Promise<Principal | InvigilError>;
  /** For subscriptions, which outlive the call. */
  readonly reopen: ReopenAny;
  /** Checks the caller's token together with their rights. Absent if the caller has no token. */
  readonly confirm?: Access["confirm"] | undefined;
  /** Opens what the caller may use. Absent if no procedure is called. */
  readonly rights?: Rights | undefined;
  /** The connection that the call shares with others. Absent if the request has its own connection. */
  readonly connection?: object | undefined;
  /**
   * Resolves when the client has received most of what was sent; undefined if it already has. Absent if the transport applies
   * backpressure itself.
   */
  readonly drained?: (() => Promise<void> | undefined) | undefined;
  /** Whether the connection sends the events of subscriptions itself (see `EventChannel`). */
  readonly sendsEvents?: boolean | undefined;
  /**
   * Makes one call in a context of its own, when it is the call's turn and the client accepts answers. Connections need this, because
   * they carry many calls and can outlive a token. Absent if each request has its own context.
   */
  readonly perCall?: (<Result>(call: (own: Context) => Promise<Result>) => Promise<Result>) | undefined;
  /** The address of the client, or `in-process`. */
  readonly address: string;
  /** Whether the caller is a program or a page on the server's own machine. Only used while the server runs a demo. */
  readonly isLocal?: boolean | undefined;
  /** Returns the base URL at which the caller reached this server, if it is known and the public URL is not set. */
  readonly reachedAt?: (() => string | undefined) | undefined;
  readonly entryPoint: EntryPoint;
  /** See `Origin`. */
  readonly operator?: string | undefined;
  /** Limits calls. Absent for the command-line tool on the server's machine, which has no limits. */
  readonly gate?: Gate | undefined;
  /** Records who read what and who was refused. Absent in tests of the transports. */
  readonly accessLog?: AccessLog | undefined;
  /** Counts and times calls. Absent if the metrics are off. */
  readonly meters?: Meters | undefined;
  readonly trace: Trace;
  /** The procedures that the request names and the audit keeps. A request whose body cannot be read calls none of them. */
  requested?: readonly string[] | undefined;
}

/** The fields of log lines about calls. For a refused token, `token` is why, and `userId` is the user it names if its signature is good. */
export const callFields = ({ identity, trace }: Pick<Context, "identity" | "trace">) => ({
  // The log omits undefined fields.
  procedure: [...new Set(trace.procedures)].join(",") || undefined,
  userId: identity instanceof InvigilError ? identity.subject : identity.userId,
  roomId: trace.roomId,
  reason: trace.reasons?.join(","),
  token: identity instanceof TokenError ? identity.refusal : undefined,
});

/** Charges the caller for the size of an answer, in bytes. */
export const chargeAnswer = ({ identity, gate }: Pick<Context, "identity" | "gate">, bytes: number): void => {
  if (!(identity instanceof InvigilError)) gate?.chargeBytes(identity, bytes);
};

export const originOf = (
  { trace, address, entryPoint, operator }: Pick<Context, "trace" | "address" | "entryPoint" | "operator">,
  procedure: string,
): Origin => ({ reqId: trace.requestId, address, entryPoint, procedure, operator });

/** Records in the audit that a token is no longer good, if that is the error of a call. */
export const recordToken = (
  context: Pick<Context, "accessLog" | "trace" | "address" | "entryPoint">,
  procedure: string,
  error: unknown,
): void => {
  if (error instanceof TokenError && error.caller)
    context.accessLog?.noteEnded(error.caller, error.refusal, originOf(context, procedure));
};
