import type { Principal } from "../identity/tokens.js";
import type { Gate } from "../limits/gate.js";
import { InvigilError } from "../platform/errors.js";

/** What the log line of a request says about the calls in it. */
export interface Trace {
  readonly requestId: string;
  readonly procedures: string[];
  roomId?: string;
  /** Why calls were refused or failed, by the codes of the error table. */
  reasons?: string[];
}

export interface Context {
  /** Who is calling, or why that is not known. */
  readonly identity: Principal | InvigilError;
  /** Who that is by now: for what outlives the moment in which it was called. */
  readonly identify: () => Promise<Principal | InvigilError>;
  /** The connection that carries this call beside others; absent where a request is a connection of its own. */
  readonly connection?: object | undefined;
  /** Resolves when the client has taken most of what was sent to it; absent where the transport waits by itself. */
  readonly drained?: (() => Promise<void>) | undefined;
  /**
   * On a connection, which carries many calls and outlives the token it began with: makes one call, when it is its turn and the
   * client takes answers, in a context of its own. Absent where a request is a context.
   */
  readonly perCall?: (<Result>(call: (own: Context) => Promise<Result>) => Promise<Result>) | undefined;
  /** Where the client calls from; `in-process` where there is no network between. */
  readonly address: string;
  /** What every call passes; absent for the command on the server's own machine, which is not limited. */
  readonly gate?: Gate | undefined;
  readonly trace: Trace;
}

/** What a log line says of calls: which they are, who makes them (or whose token is refused), in which room, and why they failed. */
export const callFields = ({ identity, trace }: Pick<Context, "identity" | "trace">) => ({
  // The log leaves out what is undefined.
  procedure: [...new Set(trace.procedures)].join(",") || undefined,
  userId: identity instanceof InvigilError ? identity.subject : identity.userId,
  roomId: trace.roomId,
  reason: trace.reasons?.join(","),
});

/** Where a call comes from, for log lines of its own. */
export interface Origin {
  readonly reqId: string;
  /** As `Context.address`. */
  readonly address: string;
}
export const originOf = ({ trace, address }: Pick<Context, "trace" | "address">): Origin => ({
  reqId: trace.requestId,
  address,
});
