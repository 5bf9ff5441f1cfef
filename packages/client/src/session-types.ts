import type { InvigilClientOptions } from "./client.js";
import type { RouterOutputs } from "./router.js";

/** A login session, as `auth.login` and `auth.refresh` return it. */
export type Session = RouterOutputs["auth"]["login"];

/** A stored session. Its times may be texts, as `JSON.stringify` writes them. */
export type StoredSession = Omit<Session, "expiresAt" | "refreshableUntil"> & {
  readonly expiresAt: Date | string;
  readonly refreshableUntil: Date | string;
};

/**
 * Why a session ended. `refused`: the server refused the token or the password. `expired`: the token expired
 * before it was refreshed. `logged_out`: {@link InvigilSession.logout} was called.
 */
export type SessionEndReason = "refused" | "expired" | "logged_out";

const MEANINGS: Readonly<Record<SessionEndReason, string>> = {
  refused: "The session has ended: the server refused the login.",
  expired: "The session has ended: the token expired.",
  logged_out: "The session has ended: logged out.",
};

/** The error of an ended session. `cause` is the server's error if the server refused the login. */
export class SessionEnded extends Error {
  override readonly name = "SessionEnded";

  constructor(
    readonly reason: SessionEndReason,
    options?: ErrorOptions,
  ) {
    super(MEANINGS[reason], options);
  }
}

/** The options of {@link createSession}. */
export interface SessionOptions
  extends Pick<InvigilClientOptions, "url" | "fetch" | "headers" | "timeoutMs"> {
  /**
   * The user id of the account. With `password`, the session logs in again when it can no longer be
   * refreshed.
   */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A stored session that {@link SessionOptions.onChange} received earlier. The new session continues it. */
  readonly session?: StoredSession | undefined;
  /**
   * Called with every new session and refreshed token, and with `undefined` at the end. Store the session
   * here.
   */
  readonly onChange?: ((session: Session | undefined) => void) | undefined;
  /** Called once when the session has ended. */
  readonly onEnd?: ((ended: SessionEnded) => void) | undefined;
}

/** A login session that is kept valid. */
export interface InvigilSession extends Disposable {
  /** The current session. `undefined` before the first login and after the end. */
  readonly current: Session | undefined;
  /**
   * Returns a valid token. Pass this function to `createInvigilClient` as `token`. It logs in or refreshes
   * the token if necessary. Concurrent callers share the result. It rejects with {@link SessionEnded} after
   * the end, and with the error of the call if the server cannot be reached.
   */
  readonly token: () => Promise<string>;
  /**
   * Logs in if necessary. It rejects as `token` does. The `cause` of `SessionEnded` is the server's error.
   */
  ready(): Promise<Session>;
  /** Refreshes the token now, for example after the server refused it. It rejects as `token` does. */
  refresh(): Promise<Session>;
  /** Ends the session locally, then on the server. It rejects if the server cannot be reached. */
  logout(): Promise<void>;
  /** Stops the refreshes in the background. The session stays valid. */
  close(): void;
}
