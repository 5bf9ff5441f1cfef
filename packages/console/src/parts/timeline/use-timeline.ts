import type { InvigilClient } from "@invigil/client";
import { useInvigilClient, useLiveRoom, usePresence, useRoom, useRoomEvent } from "@invigil/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import {
  type Entry,
  eventEntries,
  mergeTimeline,
  messageEntry,
  type Part,
  pageEntry,
  recordEntry,
  streamEntry,
} from "../../live/timeline.js";

const PAGE = 100;
/** How many events are kept besides the lists. What is older is in the lists when they are read anew. */
const MOST_EVENTS = 2000;

/** Where each list goes on. `undefined`: from its beginning, `"end"`: not at all. */
type Cursors = { readonly [List in "records" | "messages" | "streams"]: number | "end" | undefined };
type Page = { readonly parts: readonly Part[]; readonly next: Cursors | undefined };

const FIRST: Cursors = { records: undefined, messages: undefined, streams: undefined };
const NOTHING_MORE: { readonly rows: readonly never[]; readonly nextCursor: undefined } = {
  rows: [],
  nextCursor: undefined,
};

/** Reads the next page of each list of a room. */
const readPage = async (
  { cheat, im, stream }: InvigilClient,
  roomId: string,
  cursors: Cursors,
  signal: AbortSignal,
): Promise<Page> => {
  const how = { signal };
  const input = (cursor: number | undefined) => ({ roomId, pageSize: PAGE, cursor });
  const [records, messages, streams] = await Promise.all([
    cursors.records === "end"
      ? NOTHING_MORE
      : cheat.listRecords
          .query(input(cursors.records), how)
          .then(({ records: rows, nextCursor }) => ({ rows, nextCursor })),
    cursors.messages === "end"
      ? NOTHING_MORE
      : im.history
          .query(input(cursors.messages), how)
          .then(({ messages: rows, nextCursor }) => ({ rows, nextCursor })),
    cursors.streams === "end"
      ? NOTHING_MORE
      : stream.listEvents
          .query(input(cursors.streams), how)
          .then(({ events: rows, nextCursor }) => ({ rows, nextCursor })),
  ]);
  const part = (entries: readonly Entry[], nextCursor: number | undefined): Part => ({
    entries,
    hasOlder: nextCursor !== undefined,
  });
  const next = {
    records: records.nextCursor ?? "end",
    messages: messages.nextCursor ?? "end",
    streams: streams.nextCursor ?? "end",
  } as const;
  return {
    parts: [
      part(records.rows.map(recordEntry), records.nextCursor),
      part(
        messages.rows.flatMap((message) => messageEntry(message) ?? []),
        messages.nextCursor,
      ),
      part(streams.rows.map(streamEntry), streams.nextCursor),
    ],
    next: Object.values(next).every((cursor) => cursor === "end") ? undefined : next,
  };
};

/** Joins the pages of each list. */
const joinPages = (pages: readonly Page[]): readonly Part[] =>
  [0, 1, 2].map((list) => ({
    entries: pages.flatMap(({ parts }) => parts[list]?.entries ?? []),
    hasOlder: pages.at(-1)?.parts[list]?.hasOlder ?? false,
  }));

/** The events that become entries. */
const EVENTS = [
  "participant_entered",
  "participant_left",
  "devices_changed",
  "publish_status_changed",
  "cheat_records_added",
  "message",
  "participant_added",
  "participant_removed",
  "participant_updated",
  "room_ended",
  "room_reopened",
  "audio_status_changed",
] as const;

export interface Timeline {
  /** What happened, the newest first. */
  readonly entries: readonly Entry[];
  readonly isLoading: boolean;
  readonly error: unknown;
  readonly hasOlder: boolean;
  /** How many pages of the lists are loaded. */
  readonly pages: number;
  readonly isLoadingOlder: boolean;
  readonly loadOlder: () => void;
  readonly reload: () => void;
}

/**
 * Everything that happened in a room, in one column: its records, messages and streams as the server lists them, and events as they come.
 *
 * @param past - what else is known of the past, such as since when somebody was gone
 */
export const useTimeline = (roomId: string, past: readonly Entry[] = []): Timeline => {
  const client = useInvigilClient();
  const isLive = useRoom(roomId, ({ status, state }) => state !== undefined && status !== "connecting");
  const presence = usePresence(roomId);
  const [events, setEvents] = useState<{ readonly roomId: string; readonly list: readonly Entry[] }>({
    roomId,
    list: [],
  });

  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } =
    useInfiniteQuery({
      queryKey: ["timeline", roomId],
      queryFn: ({ pageParam, signal }) => readPage(client, roomId, pageParam, signal),
      initialPageParam: FIRST,
      getNextPageParam: ({ next }) => next,
      // Events tell what is newer, from the moment on at which the room is live.
      enabled: isLive,
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 0,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
    });

  const add = useCallback(
    (event: Parameters<typeof eventEntries>[0]) => {
      const found = eventEntries(event);
      if (found.length === 0) return;
      setEvents((before) => ({
        roomId,
        list: [...(before.roomId === roomId ? before.list : []), ...found].slice(-MOST_EVENTS),
      }));
    },
    [roomId],
  );
  const room = useLiveRoom(roomId);
  useEffect(() => {
    const offs = EVENTS.map((type) => room?.on(type, add));
    return () => {
      for (const off of offs) off?.();
    };
  }, [room, add]);
  // Events were missed: the lists have them.
  useRoomEvent(roomId, "gap", () => void refetch());

  const entries = useMemo(
    () =>
      data
        ? mergeTimeline(joinPages(data.pages), [
            ...(events.roomId === roomId ? events.list : []),
            ...presence.filter(({ role }) => role === "examinee").map(pageEntry),
            ...past,
          ])
        : [],
    [data, events, roomId, presence, past],
  );
  return {
    entries,
    isLoading: isPending,
    error,
    hasOlder: hasNextPage,
    pages: data?.pages.length ?? 0,
    isLoadingOlder: isFetchingNextPage,
    loadOlder: useCallback(() => void fetchNextPage(), [fetchNextPage]),
    reload: useCallback(() => void refetch(), [refetch]),
  };
};
