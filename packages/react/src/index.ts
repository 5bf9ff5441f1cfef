export { type InvigilQueries, useInvigil, useInvigilClient } from "./context.js";
export {
  type FallbackProps,
  type Fallbacks,
  InvigilErrorBoundary,
  type InvigilErrorBoundaryProps,
} from "./error-boundary.js";
export type { ErrorKind } from "./error-handling.js";
export {
  type UseExam,
  type UsePresence,
  type UseRoom,
  useExam,
  useExamEvent,
  useLiveExam,
  useLiveRoom,
  usePresence,
  useRoom,
  useRoomEvent,
} from "./live.js";
export { InvigilProvider, type InvigilProviderProps } from "./provider.js";
export {
  createSessionStore,
  type SessionSnapshot,
  type SessionStorage,
  type SessionStore,
  type SessionStoreOptions,
  type SessionUser,
} from "./session-store.js";
export { type UseSessionResult, useSession } from "./use-session.js";
