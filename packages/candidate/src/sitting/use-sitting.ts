import type { InvigilClient, RoomSnapshot, Sitting } from "@invigil/client";
import { useLiveStatus, useRoom, useRoomEvent } from "@invigil/react";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Camera } from "../app/entry.js";
import { aheadMs } from "./clock.js";
import { type Problem, passes, problemOf } from "./problems.js";

/** What the page begins with, and how far the server's clock was ahead. */
export interface Opened {
  readonly sitting: Sitting;
  readonly ahead: number;
}
export interface Opening {
  readonly opened: Opened | undefined;
  /** Why it could not be opened, or could not be opened again. It is tried again if that may help. */
  readonly problem: Problem | undefined;
  readonly open: () => void;
}

const RETRY_MS = 4000;

/** Opens the exam, again after failures that pass. */
export const useOpening = (
  client: InvigilClient,
  { roomId, camera }: { readonly roomId: string; readonly camera: Camera },
  /** Called with the room in which the person sits now, and the token to go on with, if they were moved. */
  onMove: (to: { readonly roomId: string; readonly token: string | undefined }) => void,
): Opening => {
  const moved = useRef(onMove);
  moved.current = onMove;
  const [state, setState] = useState<{ readonly opened?: Opened; readonly problem?: Problem }>({});
  const calls = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const open = useCallback(async () => {
    clearTimeout(timer.current);
    const call = ++calls.current;
    try {
      const sitting = await client.attempt.open.mutate({ roomId, camera });
      if (call !== calls.current) return;
      setState({ opened: { sitting, ahead: aheadMs(sitting.now) } });
      const { id } = sitting.snapshot.room;
      if (id !== roomId) moved.current({ roomId: id, token: sitting.token });
    } catch (error) {
      if (call !== calls.current) return;
      const problem = problemOf(error);
      // What was opened before stays if it may still hold.
      setState(({ opened }) => (passes(problem) && opened ? { opened, problem } : { problem }));
      if (passes(problem)) timer.current = setTimeout(open, RETRY_MS);
    }
  }, [client, roomId, camera]);
  useEffect(() => {
    void open();
    return () => {
      calls.current += 1;
      clearTimeout(timer.current);
    };
  }, [open]);
  return { opened: state.opened, problem: state.problem, open: () => void open() };
};

/** Spreads what the pages of a room ask after a decision about all of them, in milliseconds. */
const SPREAD_MS = 2000;

/** The room as it is now, and the person in it. */
export interface LiveSitting {
  readonly room: RoomSnapshot;
  readonly me: RoomSnapshot["members"][number] | undefined;
  readonly hand: RoomSnapshot["hands"][number] | undefined;
  /** Whether events arrive. */
  readonly isLive: boolean;
  /** Why the page is not in the room any more. */
  readonly closed: Problem | undefined;
}

/** Follows the room from the state that `attempt.open` answered. */
export const useLiveSitting = (
  { sitting }: Opened,
  { roomId, camera, open }: { readonly roomId: string; readonly camera: Camera; readonly open: () => void },
): LiveSitting => {
  const { snapshot, self } = sitting;
  const options = { camera, snapshot };
  const live = useRoom(roomId, (found) => found, options);
  const { status } = useLiveStatus({ roomId, camera }, ({ status, error }) => ({ status, error }));
  const room = live.state ?? snapshot;
  // The reason of a decision is not in its event. The state is, so that this can wait a little.
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const openSoon = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(open, Math.random() * SPREAD_MS);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useRoomEvent(roomId, "attempt_changed", (event) => event.userId === self.userId && openSoon(), options);
  // They were moved, or removed.
  useRoomEvent(roomId, "participant_removed", (event) => event.userId === self.userId && open(), options);
  useRoomEvent(roomId, "exam_changed", openSoon, options);
  useRoomEvent(roomId, "room_reopened", openSoon, options);
  const closed = live.status === "closed" && live.error ? problemOf(live.error) : undefined;
  useEffect(() => {
    if (closed) open();
  }, [closed, open]);
  return {
    room,
    me: room.members.find(({ userId }) => userId === self.userId),
    hand: room.hands.find(({ userId }) => userId === self.userId),
    isLive: status === "live",
    closed,
  };
};
