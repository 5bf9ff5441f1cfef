import { useMemo, useSyncExternalStore } from "react";
import { useProvided } from "./context.js";
import type { SessionSnapshot, SessionStore } from "./session-store.js";

/** Who is signed in, and what they can do about it. */
export type UseSessionResult = SessionSnapshot &
  Pick<SessionStore, "login" | "join" | "accept" | "refresh" | "logout">;

/**
 * Who is signed in: the session of `<InvigilProvider session={…}>`.
 *
 * @example
 * ```tsx
 * const { status, user, login, logout } = useSession();
 * ```
 */
export const useSession = (): UseSessionResult => {
  const { session } = useProvided();
  if (!session) throw new Error("useSession needs <InvigilProvider session={…}>.");
  const snapshot = useSyncExternalStore(session.subscribe, session.getSnapshot, session.getServerSnapshot);
  return useMemo(() => {
    const { login, join, accept, refresh, logout } = session;
    return { ...snapshot, login, join, accept, refresh, logout };
  }, [session, snapshot]);
};
