import { type EventTypeOfPeople, isOver, type RosterState, rosterStateOf } from "@invigil/schema";
import type { PeopleEvent, Room, RosterCounts, RosterEntry, RosterPage } from "../procedures.js";
import type { RetryOptions } from "../retry.js";
import { type FeedCore, setState } from "./core.js";
import { oncePerFrame } from "./frames.js";
import type { LivePerson, PeopleCalls, PeopleRows, PeopleState } from "./people-types.js";
import { createFactReducers } from "./person-facts.js";
import { applyEvent, ofExam } from "./state.js";
import { type Follower, follow } from "./subscription-loop.js";

// The people of an exam in memory. Events carry absolute values, so an event that a page already includes changes nothing.

/** The minimum time between two reads of all people, in milliseconds. One read covers all events in between. */
const READ_AGAIN_MS = 1000;

/** Events after which all people are read again. The first people of a room have no events. */
const SAY_TOO_LITTLE: ReadonlySet<PeopleEvent["type"]> = new Set([
  "gap",
  "roster_changed",
  "room_created",
  "room_deleted",
]);

type EventOf<Type extends PeopleEvent["type"]> = Extract<PeopleEvent, { type: Type }>;
type Camera = "main" | "pc";
type Key = Pick<RosterEntry, "userId" | "roomId">;

const NO_PEOPLE: RosterCounts = {
  people: 0,
  unseated: 0,
  ended: 0,
  expected: 0,
  disconnected: 0,
  stopped: 0,
  publishing: 0,
  notPublishing: 0,
  detected: 0,
};

const byCamera = <Page extends { readonly camera: Camera }>(pages: readonly Page[]): Page[] =>
  pages.toSorted((one, other) => (one.camera < other.camera ? -1 : 1));
const without = <Page extends { readonly camera: Camera }>(pages: readonly Page[], camera: Camera): Page[] =>
  pages.filter((page) => page.camera !== camera);
const withPage = <Page extends { readonly camera: Camera }>(pages: readonly Page[], page: Page): Page[] =>
  byCamera([...without(pages, page.camera), page]);

/** Keeps the people by their ids in the list, and counts them. */
const createRows = ({ byId, furtherIds, endedRooms }: PeopleRows) => {
  /** The ids that changed since listeners were last called. */
  const changed = new Set<string>();
  /** Whether the list of ids changed. */
  let hasMoved = false;
  let counts = { ...NO_PEOPLE };

  const stateOf = (person: RosterEntry): RosterState =>
    rosterStateOf(person, person.roomId !== undefined && endedRooms.has(person.roomId));
  const count = (person: RosterEntry | undefined, by: 1 | -1): void => {
    if (!person) return;
    counts.people += by;
    if (person.role !== "examinee") return;
    counts[stateOf(person)] += by;
    if (person.detections > 0) counts.detected += by;
  };
  const set = (id: string, entry: RosterEntry): void => {
    const before = byId.get(id);
    hasMoved ||= !before;
    count(before, -1);
    count(entry, 1);
    byId.set(id, { ...entry, id });
    changed.add(id);
  };
  const drop = (id: string): void => {
    count(byId.get(id), -1);
    byId.delete(id);
    changed.add(id);
    hasMoved = true;
  };
  const furtherOf = (userId: string): readonly string[] => furtherIds.get(userId) ?? [];
  const find = ({ userId, roomId }: Key): LivePerson | undefined => {
    for (const id of [userId, ...furtherOf(userId)]) {
      const person = byId.get(id);
      if (person?.roomId === roomId) return person;
    }
    return undefined;
  };
  const remove = ({ id, userId }: LivePerson): void => {
    drop(id);
    const [next, ...others] = furtherOf(userId);
    if (id !== userId)
      furtherIds.set(
        userId,
        furtherOf(userId).filter((other) => other !== id),
      );
    else if (next !== undefined) {
      // Each person in the list has their user id as one of their ids.
      const person = byId.get(next);
      drop(next);
      furtherIds.set(userId, others);
      if (person) set(userId, person);
    }
  };
  const add = (entry: RosterEntry): string => {
    const { userId, roomId = "" } = entry;
    const id = byId.has(userId) ? `${userId}/${roomId}` : userId;
    if (id !== userId) furtherIds.set(userId, [...furtherOf(userId), id]);
    set(id, entry);
    return id;
  };

  return {
    find,
    remove,
    /** Changes a person, if they are in the list. */
    update(key: Key, change: (person: LivePerson) => Partial<RosterEntry>): void {
      const person = find(key);
      if (person) set(person.id, { ...person, ...change(person) });
    },
    /** Puts a person into a room. It replaces their entry without a room. */
    seat(entry: RosterEntry): void {
      const waiting = find({ userId: entry.userId, roomId: undefined });
      if (waiting) set(waiting.id, entry);
      else add(entry);
    },
    /** Adds or replaces a person with what the server returned. Returns their id. */
    put(entry: RosterEntry): string {
      const known = find(entry);
      if (!known) return add(entry);
      const { id, ...before } = known;
      if (JSON.stringify(before) !== JSON.stringify(entry)) set(id, entry);
      return id;
    },
    /** Drops the open hands in a room, which has ended. */
    closeHands(roomId: string): void {
      for (const person of byId.values())
        if (person.roomId === roomId && person.hand) set(person.id, { ...person, hand: undefined });
    },
    recount(): void {
      counts = { ...NO_PEOPLE };
      for (const person of byId.values()) count(person, 1);
    },
    /** Returns what has changed since the last call. */
    takeChanges() {
      const taken = { ids: [...changed], hasMoved, counts: { ...counts } };
      changed.clear();
      hasMoved = false;
      return taken;
    },
  };
};

type Rows = ReturnType<typeof createRows>;
const factReducers = createFactReducers((rows: Rows, person, facts) => rows.update(person, () => facts));
/** How events change the list. */
const reducers: {
  readonly [Type in
    | Exclude<EventTypeOfPeople, keyof typeof ofExam | "roster_changed">
    | "detections_counted"]: (rows: Rows, event: EventOf<Type>) => void;
} = {
  participant_added(rows, { roomId, userId, role, name, extraMinutes, mainLeftAt, pcLeftAt }) {
    const details = { role, name, extraMinutes };
    if (rows.find({ userId, roomId })) return rows.update({ userId, roomId }, () => details);
    rows.seat({
      userId,
      roomId,
      ...details,
      publishStatus: { main: "idle", pc: "idle" },
      publishStatusSince: {},
      pages: [],
      left: [
        ...(mainLeftAt ? [{ camera: "main" as const, since: mainLeftAt }] : []),
        ...(pcLeftAt ? [{ camera: "pc" as const, since: pcLeftAt }] : []),
      ],
      detections: 0,
    });
  },
  participant_updated: (rows, { role, name, extraMinutes, ...key }) =>
    rows.update(key, () => ({ role, name, extraMinutes })),
  participant_removed(rows, key) {
    const person = rows.find(key);
    if (person) rows.remove(person);
  },
  participant_entered: (rows, { camera, time: since, ...key }) =>
    rows.update(key, ({ pages, left }) => ({
      pages: withPage(pages, { camera, since, devices: 1 }),
      left: without(left, camera),
    })),
  participant_left: (rows, { camera, time: since, ...key }) =>
    rows.update(key, ({ pages, left }) => ({
      pages: without(pages, camera),
      left: withPage(left, { camera, since }),
    })),
  devices_changed: (rows, { camera, devices, ...key }) =>
    rows.update(key, ({ pages }) => ({
      pages: pages.map((page) => (page.camera === camera ? { ...page, devices } : page)),
    })),
  hand_changed: (rows, { hand, ...key }) =>
    rows.update(key, ({ hand: known }) =>
      hand.status !== "resolved" ? { hand } : known?.id === hand.id ? { hand: undefined } : {},
    ),
  publish_status_changed: (rows, { camera, status, time, ...key }) =>
    rows.update(key, ({ publishStatus, publishStatusSince }) => ({
      publishStatus: { ...publishStatus, [camera]: status },
      publishStatusSince: { ...publishStatusSince, [camera]: time },
    })),
  ...factReducers,
  attempt_changed(rows, event) {
    factReducers.attempt_changed(rows, event);
    if (isOver(event)) rows.update(event, () => ({ hand: undefined }));
  },
  detections_counted(rows, { people }) {
    for (const { detections, lastDetectionTime, ...key } of people)
      rows.update(key, () => ({ detections, ...(lastDetectionTime && { lastDetectionTime }) }));
  },
};

/** Reads the people of an exam and follows their changes, until the feed is closed. */
export const followPeople = (
  core: FeedCore<PeopleState, PeopleEvent>,
  shared: PeopleRows,
  {
    examId,
    calls,
    retry,
  }: { readonly examId: string; readonly calls: PeopleCalls; readonly retry: RetryOptions },
): Promise<void> => {
  const rows = createRows(shared);
  const { signal } = core.closing;
  let rooms: readonly Room[] = [];
  /** Undefined until all people are read, and when they must be read again. */
  let lastEventId: string | undefined;
  let progress = { loaded: 0, total: 0 };
  /** The counts of the server, used until all people are read. */
  let countedByServer: RosterCounts | undefined;
  let isWhole = false;
  let readAt = Number.NEGATIVE_INFINITY;
  let isAgainDue = false;

  const tell = (): void => {
    const { ids, hasMoved, counts } = rows.takeChanges();
    const before = core.snapshot.state;
    setState(core, {
      ids: hasMoved || !before ? [...shared.byId.keys()] : before.ids,
      rooms,
      counts: isWhole ? counts : (countedByServer ?? counts),
      ...(isWhole && !isReading ? { loaded: counts.people, total: counts.people } : progress),
    });
    for (const id of ids) shared.watchers.emit(id);
  };
  const tellSoon = oncePerFrame(() => {
    if (!signal.aborted) tell();
  });
  let isReading = false;

  const setRooms = (now: readonly Room[]): void => {
    rooms = now;
    const ended = now.filter(({ status }) => status === "ended").map(({ id }) => id);
    const isSame = ended.length === shared.endedRooms.size && ended.every((id) => shared.endedRooms.has(id));
    if (isSame) return;
    shared.endedRooms.clear();
    for (const id of ended) shared.endedRooms.add(id);
    rows.recount();
  };
  /** An event of a type that has no reducer changes nothing. A newer server may have declared it. */
  const apply = (event: PeopleEvent): void => {
    const changed = applyEvent(ofExam, { rooms }, event).rooms;
    if (changed !== rooms) setRooms(changed);
    if (event.type === "room_ended") rows.closeHands(event.roomId);
    // Safe: each reducer takes the events of its type.
    const reduce = (reducers as Partial<Record<string, (rows: Rows, event: PeopleEvent) => void>>)[
      event.type
    ];
    reduce?.(rows, event);
  };

  const take = ({ people, rooms: found, counts }: RosterPage, seen: Set<string>): void => {
    for (const entry of people) seen.add(rows.put(entry));
    if (found) setRooms(found);
    if (counts) countedByServer = counts;
    progress = { loaded: seen.size, total: Math.max(countedByServer?.people ?? 0, seen.size) };
    core.heardAt = new Date();
    tell();
  };

  const readAgainLater = (readAgain: () => void): void => {
    if (isAgainDue) return;
    isAgainDue = true;
    setTimeout(
      () => {
        isAgainDue = false;
        lastEventId = undefined;
        readAgain();
      },
      Math.max(0, readAt + READ_AGAIN_MS - performance.now()),
    );
  };

  const follower: Follower<PeopleEvent> = {
    position: () => lastEventId,
    async read(closing) {
      const seen = new Set<string>();
      isReading = true;
      let first: string | undefined;
      let cursor: string | undefined;
      do {
        const page = await calls.page(cursor, { signal: closing });
        closing.throwIfAborted();
        // The id of the first page, because later events may be missing from that page.
        first ??= page.lastEventId;
        take(page, seen);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      const gone = [...shared.byId.values()].filter(({ id }) => !seen.has(id));
      // Removing a row may give its id to another row of the same person.
      for (const person of gone) rows.remove(person);
      isReading = false;
      isWhole = true;
      readAt = performance.now();
      lastEventId = first;
      tell();
    },
    receive(event, readAgain) {
      const isOfLog = event.type !== "detections_counted";
      // Events may arrive again after a reconnection.
      if (event.type !== "gap" && isOfLog && Number(event.id) <= Number(lastEventId)) return false;
      if (isOfLog) lastEventId = event.id;
      apply(event);
      if (SAY_TOO_LITTLE.has(event.type)) readAgainLater(readAgain);
      tellSoon();
      for (const queue of core.queues)
        queue.push(event, () => ({ type: "gap", id: event.id, examId, time: event.time }));
      core.listeners.emit(event.type, event);
      return true;
    },
  };
  return follow(core, calls.subscribe, follower, retry);
};
