import type { InvigilClient, LiveSnapshot, RoomSnapshot } from "@invigil/client";
import { useInvigilClient, useLiveRoom, usePresence, useRoom, useRoomEvent } from "@invigil/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import {
  concerns,
  cutEntry,
  type Entry,
  eventEntries,
  handEntries,
  mergeTimeline,
  messageEntry,
  type Part,
  pageEntry,
  recordEntry,
  staffEntries,
  streamEntry,
  talkEntry,
  visitEntries,
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

/** The lists of a room, or of one person in it. */
const listsOf = (
  { cheat, exam, hand, im, stream, room }: InvigilClient,
  {
    examId,
    roomId,
    userId,
    signal,
  }: { examId: string; roomId: string; userId: string | undefined; signal: AbortSignal },
): readonly ReadPart[] => {
  const how = { signal };
  const input = (cursor: number | undefined) => ({ roomId, pageSize: PAGE, cursor });
  const userIds = userId === undefined ? undefined : [userId];
  return [
    async (cursor) => {
      let page = await cheat.listRecords.query({ ...input(cursor), userIds }, how);
      // A page of one person's records may be empty although more follow.
      while (page.records.length === 0 && page.nextCursor !== undefined)
        page = await cheat.listRecords.query({ ...input(page.nextCursor), userIds }, how);
      return partOf(page.records, page.nextCursor, {
        entriesOf: (record) => [recordEntry(record)],
        timeOf: ({ createdAt }) => createdAt,
      });
    },
    async (cursor) => {
      const { messages, nextCursor } = await im.history.query({ ...input(cursor), userId }, how);
      return partOf(messages, nextCursor, {
        entriesOf: (message) => {
          const entry = messageEntry(message);
          return entry ? [entry] : [];
        },
        timeOf: ({ time }) => time,
      });
    },
    async (cursor) => {
      const { events, nextCursor } = await stream.listEvents.query({ ...input(cursor), userId }, how);
      return partOf(events, nextCursor, {
        entriesOf: (event) => [streamEntry(event)],
        timeOf: ({ createdAt }) => createdAt,
      });
    },
    async (cursor) => {
      const { talks, nextCursor } = await stream.listTalks.query({ ...input(cursor), userId }, how);
      return partOf(talks, nextCursor, {
        entriesOf: (talk) => [talkEntry(talk)],
        timeOf: ({ startedAt }) => startedAt,
      });
    },
    // A person has few. Of a whole room, the state has those that are open, and events tell of the others.
    async () => {
      if (userId === undefined) return { entries: [], next: undefined };
      const { hands } = await hand.list.query({ roomId, userId, pageSize: PAGE }, how);
      return { entries: hands.flatMap(handEntries), next: undefined };
    },
    async (cursor) => {
      const { events, nextCursor, completeSince } = await room.listEvents.query(
        { ...input(cursor), userId },
        how,
      );
      const entries = events.flatMap(eventEntries);
      if (nextCursor !== undefined) return { entries, since: completeSince?.getTime(), next: nextCursor };
      // Of a person, visits are kept longer than the event log.
      const cut = completeSince && cutEntry(completeSince, userId === undefined ? "presence" : "room");
      return { entries: cut ? [...entries, cut] : entries, next: undefined };
    },
    async (cursor) => {
      // What was decided and noted about a person stays with them when they are moved.
      const of = userId === undefined ? { roomId } : { userId };
      const page = await exam.entries.query({ examId, ...of, pageSize: PAGE, cursor }, how);
      return partOf(page.entries, page.nextCursor, {
        entriesOf: (entry) => staffEntries([entry]),
        timeOf: ({ time }) => time,
      });
    },
    ...(userId === undefined
      ? []
      : [
          async (cursor: number | undefined) => {
            const { visits, nextCursor } = await room.visits.query({ ...input(cursor), userId }, how);
            return partOf(visits, nextCursor, {
              entriesOf: (visit) => visitEntries(userId, visit),
              timeOf: ({ leftAt }) => leftAt,
            });
          },
        ]),
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
  "hand_changed",
  "entries_added",
  "talk_changed",
  "talk_heard",
  "participant_added",
  "participant_removed",
  "participant_updated",
  "room_ended",
  "room_reopened",
  "audio_status_changed",
] as const;

/** The same function at each render, so that equal hands stay the same list. */
const handsOf = ({ state }: LiveSnapshot<RoomSnapshot>) => state?.hands;

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

const NO_ENTRIES: readonly Entry[] = [];

/**
 * Everything that happened in a room, or to one person in it, in one column: records, messages, streams, decisions, notes, earlier events and a person's visits
 * as the server lists them, and events as they come.
 *
 * @param userId - the person whose page it is: only their lists are read
 * @param past - what else is known of the past, such as since when a person was gone
 */
export const useTimeline = (
  examId: string,
  roomId: string,
  { userId, past = NO_ENTRIES }: { readonly userId?: string; readonly past?: readonly Entry[] },
): Timeline => {
  const client = useInvigilClient();
  const isLive = useRoom(roomId, ({ status, state }) => state !== undefined && status !== "connecting");
  const presence = usePresence(roomId);
  const hands = useRoom(roomId, handsOf);
  const [events, setEvents] = useState<{ readonly roomId: string; readonly list: readonly Entry[] }>({
    roomId,
    list: [],
  });

  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } =
    useInfiniteQuery({
      queryKey: ["timeline", examId, roomId, userId],
      queryFn: ({ pageParam, signal }) =>
        readPage(listsOf(client, { examId, roomId, userId, signal }), pageParam),
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
      const found = eventEntries(event).filter((entry) => userId === undefined || concerns(entry, userId));
      if (found.length === 0) return;
      setEvents((before) => ({
        roomId,
        list: [...(before.roomId === roomId ? before.list : []), ...found].slice(-MOST_EVENTS),
      }));
    },
    [roomId, userId],
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
            ...presence
              .filter((page) => page.role === "examinee" && (userId ?? page.userId) === page.userId)
              .map(pageEntry),
            ...(hands ?? []).filter((hand) => (userId ?? hand.userId) === hand.userId).flatMap(handEntries),
            ...past,
          ])
        : [],
    [data, events, roomId, userId, presence, hands, past],
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
