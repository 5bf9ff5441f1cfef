export { type InvigilQueries, useInvigil, useInvigilClient } from "./context.js";
export { type Detector, type DetectorOptions, useDetector } from "./detector.js";
export {
  type FallbackProps,
  type Fallbacks,
  InvigilErrorBoundary,
  type InvigilErrorBoundaryProps,
} from "./error-boundary.js";
export type { ErrorKind } from "./error-handling.js";
export { type UseExam, useExam, useExamEvent, useLiveExam } from "./exam.js";
export { type LiveConnection, type LiveTarget, type UseLiveStatus, useLiveStatus } from "./live-status.js";
export {
  type UsePeople,
  type UsePerson,
  useLivePeople,
  usePeople,
  usePeopleEvent,
  usePerson,
} from "./people.js";
export { InvigilProvider, type InvigilProviderProps } from "./provider.js";
export {
  type UsePresence,
  type UseRoom,
  useLiveRoom,
  usePresence,
  useRoom,
  useRoomEvent,
} from "./room.js";
export {
  createSessionStore,
  type SessionSnapshot,
  type SessionStorage,
  type SessionStore,
  type SessionStoreOptions,
  type SessionUser,
} from "./session-store.js";
export { type UseSessionResult, useSession } from "./use-session.js";
