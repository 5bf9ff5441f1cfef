import {
  type Camera,
  type ParticipantRole,
  type PublishStatus,
  type StreamAction,
  type StreamEvent,
  type StreamEventPage,
  signals,
} from "@invigil/schema";
import { and, desc, eq, exists, lt, max, sql } from "drizzle-orm";
import { createErasureFilter } from "../../domain/bulk/erasure-filter.js";
import type { EventLog, EventRoom } from "../../domain/events.js";
import { lockExams } from "../../domain/exam-lock.js";
import { STATUS_AFTER } from "../../domain/stream-status.js";
import type { RoomOfGroups, TaskLog } from "../../domain/vendor-tasks.js";
import { pageOf } from "../../platform/paging.js";
import type { Reader, Storage, Transaction } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import { participants, streamEvents, streamNames, visibleRooms } from "../../storage/tables.js";

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

export interface StreamStore {
  /**
   * Stores an event and updates the camera's status to that of its newest event. The newest event is the one
   * with the latest time of the stream service's clock; among equal times, the one that arrived last. If the
   * status changes and the room is in progress, sends a signal to the room.
   */
  report(event: NewEvent): Promise<ReportOutcome>;
  /** Newest first. `before` is the last id of the previous page. */
  listByRoom(room: EventRoom, page: { limit: number; before: number | undefined }): Promise<StreamEventPage>;
}

/** The signals to the apps. They carry the person's own id for both cameras. */
const SIGNAL = {
  publish: signals.streamPublished,
  publish_done: signals.streamStopped,
} as const satisfies Record<StreamAction, object>;

/** The cursor of the first page is greater than every id. */
const FIRST = Number.MAX_SAFE_INTEGER;

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
    .innerJoin(
      visibleRooms,
      and(eq(visibleRooms.examId, streamNames.examId), eq(visibleRooms.id, streamNames.roomId)),
    )
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
/** Reads, for each report, the state of its event, its camera and its room. */
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
const setStatusOf = (camera: Camera) =>
  statement((dialect) =>
    query
      .update(participants)
      .set({
        [camera === "main" ? "mainPublishStatus" : "pcPublishStatus"]: sql`changed."status"`,
        updatedAt: sql`changed."now"`,
      })
      .from(
        dialect.rows("changed", {
          examId: "text",
          roomId: "text",
          userId: "text",
          status: "text",
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
const setStatus = { main: setStatusOf("main"), pc: setStatusOf("pc") };

const pageOfRoom = statement(
  query
    .select()
    .from(streamEvents)
    .where(
      and(
        eq(streamEvents.examId, param("examId")),
        eq(streamEvents.roomId, param("roomId")),
        lt(streamEvents.id, param("before")),
      ),
    )
    .orderBy(desc(streamEvents.id))
    .limit(param("limit")),
);
const toEvent = (stored: typeof streamEvents.$inferSelect): StreamEvent => {
  const { examId: _, width, height, ...row } = stored;
  return { ...row, ...(width !== null && { width }), ...(height !== null && { height }) };
};

/** Returns the owners of the reported streams and of their originals, by stream name. */
const readOwners = async (reader: Reader, reported: readonly NewEvent[]) => {
  const names = new Set(reported.flatMap(({ stream, original = stream }) => [stream, original]));
  const owners = await reader.all(ownersOfStreams, { names: [...names] });
  return new Map(owners.map(({ name, ...owner }) => [name, owner]));
};

/** Identifies an event of a stream. */
const keyOf = ({ stream, eventTime, action, node, ip }: NewEvent): string =>
  JSON.stringify([stream, eventTime.getTime(), action, node, ip]);

/** What a group of reports writes. */
interface Changes {
  readonly events: (typeof streamEvents.$inferInsert)[];
  readonly statuses: {
    readonly stream: string;
    readonly examId: string;
    readonly roomId: string;
    readonly userId: string;
    readonly camera: Camera;
    readonly role: ParticipantRole;
    readonly status: PublishStatus;
    /** The room that gets the signal, if it is in progress. */
    readonly signalTo: RoomOfGroups | undefined;
    readonly signal: number;
    readonly now: Date;
  }[];
}

/** Evaluates reports one after the other. Each report sees the changes of those before it. */
const evaluateReports = async (
  tx: Transaction,
  reported: readonly NewEvent[],
): Promise<{ outcomes: ReportOutcome[]; changes: Changes }> => {
  const owners = await readOwners(tx, reported);
  await lockExams(tx, ...reported.flatMap(({ stream }) => owners.get(stream)?.examId ?? []));

  const owned = reported.map((report) => {
    const owner = owners.get(report.stream);
    return owner && { ...report, ...owner };
  });
  const reports = owned.filter((report) => report !== undefined);
  const states = new Map(
    (await tx.all(statesOfReports, { reports })).map(({ index, ...standing }) => [reports[index], standing]),
  );

  const changes: Changes = { events: [], statuses: [] };
  const keys = new Set<string>();
  const cameras = new Map<string, { newest: Date | null; status: PublishStatus | null }>();
  const outcomes = owned.map((report, index): ReportOutcome => {
    const state = report && states.get(report);
    if (!state) {
      const original = reported[index]?.original;
      return original !== undefined && owners.has(original) ? "copy" : "unknown";
    }
    const { stream, examId, roomId, userId, camera, action, eventTime, now } = report;
    const key = keyOf(report);
    if (state.isRepeat || keys.has(key)) return "repeat";
    keys.add(key);
    changes.events.push({ ...report, createdAt: now });

    const current = cameras.get(stream) ?? { newest: state.newest, status: state[camera] };
    if (current.newest && current.newest > eventTime) return "kept";
    const status = STATUS_AFTER[action];
    cameras.set(stream, { newest: eventTime, status });
    const { role, imServer } = state;
    if (role === null || current.status === status) return "kept";
    const signalTo = state.roomStatus === "in_progress" ? { id: roomId, examId, imServer } : undefined;
    const signal = SIGNAL[action].type;
    changes.statuses.push({ stream, examId, roomId, userId, camera, role, status, signalTo, signal, now });
    return "kept";
  });
  return { outcomes, changes };
};

export const createStreamStore = ({
  storage,
  tasks,
  events,
}: {
  storage: Storage;
  tasks: TaskLog;
  events: EventLog;
}): StreamStore => {
  const erasures = createErasureFilter(storage);
  const examOfReport = async (report: NewEvent): Promise<string> =>
    (await readOwners(storage, [report])).get(report.stream)?.examId ?? "";
  const grouping = { examOf: examOfReport, callerOf: ({ stream }: NewEvent) => stream };
  return {
    report: storage.grouped<NewEvent, ReportOutcome>(async (tx, reported) => {
      const { outcomes, changes } = await evaluateReports(tx, reported);
      await tx.insert(insertEvent, changes.events);
      for (const camera of ["main", "pc"] as const) {
        const ofCamera = changes.statuses.filter((change) => change.camera === camera);
        // Only the last change of each camera is written.
        const last = new Map(
          ofCamera.map(({ stream, examId, roomId, userId, status, now }) => [
            stream,
            { examId, roomId, userId, status, now },
          ]),
        );
        if (last.size > 0) await tx.run(setStatus[camera], { changed: [...last.values()] });
      }
      for (const {
        examId,
        roomId,
        userId,
        camera,
        role,
        status,
        signalTo,
        signal,
        now,
      } of changes.statuses) {
        await events.add(
          tx,
          { examId, roomId },
          "publish_status_changed",
          { userId, role, camera, status },
          now,
        );
        if (signalTo) await tasks.announce(tx, { room: signalTo, signal, data: { userId }, now });
      }
      return outcomes;
    }, grouping),

    async listByRoom({ examId, roomId }, { limit, before = FIRST }) {
      const rows = await erasures.pages(
        examId,
        [(from, most) => storage.all(pageOfRoom, { examId, roomId, before: from, limit: most })],
        { before, limit: limit + 1, kind: "stream_events" },
      );
      const { rows: page, ...next } = pageOf(rows, limit, ({ id }) => id);
      return { events: page.map(toEvent), ...next };
    },
  };
};
