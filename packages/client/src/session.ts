import { manageSession, systemClock } from "./session-manager.js";
import type { InvigilSession, SessionOptions } from "./session-types.js";

export type {
  InvigilSession,
  Session,
  SessionEndReason,
  SessionOptions,
  StoredSession,
} from "./session-types.js";
export { SessionEnded } from "./session-types.js";

/**
 * Keeps a login session valid: logs in, refreshes the token before it expires, and reports the end of the
 * session. It sends nothing until a token is requested or {@link InvigilSession.ready} is called.
 *
 * @throws TypeError if neither a username with a password nor a session is given, or if the stored session is
 * invalid
 * @example
 * ```ts
 * const session = createSession({ url, username, password, onEnd: () => showLogin() });
 * await session.ready(); // rejects if the password is wrong
 * const invigil = createInvigilClient({ url, token: session.token });
 * ```
 */
export const createSession = (options: SessionOptions): InvigilSession => manageSession(options, systemClock);
