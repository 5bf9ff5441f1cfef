import type {
  ExamSnapshot,
  LiveExam,
  LiveExamListeners,
  LiveRoom,
  LiveRoomListeners,
  LiveRoomOptions,
  LiveSnapshot,
  Presence,
  RoomSnapshot,
} from "@invigil/client";
import { useCallback, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { useProvided } from "./context.js";
import { ErrorHandlingContext } from "./error-handling.js";
import { feedsOf, listenTo, type SharedFeed } from "./feeds.js";
import { type Store, useSelected } from "./selected.js";

/** Before a live object is open, and on a server, which opens none. */
const CONNECTING = { status: "connecting", state: undefined, error: undefined } as const;

const whole = <Value>(value: Value): Value => value;
const nothing = () => undefined;

/** What live objects of all kinds have in common. */
interface LiveFeed<State> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => LiveSnapshot<State>;
}

/** The snapshot of a live object, as a store that opens it with the first subscription. */
const useFeedStore = <State, Live extends LiveFeed<State>>(
  feed: SharedFeed<Live>,
): Store<LiveSnapshot<State>> =>
  useMemo(
    () => ({
      subscribe: (listener) => listenTo(feed, listener, (live) => live.subscribe(listener)),
      getSnapshot: () => feed.getLive()?.getSnapshot() ?? CONNECTING,
      getServerSnapshot: () => CONNECTING,
    }),
    [feed],
  );

/** Selects from a live object. What the server refuses is thrown if an error boundary above is for it. */
const useLive = <State, Live extends LiveFeed<State>, Selected>(
  feed: SharedFeed<Live>,
  select: (snapshot: LiveSnapshot<State>) => Selected,
): Selected => {
  const handles = useContext(ErrorHandlingContext);
  const selectOrThrow = useCallback(
    (snapshot: LiveSnapshot<State>) => {
      if (snapshot.status === "closed" && snapshot.error && handles(snapshot.error))
        return { thrown: snapshot.error };
      return { selected: select(snapshot) };
    },
    [handles, select],
  );
  const result = useSelected(useFeedStore<State, Live>(feed), selectOrThrow);
  if ("thrown" in result) throw result.thrown;
  return result.selected;
};

const useRoomFeed = (roomId: string, { camera = "main" }: LiveRoomOptions = {}): SharedFeed<LiveRoom> => {
  const { client } = useProvided();
  return useMemo(() => feedsOf(client).room(roomId, camera), [client, roomId, camera]);
};

const useExamFeed = (examId: string): SharedFeed<LiveExam> => {
  const { client } = useProvided();
  return useMemo(() => feedsOf(client).exam(examId), [client, examId]);
};

/** Selects from the live state of a room. */
export interface UseRoom {
  (roomId: string): LiveSnapshot<RoomSnapshot>;
  <Selected>(
    roomId: string,
    select: (snapshot: LiveSnapshot<RoomSnapshot>) => Selected,
    options?: LiveRoomOptions,
  ): Selected;
}

/**
 * The live state of a room, or what a selector takes from it: the component renders again only if that changes. All components of a page
 * share one subscription. It ends a moment after the last of them is gone.
 *
 * @example
 * ```tsx
 * const { status, state, error } = useRoom(roomId);
 * const name = useRoom(roomId, ({ state }) => state?.members.find((member) => member.userId === userId)?.name);
 * ```
 */
export const useRoom: UseRoom = <Selected>(
  roomId: string,
  // Safe: without a selector, the result is the snapshot.
  select: (snapshot: LiveSnapshot<RoomSnapshot>) => Selected = whole as () => Selected,
  options?: LiveRoomOptions,
): Selected => useLive<RoomSnapshot, LiveRoom, Selected>(useRoomFeed(roomId, options), select);

/** Selects from the live state of an exam. */
export interface UseExam {
  (examId: string): LiveSnapshot<ExamSnapshot>;
  <Selected>(examId: string, select: (snapshot: LiveSnapshot<ExamSnapshot>) => Selected): Selected;
}

/** The live rooms of an exam, or what a selector takes from them. For administrators and inspectors. */
export const useExam: UseExam = <Selected>(
  examId: string,
  // Safe: without a selector, the result is the snapshot.
  select: (snapshot: LiveSnapshot<ExamSnapshot>) => Selected = whole as () => Selected,
): Selected => useLive<ExamSnapshot, LiveExam, Selected>(useExamFeed(examId), select);

const NOBODY: readonly Presence[] = [];

/** Selects from the connected pages of a room. */
export interface UsePresence {
  (roomId: string): readonly Presence[];
  <Selected>(roomId: string, select: (presence: readonly Presence[]) => Selected): Selected;
}

/** The connected pages of a room, or what a selector takes from them. */
export const usePresence: UsePresence = <Selected>(
  roomId: string,
  // Safe: without a selector, the result is the presence.
  select: (presence: readonly Presence[]) => Selected = whole as () => Selected,
): Selected =>
  useRoom(
    roomId,
    useCallback(({ state }: LiveSnapshot<RoomSnapshot>) => select(state?.presence ?? NOBODY), [select]),
  );

/**
 * The live room itself, which sends messages and commands: `room?.send(…)`. Undefined until the component is shown. It is the one that all
 * hooks share, so do not close it.
 */
export const useLiveRoom = (roomId: string, options?: LiveRoomOptions): LiveRoom | undefined => {
  const { hold, getLive } = useRoomFeed(roomId, options);
  return useSyncExternalStore(hold, getLive, nothing);
};

/** The live exam itself. Undefined until the component is shown. It is the one that all hooks share, so do not close it. */
export const useLiveExam = (examId: string): LiveExam | undefined => {
  const { hold, getLive } = useExamFeed(examId);
  return useSyncExternalStore(hold, getLive, nothing);
};

/** The listener of the last render, so that a new one does not subscribe anew. */
const useLatest = <Value>(value: Value): { readonly current: Value } => {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
};

/**
 * Calls a listener for an event or a signal of a room: `useRoomEvent(roomId, "message", ({ message }) => …)`.
 */
export const useRoomEvent = <Type extends keyof LiveRoomListeners>(
  roomId: string,
  type: Type,
  listener: LiveRoomListeners[Type],
  options?: LiveRoomOptions,
): void => {
  const room = useLiveRoom(roomId, options);
  const latest = useLatest(listener);
  useEffect(() => {
    // Safe: it takes and passes on the arguments of its event.
    const forward = (...args: never[]) => (latest.current as (...args: never[]) => void)(...args);
    return room?.on(type, forward as LiveRoomListeners[Type]);
  }, [room, type, latest]);
};

/** Calls a listener for an event of an exam. */
export const useExamEvent = <Type extends keyof LiveExamListeners>(
  examId: string,
  type: Type,
  listener: LiveExamListeners[Type],
): void => {
  const exam = useLiveExam(examId);
  const latest = useLatest(listener);
  useEffect(() => {
    // Safe: it takes and passes on the arguments of its event.
    const forward = (...args: never[]) => (latest.current as (...args: never[]) => void)(...args);
    return exam?.on(type, forward as LiveExamListeners[Type]);
  }, [exam, type, latest]);
};
