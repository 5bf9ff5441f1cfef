import type { InvigilClientOptions } from "./client.js";
import type { RouterOutputs } from "./router.js";

/** A login, as `auth.login` and `auth.refresh` answer it. */
export type Session = RouterOutputs["auth"]["login"];

/** A login that was kept; its times may be texts, as `JSON.stringify` writes them. */
export type StoredSession = Omit<Session, "expiresAt" | "refreshableUntil"> & {
  readonly expiresAt: Date | string;
  readonly refreshableUntil: Date | string;
};

/**
 * Why a login has ended: `refused`, the server does not take the token or the password; `expired`, its time was up before it could be
 * exchanged; `logged_out`, {@link InvigilSession.logout} was called.
 */
export type SessionEndReason = "refused" | "expired" | "logged_out";

const MEANINGS: Readonly<Record<SessionEndReason, string>> = {
  refused: "The login has ended: the server refused it.",
  expired: "The login has ended: it expired.",
  logged_out: "The login has ended: logged out.",
};

/** The login has ended. `cause` is the server's error where it refused. */
export class SessionEnded extends Error {
  override readonly name = "SessionEnded";

  constructor(
    readonly reason: SessionEndReason,
    options?: ErrorOptions,
  ) {
    super(MEANINGS[reason], options);
  }
}

/** The settings of {@link createSession}. */
export interface SessionOptions
  extends Pick<InvigilClientOptions, "url" | "fetch" | "headers" | "timeoutMs"> {
  /** The account's name. With a `password`, the session logs in again when its login can no longer be exchanged. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A login from before, as {@link SessionOptions.onChange} was given it: the session goes on with it. */
  readonly session?: StoredSession | undefined;
  /** Told of each new login and each newer token, and with `undefined` of the end: the place to keep it for the next start. */
  readonly onChange?: ((session: Session | undefined) => void) | undefined;
  /** Told once when the login has ended. */
  readonly onEnd?: ((ended: SessionEnded) => void) | undefined;
}

/** A login that is kept. */
export interface InvigilSession extends Disposable {
  /** The login as it is now; `undefined` before the first one and after the end. */
  readonly current: Session | undefined;
  /**
   * A token that is valid now: pass it to `createInvigilClient` as `token`. It logs in or exchanges the token first where it must, once for
   * all who ask meanwhile. It rejects with {@link SessionEnded} after the end, and with the call's error when the server cannot be reached.
   */
  readonly token: () => Promise<string>;
  /** Logs in where that is still to be done. It rejects as `token` does; the cause of `SessionEnded` says what the server refused. */
  ready(): Promise<Session>;
  /** Exchanges the token now, for example after the server refused it. It rejects as `token` does. */
  refresh(): Promise<Session>;
  /** Ends the login here at once, then at the server. It rejects when the server cannot be reached. */
  logout(): Promise<void>;
  /** Stops exchanging tokens in the background. The login stays. */
  close(): void;
}
