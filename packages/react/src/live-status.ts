import type { CallError, LiveStatus } from "@invigil/client";
import { useMemo } from "react";
import { useProvided } from "./context.js";
import { type AnyLive, feedsOf, listenTo, type SharedFeed } from "./feeds.js";
import { type Store, useSelected } from "./selected.js";
import { whole } from "./use-live.js";

/** Whether a live object is up to date. */
export interface LiveConnection {
  readonly status: LiveStatus;
  readonly error: CallError | undefined;
  /** When the server sent something last, a ping included. It sends one at least every ten seconds. */
  readonly lastHeardAt: Date | undefined;
  /** How many whole seconds ago that was. */
  readonly silentSeconds: number | undefined;
}

/** How often {@link useLiveStatus} looks, in milliseconds. */
const LOOK_MS = 1000;
const UNHEARD: LiveConnection = {
  status: "connecting",
  error: undefined,
  lastHeardAt: undefined,
  silentSeconds: undefined,
};

const isShallowEqual = (one: LiveConnection, other: LiveConnection): boolean =>
  one.status === other.status &&
  one.error === other.error &&
  one.lastHeardAt === other.lastHeardAt &&
  one.silentSeconds === other.silentSeconds;

/** Selects from the connection of a live object. */
export interface UseLiveStatus {
  (of: LiveTarget): LiveConnection;
  <Selected>(of: LiveTarget, select: (connection: LiveConnection) => Selected): Selected;
}

/** A room, the rooms of an exam, or its people. */
export type LiveTarget =
  | { readonly roomId: string; readonly camera?: "main" | "pc" | undefined }
  | { readonly examId: string }
  | { readonly peopleOf: string };

/**
 * Whether a live object is up to date, and when the server last sent something. It updates every second. With a selector, the component renders again
 * only if the selected value changes: `useLiveStatus({ roomId }, ({ silentSeconds = 0 }) => silentSeconds > 5)`.
 */
export const useLiveStatus: UseLiveStatus = <Selected>(
  of: LiveTarget,
  // Safe: without a selector, the result is the connection.
  select: (connection: LiveConnection) => Selected = whole as () => Selected,
): Selected => {
  const { client } = useProvided();
  const [kind, id, camera] =
    "roomId" in of
      ? (["room", of.roomId, of.camera ?? "main"] as const)
      : (["examId" in of ? "exam" : "people", "examId" in of ? of.examId : of.peopleOf, "main"] as const);
  const store = useMemo<Store<LiveConnection>>(() => {
    const feeds = feedsOf(client);
    const feed: SharedFeed<AnyLive> = kind === "room" ? feeds.room(id, camera) : feeds[kind](id);
    let last = UNHEARD;
    const look = (): LiveConnection => {
      const live = feed.getLive();
      if (!live) return UNHEARD;
      const { status, error } = live.getSnapshot();
      const { lastHeardAt } = live;
      const silentSeconds =
        lastHeardAt && Math.max(0, Math.floor((Date.now() - lastHeardAt.getTime()) / 1000));
      const now = { status, error, lastHeardAt, silentSeconds };
      if (!isShallowEqual(last, now)) last = now;
      return last;
    };
    return {
      subscribe(listener) {
        const off = listenTo(feed, listener, (live) => live.subscribe(listener));
        const timer = setInterval(listener, LOOK_MS);
        return () => {
          clearInterval(timer);
          off();
        };
      },
      getSnapshot: look,
      getServerSnapshot: () => UNHEARD,
    };
  }, [client, kind, id, camera]);
  return useSelected(store, select);
};
