import {
  type Camera,
  type PublishStatus,
  type StreamAction,
  type StreamEvent,
  type StreamEventPage,
  signals,
} from "@invigil/schema";
import { and, desc, eq, exists, inArray, lt, max, or, sql } from "drizzle-orm";
import { createErasureFilter } from "../../domain/bulk/erasure-filter.js";
import { newEvent, type NewEvent as RoomEvent } from "../../domain/events.js";
import { lockExams } from "../../domain/exam-transaction.js";
import { roomsOfHistory } from "../../domain/person-history.js";
import { noteStatuses } from "../../domain/presence-times.js";
import type { RoomKey } from "../../domain/room-exams.js";
import { STATUS_AFTER } from "../../domain/stream-status.js";
import type { Announcement, TaskLog } from "../../domain/vendor-tasks.js";
import { ABOVE_ALL_IDS, pageOf } from "../../platform/paging.js";
import { streamName } from "../../providers/stream-name.js";
import { isRoomOf } from "../../storage/conditions.js";
import type { Queries, Transaction } from "../../storage/port.js";
import { insertion, param, query, statement, statements } from "../../storage/statement.js";
import {
  bulkChanges,
  participants,
  rooms,
  streamEvents,
  streamNames,
  visibleRooms,
} from "../../storage/tables.js";

/** An event reported by the stream service. */
export interface NewEvent {
  /** The name of the stream. */
  readonly stream: string;
  /** The name of the stream that this stream may be a transcoded copy of. */
  readonly original: string | undefined;
  readonly action: StreamAction;
  readonly eventTime: Date;
  readonly ip: string;
  readonly node: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly now: Date;
}

/**
 * The result of a report. `repeat`: the event was already stored. `copy`: the stream is a transcoded copy of a
 * known stream, and nothing was stored. `unknown`: no room has such a stream.
 */
export type ReportOutcome = "kept" | "repeat" | "copy" | "unknown";

/** The signals to the apps. They carry the person's own id for both cameras. */
const SIGNAL = {
  publish: signals.streamPublished,
  publish_done: signals.streamStopped,
} as const satisfies Record<StreamAction, object>;

const ownersOfStreams = statement((dialect) =>
  query
    .select({
      name: streamNames.name,
      examId: visibleRooms.examId,
      roomId: streamNames.roomId,
      userId: streamNames.userId,
      camera: streamNames.camera,
    })
    .from(streamNames)
    .innerJoin(visibleRooms, isRoomOf(visibleRooms, streamNames))
    .where(dialect.isAnyOf(streamNames.name, "names")),
);

const isOfReportedCamera = and(
  eq(streamEvents.examId, sql`reports."examId"`),
  eq(streamEvents.roomId, sql`reports."roomId"`),
  eq(streamEvents.userId, sql`reports."userId"`),
  eq(streamEvents.camera, sql`reports."camera"`),
);
const sameEvent = query
  .select({ id: streamEvents.id })
  .from(streamEvents)
  .where(
    and(
      isOfReportedCamera,
      eq(streamEvents.eventTime, sql`reports."eventTime"`),
      eq(streamEvents.action, sql`reports."action"`),
      eq(streamEvents.node, sql`reports."node"`),
      eq(streamEvents.ip, sql`reports."ip"`),
    ),
  );
const newestTime = query
  .select({ eventTime: max(streamEvents.eventTime) })
  .from(streamEvents)
  .where(isOfReportedCamera);
/** Reads, for each report whose owner still has the stream, the state of its event, its camera and its room. */
const statesOfReports = statement((dialect) =>
  query
    .select({
      index: sql<number>`reports."position"`.mapWith(Number),
      isRepeat: exists(sameEvent).mapWith(Boolean),
      newest: sql<Date | null>`${newestTime}`.mapWith(streamEvents.eventTime),
      roomStatus: visibleRooms.status,
      imServer: visibleRooms.imServer,
      role: participants.role,
      main: participants.mainPublishStatus,
      pc: participants.pcPublishStatus,
    })
    .from(
      dialect.rows("reports", {
        stream: "text",
        examId: "text",
        roomId: "text",
        userId: "text",
        camera: "text",
        eventTime: "time",
        action: "text",
        node: "text",
        ip: "text",
      }),
    )
    .innerJoin(
      streamNames,
      and(
        eq(streamNames.examId, sql`reports."examId"`),
        eq(streamNames.name, sql`reports."stream"`),
        eq(streamNames.roomId, sql`reports."roomId"`),
        eq(streamNames.userId, sql`reports."userId"`),
        eq(streamNames.camera, sql`reports."camera"`),
      ),
    )
    .innerJoin(
      visibleRooms,
      and(eq(visibleRooms.examId, sql`reports."examId"`), eq(visibleRooms.id, sql`reports."roomId"`)),
    )
    .leftJoin(
      participants,
      and(
        eq(participants.examId, sql`reports."examId"`),
        eq(participants.roomId, sql`reports."roomId"`),
        eq(participants.userId, sql`reports."userId"`),
      ),
    ),
);
const insertEvent = insertion(streamEvents);
const setStatuses = statement((dialect) =>
  query
    .update(participants)
    .set({
      mainPublishStatus: sql`coalesce(changed."main", ${participants.mainPublishStatus})`,
      pcPublishStatus: sql`coalesce(changed."pc", ${participants.pcPublishStatus})`,
      updatedAt: sql`changed."now"`,
    })
    .from(
      dialect.rows("changed", {
        examId: "text",
        roomId: "text",
        userId: "text",
        main: "text",
        pc: "text",
        now: "time",
      }),
    )
    .where(
      and(
        eq(participants.examId, sql`changed."examId"`),
        eq(participants.roomId, sql`changed."roomId"`),
        eq(participants.userId, sql`changed."userId"`),
      ),
    ),
);

/** Of rooms in progress: in others, no camera may publish. It is read once, at the start. */
const publishingCameras = statement(
  query
    .select({
      examId: participants.examId,
      roomId: participants.roomId,
      userId: participants.userId,
      main: participants.mainPublishStatus,
      pc: participants.pcPublishStatus,
    })
    .from(rooms)
    .innerJoin(
      participants,
      and(
        eq(participants.roomId, rooms.id),
        or(eq(participants.mainPublishStatus, "publishing"), eq(participants.pcPublishStatus, "publishing")),
      ),
    )
    .where(eq(rooms.status, "in_progress")),
);

const pageOfRoom = statements((isOfPerson: boolean) =>
  statement(
    query
      .select()
      .from(streamEvents)
      .where(
        and(
          eq(streamEvents.examId, param("examId")),
          isOfPerson
            ? and(eq(streamEvents.userId, param("userId")), inArray(streamEvents.roomId, roomsOfHistory))
            : eq(streamEvents.roomId, param("roomId")),
          lt(streamEvents.id, param("before")),
        ),
      )
      .orderBy(desc(streamEvents.id))
      .limit(param("limit")),
  ),
);
const toEvent = (stored: typeof streamEvents.$inferSelect): StreamEvent => {
  const { examId: _, width, height, ...row } = stored;
  return { ...row, ...(width !== null && { width }), ...(height !== null && { height }) };
};

/** The camera that a stream is of. */
interface Owner extends RoomKey {
  readonly userId: string;
  readonly camera: Camera;
}
/** A report, and the owner of its stream when it arrived. */
type OwnedReport = NewEvent & Owner;

/** Identifies an event of a stream. */
const keyOf = ({ stream, eventTime, action, node, ip }: NewEvent): string =>
  JSON.stringify([stream, eventTime.getTime(), action, node, ip]);

/** Reads the states of reports. */
const readStates = async (tx: Transaction, reports: readonly OwnedReport[]) =>
  new Map((await tx.all(statesOfReports, { reports })).map(({ index, ...state }) => [index, state]));
type States = Awaited<ReturnType<typeof readStates>>;

/** The statuses of a person's cameras that a group of reports changes. */
interface ChangedPerson extends RoomKey {
  readonly userId: string;
  readonly main: PublishStatus | null;
  readonly pc: PublishStatus | null;
  readonly now: Date;
}

/** The writes of a group of reports. */
interface Changes {
  readonly reports: (typeof streamEvents.$inferInsert)[];
  /** By room and user id. */
  readonly people: Map<string, ChangedPerson>;
  readonly times: (Owner & { readonly status: PublishStatus; readonly statusSince: Date })[];
  readonly events: RoomEvent[];
  readonly signals: Announcement[];
}

/** Evaluates reports one after the other. Each report sees the changes of those before it. */
const evaluateReports = (
  reports: readonly OwnedReport[],
  states: States,
): { outcomes: (ReportOutcome | "moved")[]; changes: Changes } => {
  const changes: Changes = { reports: [], people: new Map(), times: [], events: [], signals: [] };
  const keys = new Set<string>();
  const cameras = new Map<string, { newest: Date | null; status: PublishStatus | null }>();
  const outcomes = reports.map((report, index): ReportOutcome | "moved" => {
    const state = states.get(index);
    if (!state) return "moved";
    const { stream, examId, roomId, userId, camera, action, eventTime, now } = report;
    const key = keyOf(report);
    if (state.isRepeat || keys.has(key)) return "repeat";
    keys.add(key);
    changes.reports.push({ ...report, createdAt: now });

    const current = cameras.get(stream) ?? { newest: state.newest, status: state[camera] };
    if (current.newest && current.newest > eventTime) return "kept";
    const status = STATUS_AFTER[action];
    cameras.set(stream, { newest: eventTime, status });
    const { role, imServer } = state;
    if (role === null || current.status === status) return "kept";
    const room = { examId, roomId };
    const person = JSON.stringify([roomId, userId]);
    const before = changes.people.get(person) ?? { ...room, userId, main: null, pc: null };
    changes.people.set(person, { ...before, [camera]: status, now });
    changes.times.push({ ...room, userId, camera, status, statusSince: now });
    changes.events.push(newEvent(room, "publish_status_changed", { userId, role, camera, status }, now));
    if (state.roomStatus === "in_progress")
      changes.signals.push({
        room: { id: roomId, examId, imServer },
        signal: SIGNAL[action].type,
        data: { userId },
        now,
      });
    return "kept";
  });
  return { outcomes, changes };
};

export type StreamStore = ReturnType<typeof createStreamStore>;

export const createStreamStore = ({ storage, tasks }: { storage: Queries; tasks: TaskLog }) => {
  const erasures = createErasureFilter(storage);
  /** Returns the owner of a reported stream, or the outcome of the report if there is none. */
  const ownerOf = storage.cached(
    { tables: [streamNames, rooms, bulkChanges] },
    async (reader, stream: string, original: string | undefined): Promise<Owner | "copy" | "unknown"> => {
      const names = original === undefined ? [stream] : [stream, original];
      const owners = await reader.all(ownersOfStreams, { names });
      const found = owners.find(({ name }) => name === stream);
      if (!found) return owners.length > 0 ? "copy" : "unknown";
      const { name: _, ...owner } = found;
      return owner;
    },
  );
  const write = storage.grouped<OwnedReport, ReportOutcome | "moved">(
    async (tx, reports) => {
      const [locked, ids, states] = await Promise.all([
        lockExams(tx, ...new Set(reports.map(({ examId }) => examId))),
        tasks.messageIds(tx, reports.length),
        readStates(tx, reports),
      ]);
      const { outcomes, changes } = evaluateReports(reports, states);
      if (changes.reports.length > 0)
        await locked.last(() =>
          Promise.all([
            locked.insert(insertEvent, changes.reports),
            changes.people.size > 0
              ? locked.run(setStatuses, { changed: [...changes.people.values()] })
              : undefined,
            noteStatuses(locked, changes.times),
            tasks.announceAll(locked, changes.signals, ids, changes.events),
          ]),
        );
      return outcomes;
    },
    { examOf: ({ examId }) => examId, callerOf: ({ stream }) => stream },
  );
  return {
    /** The names of the streams that are published, as far as is known. */
    async publishing(): Promise<string[]> {
      const people = await storage.all(publishingCameras);
      return people.flatMap(({ main, pc, ...of }) => [
        ...(main === "publishing" ? [streamName({ ...of, camera: "main" })] : []),
        ...(pc === "publishing" ? [streamName({ ...of, camera: "pc" })] : []),
      ]);
    },
    /**
     * Stores an event and updates the camera's status to that of its newest event. The newest event is the one
     * with the latest time of the stream service's clock; among equal times, the one that arrived last. If the
     * status changes and the room is in progress, sends a signal to the room.
     */
    async report(event: NewEvent): Promise<ReportOutcome> {
      for (;;) {
        const owner = await ownerOf(event.stream, event.original);
        if (typeof owner === "string") return owner;
        const outcome = await write({ ...event, ...owner });
        // The person was removed in between, or the name is of another stream now.
        if (outcome !== "moved") return outcome;
      }
    },

    /**
     * The events of a room, or of a person, newest first. Those of a person who sits in the room are of all rooms of the exam. `before` is the
     * last id of the previous page.
     */
    async listByRoom(
      { examId, roomId }: RoomKey,
      {
        userId,
        limit,
        before = ABOVE_ALL_IDS,
      }: { userId: string | undefined; limit: number; before: number | undefined },
    ): Promise<StreamEventPage> {
      const page = pageOfRoom(userId !== undefined);
      const rows = await erasures.pages(
        examId,
        [(from, most) => storage.all(page, { examId, roomId, userId, before: from, limit: most })],
        { before, limit: limit + 1, kind: "stream_events" },
      );
      const { rows: some, ...next } = pageOf(rows, limit, ({ id }) => id);
      return { events: some.map(toEvent), ...next };
    },
  };
};
