import type {
  LiveRoom,
  LiveRoomListeners,
  LiveRoomOptions,
  LiveSnapshot,
  Presence,
  RoomSnapshot,
} from "@invigil/client";
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { useProvided } from "./context.js";
import { feedsOf, type SharedFeed } from "./feeds.js";
import { nothing, useLatest, useListener, useLive, whole } from "./use-live.js";

const useRoomFeed = (
  roomId: string,
  { camera = "main", snapshot }: LiveRoomOptions = {},
): SharedFeed<LiveRoom> => {
  const { client } = useProvided();
  const first = useLatest(snapshot);
  return useMemo(
    () => feedsOf(client).room(roomId, camera, () => first.current),
    [client, roomId, camera, first],
  );
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

const NO_PAGES: readonly Presence[] = [];

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
    useCallback(({ state }: LiveSnapshot<RoomSnapshot>) => select(state?.presence ?? NO_PAGES), [select]),
  );

/**
 * The `LiveRoom`, which sends messages and commands: `room?.send(…)`. Undefined until the component is mounted. All hooks share it, so do not
 * close it.
 */
export const useLiveRoom = (roomId: string, options?: LiveRoomOptions): LiveRoom | undefined => {
  const { hold, getLive } = useRoomFeed(roomId, options);
  return useSyncExternalStore(hold, getLive, nothing);
};

/**
 * Calls a listener for an event or a signal of a room: `useRoomEvent(roomId, "message", ({ message }) => …)`.
 */
export const useRoomEvent = <Type extends keyof LiveRoomListeners>(
  roomId: string,
  type: Type,
  listener: LiveRoomListeners[Type],
  options?: LiveRoomOptions,
): void => useListener<LiveRoomListeners, Type>(useLiveRoom(roomId, options), type, listener);
