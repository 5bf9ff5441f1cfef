import { type Attempt, attemptAfter, type EntryKind, type ReasonCode, RUNNING } from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import { isRoomOf } from "../storage/conditions.js";
import type { Reader } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { attempts, examEntries, visibleExams, visibleParticipants, visibleRooms } from "../storage/tables.js";
import { attemptColumns, attemptOf, isAttemptOf, plannedMinutes } from "./attempts.js";
import type { Author } from "./calls.js";
import { type EventLog, type NewEvent, newEvent } from "./events.js";
import { type ChangedTimes, timesDetail } from "./exam-entries.js";
import type { ExamTransaction } from "./exam-transaction.js";
import type { RoomKey } from "./room-exams.js";

// Decisions about attempts, as they are written. `attemptAfter` (packages/schema) has the rules.

/** A decision, as it is written about each person. */
export interface NewEntry {
  readonly kind: EntryKind;
  readonly detail?: string | null;
  readonly minutes?: number | null;
  readonly reason?: ReasonCode | null;
  readonly note?: string | null;
  readonly message?: string | null;
  readonly key?: string | null;
}

export interface DecidedAttempt {
  readonly userId: string;
  readonly after: Attempt;
}

const upsertAttempts = statement((dialect) =>
  query
    .insert(attempts)
    .select(
      sql`SELECT changed."examId", changed."userId", changed."status", changed."since", changed."givesBack", changed."pausedMs", changed."extendedMinutes", changed."updatedAt"
        FROM ${dialect.rows("changed", { examId: "text", userId: "text", status: "text", since: "time", givesBack: "flag", pausedMs: "integer", extendedMinutes: "integer", updatedAt: "time" })} WHERE true`,
    )
    .onConflictDoUpdate({
      target: [attempts.examId, attempts.userId],
      set: {
        status: sql`excluded.status`,
        since: sql`excluded.since`,
        givesBack: sql`excluded.gives_back`,
        pausedMs: sql`excluded.paused_ms`,
        extendedMinutes: sql`excluded.extended_minutes`,
        updatedAt: sql`excluded.updated_at`,
      },
    }),
);
const insertEntries = insertion(examEntries, { ids: "given" });
const openPauses = statement(
  query
    .select({
      userId: visibleParticipants.userId,
      startTime: visibleExams.startTime,
      endTime: visibleExams.endTime,
      extraMinutes: plannedMinutes(visibleParticipants),
      attempt: attemptColumns,
    })
    .from(visibleParticipants)
    .innerJoin(attempts, and(isAttemptOf(visibleParticipants), eq(attempts.status, "paused")))
    .innerJoin(visibleExams, eq(visibleExams.id, visibleParticipants.examId))
    .where(
      and(
        eq(visibleParticipants.examId, param("examId")),
        eq(visibleParticipants.roomId, param("roomId")),
        eq(visibleParticipants.role, "examinee"),
      ),
    ),
);
const seatsOfPeople = statement((dialect) =>
  query
    .select({
      userId: visibleParticipants.userId,
      roomId: visibleRooms.id,
      status: visibleRooms.status,
      imServer: visibleRooms.imServer,
    })
    .from(visibleParticipants)
    .innerJoin(visibleRooms, isRoomOf(visibleRooms, visibleParticipants))
    .where(
      and(
        eq(visibleParticipants.examId, param("examId")),
        eq(visibleParticipants.role, "examinee"),
        dialect.isAnyOf(visibleParticipants.userId, "userIds"),
      ),
    ),
);
/** Returns the seats of examinees in the rooms of an exam. */
export const readSeats = (reader: Reader, examId: string, userIds: readonly string[]) =>
  reader.all(seatsOfPeople, { examId, userIds });

/**
 * Prepares to write decisions about people: their attempts, entries, and an event for each of their seats. Returns a function that starts all
 * statements at once, and the events, which the caller may add together with others.
 */
export const prepareDecisions = (
  tx: ExamTransaction,
  { examId, roomId }: RoomKey,
  people: readonly DecidedAttempt[],
  {
    entry,
    ids,
    seats,
    author,
    now,
  }: {
    readonly entry: NewEntry;
    /** Ids for the entries. There may be more than people. */
    readonly ids: readonly number[];
    readonly seats: readonly Pick<Awaited<ReturnType<typeof readSeats>>[number], "userId" | "roomId">[];
    readonly author: Pick<Author, "userId" | "role">;
    readonly now: Date;
  },
): { readonly write: () => Promise<unknown>; readonly events: readonly NewEvent[] } => {
  const rows = people.map(({ userId }, index) => {
    const id = ids[index];
    if (id === undefined) throw new Error("an entry was given no id");
    const by = { byUserId: author.userId, byRole: author.role };
    return { id, examId, roomId, userId, ...by, ...entry, createdAt: now };
  });
  const changed = people.map(({ userId, after }) => ({
    examId,
    userId,
    ...after,
    since: after.since ?? null,
    updatedAt: now,
  }));
  const byPerson = new Map(people.map(({ userId, after }) => [userId, after]));
  const changes = seats.flatMap((seat): NewEvent[] => {
    const after = byPerson.get(seat.userId);
    if (!after) return [];
    const place = { examId, roomId: seat.roomId };
    return [newEvent(place, "attempt_changed", { userId: seat.userId, role: "examinee", ...after }, now)];
  });
  const [from, to] = [ids[0], ids[people.length - 1]];
  const added =
    from === undefined || to === undefined
      ? []
      : [newEvent({ examId, roomId }, "entries_added", { from, to }, now)];
  return {
    write: () => Promise.all([tx.run(upsertAttempts, { changed }), tx.insert(insertEntries, rows)]),
    events: [...changes, ...added],
  };
};

/** A person for whom the times of an exam change, and the room in which they sit it. */
export interface PersonOfChangedTimes extends ChangedTimes {
  readonly userId: string;
  readonly roomId: string;
}
/** Prepares to write an entry for each person for whom the times of an exam change. Returns a function that writes them, and their events. */
export const prepareTimesEntries = async (
  tx: ExamTransaction,
  examId: string,
  people: readonly PersonOfChangedTimes[],
  {
    reason,
    author,
    now,
  }: {
    readonly reason: Pick<NewEntry, "reason" | "note" | "message">;
    readonly author: Pick<Author, "userId" | "role">;
    readonly now: Date;
  },
): Promise<{ readonly write: () => Promise<unknown>; readonly events: readonly NewEvent[] }> => {
  if (people.length === 0) return { write: () => Promise.resolve(), events: [] };
  const ids = await tx.ids(examEntries, people.length);
  const by = { byUserId: author.userId, byRole: author.role };
  // The ids of a room's entries follow each other, so that one event tells of them.
  const ordered = people.toSorted((one, other) =>
    one.roomId < other.roomId ? -1 : Number(one.roomId > other.roomId),
  );
  const rows = ordered.map(({ userId, roomId, ...times }, index) => {
    const id = ids[index];
    if (id === undefined) throw new Error("an entry was given no id");
    const entry = { kind: "times" as const, detail: timesDetail(times), ...reason };
    return { id, examId, roomId, userId, ...by, ...entry, createdAt: now };
  });
  const rooms = new Map<string, { readonly from: number; readonly to: number }>();
  for (const { id, roomId } of rows) rooms.set(roomId, { from: rooms.get(roomId)?.from ?? id, to: id });
  return {
    write: () => tx.insert(insertEntries, rows),
    events: [...rooms].map(([roomId, range]) => newEvent({ examId, roomId }, "entries_added", range, now)),
  };
};

/** Prepares to end the open pauses of people in a room that ends. Returns a function that starts all further statements at once. */
export const preparePausesEnd = async (
  tx: ExamTransaction,
  room: RoomKey,
  { events, author, now }: { readonly events: EventLog; readonly author: Author; readonly now: Date },
): Promise<() => Promise<unknown>> => {
  const paused = await tx.all(openPauses, { ...room });
  if (paused.length === 0) return () => Promise.resolve();
  const decided = paused.flatMap(({ userId, attempt: row, ...exam }): DecidedAttempt[] => {
    const after = attemptAfter(attemptOf(row) ?? RUNNING, { kind: "resume" }, { exam, now });
    return typeof after === "string" ? [] : [{ userId, after }];
  });
  const [ids, seats] = await Promise.all([
    tx.ids(examEntries, decided.length),
    readSeats(
      tx,
      room.examId,
      decided.map(({ userId }) => userId),
    ),
  ]);
  const entry = { kind: "resume" } as const;
  const { write, events: changes } = prepareDecisions(tx, room, decided, { entry, ids, seats, author, now });
  return () => Promise.all([write(), events.addAll(tx, changes)]);
};
