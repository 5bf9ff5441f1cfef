import type { LiveRoom, LiveRoomListeners, LiveRoomOptions, LiveSnapshot, Presence, RoomSnapshot } from "@invigil/client";
/** Selects from the live state of a room. */
export interface UseRoom {
    (roomId: string): LiveSnapshot<RoomSnapshot>;
    <Selected>(roomId: string, select: (snapshot: LiveSnapshot<RoomSnapshot>) => Selected, options?: LiveRoomOptions): Selected;
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
export declare const useRoom: UseRoom;
/** Selects from the connected pages of a room. */
export interface UsePresence {
    (roomId: string): readonly Presence[];
    <Selected>(roomId: string, select: (presence: readonly Presence[]) => Selected): Selected;
}
/** The connected pages of a room, or what a selector takes from them. */
export declare const usePresence: UsePresence;
/**
 * The live room itself, which sends messages and commands: `room?.send(…)`. Undefined until the component is shown. It is the one that all
 * hooks share, so do not close it.
 */
export declare const useLiveRoom: (roomId: string, options?: LiveRoomOptions) => LiveRoom | undefined;
/**
 * Calls a listener for an event or a signal of a room: `useRoomEvent(roomId, "message", ({ message }) => …)`.
 */
export declare const useRoomEvent: <Type extends keyof LiveRoomListeners>(roomId: string, type: Type, listener: LiveRoomListeners[Type], options?: LiveRoomOptions) => void;
//# sourceMappingURL=room.d.ts.map