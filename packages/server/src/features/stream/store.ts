import {
  type Camera,
  type StreamAction,
  type StreamEvent,
  type StreamEventPage,
  signals,
} from "@invigil/schema";
import { and, desc, eq, gt, lt, ne, sql } from "drizzle-orm";
import { createErasedRows } from "../../domain/bulk/erased.js";
import type { EventWriter } from "../../domain/events.js";
import { STATUS_AFTER } from "../../domain/stream-status.js";
import type { TaskWriter } from "../../domain/vendor-tasks.js";
import type { Database } from "../../storage/sqlite/client.js";
import { participants, visibleRooms as rooms, streamEvents, streamNames } from "../../storage/tables.js";

/** An event as it came. */
export interface NewEvent {
  /** The stream's name. */
  readonly stream: string;
  /** The stream that it would be a transcoded copy of. */
  readonly original: string | undefined;
  readonly action: StreamAction;
  readonly eventTime: Date;
  readonly ip: string;
  readonly node: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly now: Date;
}

/** `copy`: of one of our streams, and nothing was kept. `repeat`: it was kept before. */
export type ReportOutcome = "kept" | "repeat" | "copy" | "unknown";

export interface StreamStore {
  /**
   * Keeps an event and gives the camera the status that the newest of its events means, by their own times; of two
   * at the same time, the one that came later. Announces a change to the room, while that is in progress.
   */
  report(event: NewEvent): Promise<ReportOutcome>;
  /** The last that came first; `before` is the last id of the page before. */
  listByRoom(roomId: string, page: { limit: number; before: number | undefined }): Promise<StreamEventPage>;
}

/** What the apps are told: the person's own id, for either camera. */
const SIGNAL = {
  publish: signals.streamPublished,
  publish_done: signals.streamStopped,
} as const satisfies Record<StreamAction, object>;

/** The first page starts above every id. */
const FIRST = Number.MAX_SAFE_INTEGER;

export const createStreamStore = ({
  db,
  tasks,
  events,
}: {
  db: Database;
  tasks: TaskWriter;
  events: EventWriter;
}): StreamStore => {
  const { queries, write } = db;
  const ownerOf = queries
    .select({
      roomId: streamNames.roomId,
      userId: streamNames.userId,
      camera: streamNames.camera,
      roomStatus: rooms.status,
      imServer: rooms.imServer,
    })
    .from(streamNames)
    .innerJoin(rooms, eq(rooms.id, streamNames.roomId))
    .where(eq(streamNames.name, sql.placeholder("name")))
    .prepare();
  const insert = queries
    .insert(streamEvents)
    .values({
      roomId: sql.placeholder("roomId"),
      userId: sql.placeholder("userId"),
      camera: sql.placeholder("camera"),
      action: sql.placeholder("action"),
      eventTime: sql.placeholder("eventTime"),
      ip: sql.placeholder("ip"),
      node: sql.placeholder("node"),
      width: sql.placeholder("width"),
      height: sql.placeholder("height"),
      createdAt: sql.placeholder("now"),
    })
    .onConflictDoNothing()
    .prepare();
  const newer = queries
    .select({ id: streamEvents.id })
    .from(streamEvents)
    .where(
      and(
        eq(streamEvents.roomId, sql.placeholder("roomId")),
        eq(streamEvents.userId, sql.placeholder("userId")),
        eq(streamEvents.camera, sql.placeholder("camera")),
        gt(streamEvents.eventTime, sql.placeholder("time")),
      ),
    )
    .limit(1)
    .prepare();
  const setStatusOf = (camera: Camera) => {
    const column = camera === "main" ? "mainPublishStatus" : "pcPublishStatus";
    return queries
      .update(participants)
      .set({ [column]: sql`${sql.placeholder("status")}`, updatedAt: sql`${sql.placeholder("at")}` })
      .where(
        and(
          eq(participants.roomId, sql.placeholder("roomId")),
          eq(participants.userId, sql.placeholder("userId")),
          ne(participants[column], sql.placeholder("status")),
        ),
      )
      .returning({ role: participants.role })
      .prepare();
  };
  const setStatus = { main: setStatusOf("main"), pc: setStatusOf("pc") };
  const page = queries
    .select()
    .from(streamEvents)
    .where(
      and(eq(streamEvents.roomId, sql.placeholder("roomId")), lt(streamEvents.id, sql.placeholder("before"))),
    )
    .orderBy(desc(streamEvents.id))
    .limit(sql.placeholder("limit"))
    .prepare();

  const roomById = queries
    .select({ examId: rooms.examId })
    .from(rooms)
    .where(eq(rooms.id, sql.placeholder("roomId")))
    .prepare();
  const erased = createErasedRows(db);

  const toEvent = ({ width, height, ...row }: ReturnType<(typeof page)["all"]>[number]): StreamEvent => ({
    ...row,
    ...(width !== null && { width }),
    ...(height !== null && { height }),
  });

  return {
    report: ({ stream, original, now, ...event }) =>
      write(() => {
        const owner = ownerOf.get({ name: stream });
        if (!owner) return original !== undefined && ownerOf.get({ name: original }) ? "copy" : "unknown";
        const { roomId, userId, camera } = owner;
        if (insert.run({ roomId, userId, camera, ...event, now }).changes === 0) return "repeat";
        if (newer.get({ roomId, userId, camera, time: event.eventTime.getTime() })) return "kept";
        const status = STATUS_AFTER[event.action];
        const changed = setStatus[camera].get({ roomId, userId, status, at: now.getTime() });
        if (!changed) return "kept";
        const { role } = changed;
        events.add(roomId, "publish_status_changed", { userId, role, camera, status }, now);
        if (owner.roomStatus === "in_progress")
          tasks.announce({
            room: { id: roomId, imServer: owner.imServer },
            signal: SIGNAL[event.action].type,
            data: { userId },
            now,
          });
        return "kept";
      }),

    async listByRoom(roomId, { limit, before = FIRST }) {
      // One row more than the page was asked for tells whether anything is left.
      const rows = await erased.page(
        (from, some) => page.all({ roomId, before: from, limit: some }),
        { before, limit: limit + 1, kind: "stream_events" },
        () => roomById.get({ roomId })?.examId ?? "",
      );
      const events = rows.slice(0, limit).map(toEvent);
      const last = events.at(-1);
      return { events, ...(rows.length > limit && last && { nextCursor: last.id }) };
    },
  };
};
