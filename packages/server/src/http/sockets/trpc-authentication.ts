import type { Services } from "../../api/services.js";
import { failureOf } from "../../domain/failures.js";
import type { Principal } from "../../identity/tokens.js";
import { InvigilError } from "../../platform/errors.js";
import type { Connection } from "./connection.js";
import type { ReadPause } from "./read-pause.js";

/** Limits before a valid token: the size of the message with the token, the size of each later frame, and the number of messages. */
const MAX_PARAMS_BYTES = 16 * 1024;
const MAX_UNKNOWN_FRAME_BYTES = 64 * 1024;
const MAX_UNKNOWN_MESSAGES = 256;
/** WebSocket close codes. */
export const POLICY_VIOLATION = 1008;
const TOO_LARGE = 1009;
const TRY_AGAIN_LATER = 1013;

/** What is known of the client of a connection. */
type State =
  /** The next frame contains the token. */
  | { readonly is: "paramsPending" }
  /** The token is verified. Frames wait. Reading is paused, so there are few. */
  | { readonly is: "authenticating"; readonly frames: (readonly [data: Buffer, isBinary: boolean])[] }
  /** The client has no valid token. They may make few calls, such as a login. */
  | { readonly is: "anonymous"; messages: number }
  | { readonly is: "authenticated"; readonly release: () => void }
  /** The client has too many connections. The calls in the next frame fail, and the connection closes. */
  | { readonly is: "refused"; readonly failed: InvigilError }
  | { readonly is: "closed" };

/** Whether the first message contains the token. tRPC's client says so in the URL. */
const sendsParams = ({ request: { url = "" } }: Connection): boolean =>
  new URLSearchParams(url.split("?").slice(1).join("?")).get("connectionParams") === "1";

/** Passes the frames of a client on, as far as it is known who they are. */
export const createAuthentication = ({
  connection,
  deliver,
  refuse,
  readPause,
  subscriptions,
  firstMessageMs,
}: {
  readonly connection: Connection;
  /** Passes a frame on. Returns the number of calls in it. */
  readonly deliver: (data: Buffer, isBinary: boolean) => number;
  /** Answers the calls in a frame with an error. */
  readonly refuse: (data: Buffer, isBinary: boolean, failed: InvigilError) => void;
  readonly readPause: Pick<ReadPause, "isPaused">;
  readonly subscriptions: Pick<Services["subscriptions"], "acquireConnection">;
  /** The time limit for a valid token. */
  readonly firstMessageMs: number;
}) => {
  const { socket, address, log } = connection;
  let state: State = sendsParams(connection) ? { is: "paramsPending" } : { is: "authenticating", frames: [] };
  const refuseAnonymous = (): void => connection.close(POLICY_VIOLATION, "No valid token was received.");
  const end = (failed: InvigilError): void => connection.close(TRY_AGAIN_LATER, failed.message);
  const timeout = setTimeout(() => {
    if (state.is === "refused") end(state.failed);
    else refuseAnonymous();
  }, firstMessageMs);

  /** Closes the connection if a frame exceeds the limits before a valid token. */
  const isWithinBounds = (data: Buffer, maxBytes: number, messages: number): boolean => {
    if (data.length > maxBytes)
      connection.close(TOO_LARGE, "The frame is too large for a connection without a valid token.");
    else if (messages > MAX_UNKNOWN_MESSAGES) refuseAnonymous();
    else return true;
    return false;
  };

  const receive = (data: Buffer, isBinary: boolean): void => {
    if (socket.readyState !== socket.OPEN) return;
    switch (state.is) {
      case "authenticated":
        deliver(data, isBinary);
        break;
      case "anonymous":
        if (isWithinBounds(data, MAX_UNKNOWN_FRAME_BYTES, state.messages))
          state.messages += Math.max(1, deliver(data, isBinary));
        break;
      case "paramsPending":
        if (isWithinBounds(data, MAX_PARAMS_BYTES, 0)) deliver(data, isBinary);
        break;
      case "authenticating":
        state.frames.push([data, isBinary]);
        socket.pause();
        break;
      case "refused":
        refuse(data, isBinary, state.failed);
        end(state.failed);
        break;
      case "closed":
        break;
    }
  };

  const stateFor = (identity: Principal | InvigilError): State => {
    const anonymous = { is: "anonymous", messages: 0 } as const;
    if (identity instanceof InvigilError || socket.readyState !== socket.OPEN) return anonymous;
    try {
      const release = subscriptions.acquireConnection(identity);
      clearTimeout(timeout);
      return { is: "authenticated", release };
    } catch (error) {
      const failed = failureOf(error);
      log.info({ userId: identity.userId, address, reason: failed.code }, "connection refused");
      return { is: "refused", failed };
    }
  };

  return {
    receive,
    /** Whether a frame that was passed on is the one with the token. From then on, frames wait until the token is verified. */
    takeParams(): boolean {
      if (state.is !== "paramsPending") return false;
      state = { is: "authenticating", frames: [] };
      return true;
    },
    /** Ends the wait with the result of the verification. */
    finish(identity: Principal | InvigilError): void {
      // Later, when tRPC also has the context.
      setImmediate(() => {
        if (state.is !== "authenticating") return;
        const { frames } = state;
        state = stateFor(identity);
        for (const [data, isBinary] of frames) receive(data, isBinary);
        if (!readPause.isPaused()) socket.resume();
      });
    },
    isPending: (): boolean => state.is === "authenticating",
    close(): void {
      clearTimeout(timeout);
      if (state.is === "authenticated") state.release();
      state = { is: "closed" };
    },
  };
};
