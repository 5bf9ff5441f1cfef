import { keepSession, systemClock } from "./session-keeper.js";
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
 * Keeps a login: logs in, exchanges the token for a newer one before it expires, and says when the login has ended. Nothing is sent
 * until a token is asked for or {@link InvigilSession.ready} is called.
 *
 * @throws TypeError when neither a name with a password nor a session is given, or a stored session cannot be read
 * @example
 * ```ts
 * const session = createSession({ url, username, password, onEnd: () => showLogin() });
 * await session.ready(); // rejects when the password is wrong
 * const invigil = createInvigilClient({ url, token: session.token });
 * ```
 */
export const createSession = (options: SessionOptions): InvigilSession => keepSession(options, systemClock);
