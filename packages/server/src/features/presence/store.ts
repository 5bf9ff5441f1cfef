import type { Camera, ParticipantRole, Presence, Role, VisitPage } from "@invigil/schema";
import { and, desc, eq, inArray, lt, sql } from "drizzle-orm";
import { createErasureFilter } from "../../domain/bulk/erasure-filter.js";
import { type EventLog, type NewEvent, newEvent } from "../../domain/events.js";
import { type ExamTransaction, lockExams } from "../../domain/exam-transaction.js";
import { readRoles } from "../../domain/people.js";
import { roomsOfHistory } from "../../domain/person-history.js";
import { readPresences } from "../../domain/presence.js";
import { type Departure, noteDepartures } from "../../domain/presence-times.js";
import type { RoomExams, RoomKey } from "../../domain/room-exams.js";
import type { SeatKey } from "../../domain/seats.js";
import { ABOVE_ALL_IDS, pageOf } from "../../platform/paging.js";
import type { Queries, Transaction } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import { pageVisits, presence, roomExams } from "../../storage/tables.js";

/** One of a person's two pages of a room. */
export interface PageKey extends RoomKey {
  readonly userId: string;
  readonly camera: Camera;
}
/** A connected page, with the role of its token. */
export interface Page extends PageKey {
  readonly role: Role;
}

/** The connections of a page to one server, from now on. */
export interface PageChange {
  readonly page: Page;
  /** The server. */
  readonly instance: string;
  /** The number of devices that are connected there. 0: none. */
  readonly devices: number;
  readonly now: Date;
}

const pageColumns = { examId: "text", roomId: "text", userId: "text", camera: "text" } as const;

const rowsOfPages = statement((dialect) =>
  query
    .select({
      examId: presence.examId,
      roomId: presence.roomId,
      userId: presence.userId,
      camera: presence.camera,
      role: presence.role,
      instance: presence.instance,
      devices: presence.devices,
      since: presence.since,
    })
    .from(dialect.rows("pages", pageColumns))
    .innerJoin(
      presence,
      and(
        eq(presence.examId, sql`pages."examId"`),
        eq(presence.roomId, sql`pages."roomId"`),
        eq(presence.userId, sql`pages."userId"`),
        eq(presence.camera, sql`pages."camera"`),
      ),
    ),
);
const insertPresence = insertion(presence);
const setDevices = statement((dialect) =>
  query
    .update(presence)
    .set({ devices: sql`changed."devices"` })
    .from(dialect.rows("changed", { ...pageColumns, instance: "text", devices: "integer" }))
    .where(
      and(
        eq(presence.examId, sql`changed."examId"`),
        eq(presence.roomId, sql`changed."roomId"`),
        eq(presence.userId, sql`changed."userId"`),
        eq(presence.camera, sql`changed."camera"`),
        eq(presence.instance, sql`changed."instance"`),
      ),
    ),
);
const deletePresences = statement((dialect) =>
  query
    .delete(presence)
    .where(
      sql`(${presence.examId}, ${presence.roomId}, ${presence.userId}, ${presence.camera}, ${presence.instance}) IN (SELECT "examId", "roomId", "userId", "camera", "instance" FROM ${dialect.rows("removed", { ...pageColumns, instance: "text" })})`,
    ),
);
const pagesOfInstance = statement(
  query
    .select({
      examId: presence.examId,
      roomId: presence.roomId,
      userId: presence.userId,
      camera: presence.camera,
      role: presence.role,
    })
    .from(presence)
    .where(eq(presence.instance, param("instance"))),
);
const visitsOfPerson = statement(
  query
    .select()
    .from(pageVisits)
    .where(
      and(
        eq(pageVisits.examId, param("examId")),
        inArray(pageVisits.roomId, roomsOfHistory),
        eq(pageVisits.userId, param("userId")),
        lt(pageVisits.id, param("before")),
      ),
    )
    .orderBy(desc(pageVisits.id))
    .limit(param("limit")),
);

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
export const keyOfPage = ({ roomId, userId, camera }: PageKey): string => keyOf(roomId, userId, camera);

/** A row of a page at one server, before and after the changes of a group. */
interface RowState {
  readonly page: PageKey;
  readonly instance: string;
  readonly role: ParticipantRole;
  /** Undefined: there is no row. */
  readonly before: number | undefined;
  after: number | undefined;
  /** Since when the page is present. */
  since: Date;
}

/** The rows of a page, by server. */
type PageState = Map<string, RowState>;

const devicesOf = (state: PageState): number =>
  [...state.values()].reduce((sum, { after = 0 }) => sum + after, 0);

const grouping = {
  examOf: ({ page }: PageChange) => page.examId,
  callerOf: ({ page }: PageChange) => page.userId,
};

/** Reads the rows of the pages that change, and the roles of their people. Starts both statements at once. */
const readStates = async (tx: Transaction, changes: readonly PageChange[]) => {
  const pages = [...new Map(changes.map(({ page }) => [keyOfPage(page), page])).values()];
  const states = new Map<string, PageState>(pages.map((page) => [keyOfPage(page), new Map()]));
  const [rows, people] = await Promise.all([tx.all(rowsOfPages, { pages }), readRoles(tx, pages)]);
  for (const { instance, devices, role, since, ...page } of rows)
    states.get(keyOfPage(page))?.set(instance, {
      page,
      instance,
      role,
      before: devices,
      after: devices,
      since,
    });
  return { states, roles: new Map(people.map(({ roomId, userId, role }) => [keyOf(roomId, userId), role])) };
};

/** Applies a change to the row of its server. Returns the row, or undefined if nothing changes. */
const changeRow = (
  { page, instance, devices, now }: PageChange,
  state: PageState,
  memberRole: ParticipantRole | undefined,
): RowState | undefined => {
  const row = state.get(instance);
  if (devices === 0) {
    if (row?.after === undefined) return undefined;
    row.after = undefined;
    return row;
  }
  if (!memberRole || (page.role !== "admin" && page.role !== memberRole)) return undefined;
  const changed = row ?? {
    page,
    instance,
    role: memberRole,
    before: undefined,
    after: undefined,
    since: now,
  };
  // A page that is present at another server has been present since then. All its rows have that time, because any of them may remain last.
  const present = [...state.values()].find(({ after }) => after !== undefined);
  if (changed.after === undefined) changed.since = present?.since ?? now;
  changed.after = devices;
  state.set(instance, changed);
  return changed;
};

/** Applies a change to the state of its page. Returns the events, and whether the page has left. */
const applyChange = (
  change: PageChange,
  state: PageState,
  memberRole: ParticipantRole | undefined,
): { readonly events: readonly NewEvent[]; readonly departures: readonly Departure[] } => {
  const before = devicesOf(state);
  const row = changeRow(change, state, memberRole);
  if (!row) return { events: [], departures: [] };
  const after = devicesOf(state);
  const { page, now } = change;
  const { examId, roomId, userId, camera } = page;
  const room = { examId, roomId };
  const connection = { userId, role: row.role, camera };
  if (after === 0)
    return {
      events: [newEvent(room, "participant_left", connection, now)],
      departures: [{ ...room, userId, camera, since: row.since, leftAt: now }],
    };
  const entered = before === 0 ? [newEvent(room, "participant_entered", connection, now)] : [];
  const changed =
    after === Math.max(before, 1)
      ? []
      : [newEvent(room, "devices_changed", { ...connection, devices: after }, now)];
  return { events: [...entered, ...changed], departures: [] };
};

/** Writes the rows that a group has changed, and its events. */
const writeChanges = async (
  tx: ExamTransaction,
  log: EventLog,
  {
    rows,
    events,
    departures,
  }: {
    readonly rows: readonly RowState[];
    readonly events: readonly NewEvent[];
    readonly departures: readonly Departure[];
  },
): Promise<void> => {
  const added = rows.filter(({ before, after }) => before === undefined && after !== undefined);
  const changed = rows.filter(
    ({ before, after }) => before !== undefined && after !== undefined && before !== after,
  );
  const removed = rows.filter(({ before, after }) => before !== undefined && after === undefined);
  if (added.length + changed.length + removed.length + events.length === 0) return;
  await tx.last(() =>
    Promise.all([
      tx.insert(
        insertPresence,
        added.map(({ page: { examId, roomId, userId, camera }, instance, role, since, after }) => ({
          examId,
          roomId,
          userId,
          camera,
          instance,
          role,
          since,
          devices: after ?? 1,
        })),
      ),
      changed.length > 0
        ? tx.run(setDevices, {
            changed: changed.map(({ page, instance, after }) => ({ ...page, instance, devices: after })),
          })
        : undefined,
      removed.length > 0
        ? tx.run(deletePresences, { removed: removed.map(({ page, instance }) => ({ ...page, instance })) })
        : undefined,
      noteDepartures(tx, departures),
      log.addAll(tx, events),
    ]),
  );
};

export type PresenceStore = ReturnType<typeof createPresenceStore>;

export const createPresenceStore = ({
  storage,
  roomExams: rememberedExams,
  events,
}: {
  storage: Queries;
  roomExams: RoomExams;
  events: EventLog;
}) => {
  const ofRoom = storage.cached(
    { tables: [roomExams, presence] },
    async (reader, roomId: string): Promise<readonly Presence[]> => {
      const examId = await rememberedExams.examOf(reader, roomId);
      return examId === undefined ? [] : readPresences(reader, { examId, roomId });
    },
  );
  const erasures = createErasureFilter(storage);
  return {
    /**
     * Records on how many devices a page is connected to a server, and adds events for what changes for the room. Ignores people who are
     * not in the room, such as administrators who only watch.
     */
    save: storage.grouped<PageChange, void>(async (tx, changes) => {
      const [locked, { states, roles }] = await Promise.all([
        lockExams(tx, ...new Set(changes.map(grouping.examOf))),
        readStates(tx, changes),
      ]);
      const applied = changes.flatMap((change) => {
        const { roomId, userId } = change.page;
        const state = states.get(keyOfPage(change.page));
        return state ? [applyChange(change, state, roles.get(keyOf(roomId, userId)))] : [];
      });
      const rows = [...states.values()].flatMap((state) => [...state.values()]);
      await writeChanges(locked, events, {
        rows,
        events: applied.flatMap((one) => one.events),
        departures: applied.flatMap((one) => one.departures),
      });
      return changes.map(() => undefined);
    }, grouping),
    /** The presences in a room, in the order in which they began. */
    ofRoom: async (roomId: string): Promise<readonly Presence[]> => ofRoom(roomId),
    /**
     * The visits of a person that are over, newest first: to the room, or if they sit in it, to all rooms of the exam. `before` is the cursor
     * of the previous page.
     */
    async visits(
      { examId, roomId, userId }: SeatKey,
      { limit, before = ABOVE_ALL_IDS }: { limit: number; before: number | undefined },
    ): Promise<VisitPage> {
      const rows = await erasures.pages(
        examId,
        [(from, most) => storage.all(visitsOfPerson, { examId, roomId, userId, before: from, limit: most })],
        { before, limit: limit + 1, kind: "page_visits" },
      );
      const { rows: page, ...next } = pageOf(rows, limit, ({ id }) => id);
      return {
        visits: page.map(({ camera, since, leftAt, roomId: of }) => ({ roomId: of, camera, since, leftAt })),
        ...next,
      };
    },
    /** The present pages of a server. */
    ofInstance: (instance: string): Promise<Page[]> => storage.all(pagesOfInstance, { instance }),
  };
};
