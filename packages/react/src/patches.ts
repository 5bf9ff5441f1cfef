import type {
  ExamEvent,
  FactEventType,
  Participant,
  PeopleEvent,
  Presence,
  Room,
  RoomEvent,
  RoomSnapshot,
} from "@invigil/client";
import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";
import type { InvigilQueries } from "./context.js";
import type { FeedWatcher } from "./feeds.js";

// Queries show what live objects know. What an event says absolutely is written into the data of queries. Of the rest, the event says that it
// changed, so that queries that are in use ask again.

/** How often the same queries are asked again at most, in milliseconds. */
const REFETCH_MS = 1000;

type EventType = (RoomEvent | ExamEvent | PeopleEvent)["type"];
type Part =
  | "participants"
  | "people"
  | "entries"
  | "exams"
  | "rooms"
  | "records"
  | "messages"
  | "streams"
  | "config"
  | "hands";

/** What an event changes that it does not carry, or only a part of. Absent: it says a fact about a person, or a newer server has declared it. */
const CHANGED: { readonly [Type in EventType]?: readonly Part[] } = {
  room_created: ["rooms"],
  room_changed: ["rooms"],
  room_deleted: ["rooms", "people"],
  room_ended: ["rooms", "participants", "hands"],
  room_reopened: ["rooms", "participants"],
  audio_status_changed: ["rooms"],
  participant_added: ["participants", "people"],
  participant_updated: ["people"],
  participant_removed: ["participants", "people", "hands"],
  participant_entered: [],
  participant_left: [],
  devices_changed: [],
  publish_status_changed: ["streams"],
  talk_changed: [],
  talk_heard: [],
  entries_added: ["entries"],
  exam_changed: ["exams"],
  hand_changed: ["hands"],
  roster_changed: ["participants", "people", "rooms"],
  cheat_config_changed: ["config"],
  cheat_records_added: ["records"],
  message: ["messages"],
  detections_counted: ["records"],
  gap: [
    "participants",
    "people",
    "entries",
    "exams",
    "rooms",
    "records",
    "messages",
    "streams",
    "config",
    "hands",
  ],
} satisfies { readonly [Type in Exclude<EventType, FactEventType>]: readonly Part[] };

/** The input of a query of a procedure. */
const inputOf = ({ queryKey }: { readonly queryKey: QueryKey }): Partial<Record<string, unknown>> => {
  // Safe: the third part of a key of tRPC's binding is an object, if there is one, and so is the input of every query of Invigil.
  const { input } = (queryKey[2] ?? {}) as { readonly input?: Partial<Record<string, unknown>> };
  return input ?? {};
};

interface Place {
  readonly roomId: string | undefined;
  readonly examId: string | undefined;
}

/** Whether an input names this room and exam, or leaves them open. */
const isAbout =
  (place: Place) =>
  (query: { readonly queryKey: QueryKey }): boolean => {
    const { roomId, examId } = inputOf(query);
    return (
      (roomId ?? place.roomId) === (place.roomId ?? roomId) &&
      (examId ?? place.examId) === (place.examId ?? examId)
    );
  };

/** Asks queries again, the same ones at most once in a while. */
const createRefetcher = (queryClient: QueryClient) => {
  const waiting = new Map<string, { timer: ReturnType<typeof setTimeout>; again: boolean }>();
  const refetch = (name: string, queryKey: QueryKey, predicate: (query: Query) => boolean): void => {
    const running = waiting.get(name);
    if (running) {
      running.again = true;
      return;
    }
    const entry = {
      again: false,
      timer: setTimeout(() => {
        waiting.delete(name);
        if (entry.again) refetch(name, queryKey, predicate);
      }, REFETCH_MS),
    };
    waiting.set(name, entry);
    // A first answer that is under way is not asked for again before it is there, and may be older than the event.
    entry.again = queryClient
      .getQueryCache()
      .findAll({ queryKey, predicate })
      .some(({ state }) => state.data === undefined && state.fetchStatus === "fetching");
    void queryClient.invalidateQueries({ queryKey, predicate });
  };
  return {
    refetch,
    end: () => {
      for (const { timer } of waiting.values()) clearTimeout(timer);
      waiting.clear();
    },
  };
};

/** Keeps the data of queries as new as live objects. */
export const patchQueries = (queries: InvigilQueries, queryClient: QueryClient): FeedWatcher => {
  const keys = {
    participants: [queries.participant.list.pathKey()],
    people: [
      queries.exam.people.pathKey(),
      queries.participant.get.pathKey(),
      queries.participant.locate.pathKey(),
      queries.participant.listUnseated.pathKey(),
    ],
    entries: [queries.exam.entries.pathKey()],
    exams: [queries.exam.get.pathKey(), queries.exam.list.pathKey()],
    rooms: [queries.room.list.pathKey()],
    records: [queries.cheat.listRecords.pathKey()],
    messages: [queries.im.history.pathKey()],
    hands: [queries.hand.list.pathKey()],
    streams: [queries.stream.listEvents.pathKey()],
    config: [queries.cheat.getConfig.pathKey(), queries.room.get.pathKey()],
  } satisfies { readonly [Key in Part]: readonly QueryKey[] };

  return (live) => {
    const { refetch, end } = createRefetcher(queryClient);

    const ask = (part: Part, place: Place): void => {
      for (const queryKey of keys[part]) refetch(JSON.stringify([queryKey, place]), queryKey, isAbout(place));
    };

    /** Changes the data of queries. An answer that is under way may be older, so it is asked for again. */
    const patch = <Data>(queryKey: QueryKey, change: (data: Data, query: Query) => Data): void => {
      for (const query of queryClient.getQueryCache().findAll({ queryKey })) {
        const data = query.state.data as Data | undefined; // Safe: the key is that of the procedure with these data.
        if (data !== undefined) queryClient.setQueryData(query.queryKey, change(data, query));
        if (query.state.fetchStatus !== "idle")
          refetch(query.queryHash, query.queryKey, (other) => other === query);
      }
    };

    const patchRoom = (room: Room): void => {
      patch<Room>(queries.room.get.queryKey({ roomId: room.id }), (known) => ({ ...known, ...room }));
    };

    /** @param isFirst - whether no event has said who was added or removed since the query was answered */
    const patchMembers = (
      { room: { id: roomId, examId }, members }: RoomSnapshot,
      isFirst: boolean,
    ): void => {
      const byId = new Map(members.map((member) => [member.userId, member]));
      const update = (person: Participant): Participant => {
        const { name, extraMinutes, publishStatus } = byId.get(person.userId) ?? person;
        return { ...person, name, extraMinutes, publishStatus };
      };
      patch<readonly Participant[]>(queries.participant.list.queryKey({ roomId }), (people, query) => {
        const { role = "examinee" } = inputOf(query);
        const ids = members.flatMap((member) => (member.role === role ? [member.userId] : []));
        const isSame = ids.length === people.length && people.every(({ userId }) => ids.includes(userId));
        if (isFirst && !isSame) ask("participants", { roomId, examId });
        return people.map(update);
      });
      patch<Participant>(queries.participant.get.queryKey({ roomId }), update);
    };

    /** Writes what a room's state says into queries, from one state to the next. */
    const patchFromRoom = (before: RoomSnapshot | undefined, after: RoomSnapshot): void => {
      if (after.room !== before?.room) patchRoom(after.room);
      if (after.members !== before?.members) patchMembers(after, before === undefined);
      if (after.presence !== before?.presence)
        patch<Presence[]>(queries.room.presence.queryKey({ roomId: after.room.id }), () => after.presence);
    };

    const patchRooms = (
      before: { readonly rooms: readonly Room[] } | undefined,
      after: { readonly rooms: readonly Room[] },
    ): void => {
      if (after.rooms === before?.rooms) return;
      const known = new Set(before?.rooms);
      for (const room of after.rooms) if (!known.has(room)) patchRoom(room);
    };

    /** Calls back with the state before and after each change of it. */
    const eachState = <State>(
      feed: { readonly state: State | undefined; subscribe(listener: () => void): () => void },
      changed: (before: State | undefined, after: State) => void,
    ): (() => void) => {
      let before: State | undefined;
      const look = () => {
        const after = feed.state;
        if (after !== undefined && after !== before) changed(before, after);
        before = after;
      };
      look();
      return feed.subscribe(look);
    };

    let isOver = false;
    const readEvents = async (): Promise<void> => {
      for await (const event of live) {
        if (isOver) return;
        const place: Place = {
          roomId: "roomId" in event && event.roomId !== "" ? event.roomId : undefined,
          examId: "examId" in live ? live.examId : live.state?.room.examId,
        };
        for (const part of CHANGED[event.type] ?? ["people"]) ask(part, place);
      }
    };
    // It throws why the live object was closed, which its users show.
    readEvents().catch(() => undefined);

    const off = "roomId" in live ? eachState(live, patchFromRoom) : eachState(live, patchRooms);
    return () => {
      isOver = true;
      off();
      end();
    };
  };
};
