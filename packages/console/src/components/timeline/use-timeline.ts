import type { InvigilClient } from "@invigil/client";
import { useInvigilClient, useLiveRoom, usePresence, useRoom, useRoomEvent } from "@invigil/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import {
  cutEntry,
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
/** How many events are kept besides the lists. Older ones are in the lists when these are read again. */
const MOST_EVENTS = 2000;

/** Reads a part of a list, from its beginning or from where the part before ended. */
type ReadPart = (cursor: number | undefined) => Promise<Part & { readonly next: number | undefined }>;
/** Where each list goes on. `"end"`: not at all. */
type Cursors = readonly (number | "end" | undefined)[];
type Page = { readonly parts: readonly Part[]; readonly next: Cursors };
const NOWHERE: Cursors = [];

/** Makes a part of the rows of a list, which are read in the order in which they were written. */
const partOf = <Row>(
  rows: readonly Row[],
  next: number | undefined,
  { entriesOf, timeOf }: { entriesOf: (row: Row) => readonly Entry[]; timeOf: (row: Row) => Date },
) => ({
  entries: rows.flatMap(entriesOf),
  since: next === undefined ? undefined : rows.map(timeOf).at(-1)?.getTime(),
  next,
});

/** The lists of a room. */
const listsOf = (
  { cheat, im, stream, room }: InvigilClient,
  { roomId, userId, signal }: { roomId: string; userId: string | undefined; signal: AbortSignal },
): readonly ReadPart[] => {
  const how = { signal };
  const input = (cursor: number | undefined) => ({ roomId, pageSize: PAGE, cursor });
  return [
    async (cursor) => {
      const { records, nextCursor } = await cheat.listRecords.query(input(cursor), how);
      return partOf(records, nextCursor, {
        entriesOf: (record) => [recordEntry(record)],
        timeOf: ({ createdAt }) => createdAt,
      });
    },
    async (cursor) => {
      const { messages, nextCursor } = await im.history.query(input(cursor), how);
      return partOf(messages, nextCursor, {
        entriesOf: (message) => {
          const entry = messageEntry(message);
          return entry ? [entry] : [];
        },
        timeOf: ({ time }) => time,
      });
    },
    async (cursor) => {
      const { events, nextCursor } = await stream.listEvents.query(input(cursor), how);
      return partOf(events, nextCursor, {
        entriesOf: (event) => [streamEntry(event)],
        timeOf: ({ createdAt }) => createdAt,
      });
    },
    async (cursor) => {
      const { events, nextCursor, completeSince } = await room.listEvents.query(
        { ...input(cursor), userId },
        how,
      );
      const entries = events.flatMap(eventEntries);
      return nextCursor === undefined
        ? { entries: completeSince ? [...entries, cutEntry(completeSince)] : entries, next: undefined }
        : { entries, since: completeSince?.getTime(), next: nextCursor };
    },
  ];
};

/** Reads the next part of each list. */
const readPage = async (lists: readonly ReadPart[], cursors: Cursors): Promise<Page> => {
  const parts = await Promise.all(
    lists.map(async (read, list) => {
      const cursor = cursors[list];
      return cursor === "end" ? { entries: [], next: undefined } : read(cursor);
    }),
  );
  return { parts, next: parts.map(({ next }) => next ?? "end") };
};

/** Joins the pages of each list. */
const joinPages = (pages: readonly Page[]): readonly Part[] =>
  (pages.at(-1)?.parts ?? []).map(({ since }, list) => ({
    entries: pages.flatMap(({ parts }) => parts[list]?.entries ?? []),
    since,
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
  /** The entries, newest first. */
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
 * Everything that happened in a room, in one column: its records, messages, streams and earlier events as the server lists them, and events
 * as they come.
 *
 * @param past - what else is known of the past, such as since when a person was gone
 * @param userId - whose page it is: earlier events of others are not read
 */
export const useTimeline = (roomId: string, past: readonly Entry[], userId?: string): Timeline => {
  const client = useInvigilClient();
  const isLive = useRoom(roomId, ({ status, state }) => state !== undefined && status !== "connecting");
  const presence = usePresence(roomId);
  const [events, setEvents] = useState<{ readonly roomId: string; readonly list: readonly Entry[] }>({
    roomId,
    list: [],
  });

  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } =
    useInfiniteQuery({
      queryKey: ["timeline", roomId, userId],
      queryFn: ({ pageParam, signal }) => readPage(listsOf(client, { roomId, userId, signal }), pageParam),
      // Of each list from its beginning.
      initialPageParam: NOWHERE,
      getNextPageParam: ({ next }) => (next.every((cursor) => cursor === "end") ? undefined : next),
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
