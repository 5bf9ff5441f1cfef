import type { Camera, ImServer, ParticipantRole, PublishStatus } from "@invigil/schema";
import { and, count, eq, inArray, sql } from "drizzle-orm";
import type { Queries } from "./client.js";
import { newcomerSeater } from "./seat-generations.js";
import { lastStatus } from "./stream-status.js";
import {
  cheatRecords,
  exams,
  participants,
  recordedPeople,
  rooms,
  streamEvents,
  streamNames,
  unseated,
} from "./tables.js";

/** A camera's stream would have the name of another person's: ids that hold hyphens can add up to the same text. */
export class StreamNameTaken extends Error {
  override readonly name = "StreamNameTaken";

  constructor(readonly person: { readonly roomId: string; readonly userId: string }) {
    super(`the name of a stream of ${person.userId} in the room ${person.roomId} is taken`);
  }
}

// What more than one store writes or checks inside its transaction.

export type NewExam = typeof exams.$inferInsert;

/** Writes an exam. */
export const insertExam = (queries: Queries, exam: NewExam): void => {
  queries.insert(exams).values(exam).run();
};

export interface NewRoom {
  readonly id: string;
  readonly examId: string;
  readonly name: string;
  readonly imServer: readonly ImServer[];
  readonly createTeacher: string;
  readonly now: Date;
}

/** Writes a room in progress, silent and without people. */
export const insertRoom = (queries: Queries, { now, ...room }: NewRoom): void => {
  queries
    .insert(rooms)
    .values({ ...room, status: "in_progress", audioStatus: "silent", createdAt: now, updatedAt: now })
    .run();
};

export interface NewPerson {
  readonly roomId: string;
  readonly userId: string;
  readonly role: ParticipantRole;
  readonly name: string;
  /** Absent: those that it waited for a room with in this role, or none. */
  readonly extraMinutes?: number | undefined;
  /** The names of the person's two streams. */
  readonly streams: { readonly main: string; readonly pc: string };
  readonly now: Date;
}

/** Somebody as it came into a room. */
export interface Arrived {
  readonly userId: string;
  readonly role: ParticipantRole;
  readonly name: string;
  readonly extraMinutes: number;
  readonly publishStatus: Readonly<Record<Camera, PublishStatus>>;
}

/**
 * Makes the function that writes people into rooms, each with the names of both its streams. Who gets a room
 * waits for one no longer, also where it waited in another role.
 */
export const personInserter = (queries: Queries) => {
  const examId = queries
    .select({ examId: rooms.examId })
    .from(rooms)
    .where(eq(rooms.id, sql.placeholder("roomId")));
  const waited = queries
    .delete(unseated)
    .where(and(eq(unseated.examId, examId), eq(unseated.userId, sql.placeholder("userId"))))
    .returning({ role: unseated.role, extraMinutes: unseated.extraMinutes })
    .prepare();
  const person = queries
    .insert(participants)
    .values({
      roomId: sql.placeholder("roomId"),
      userId: sql.placeholder("userId"),
      role: sql.placeholder("role"),
      name: sql.placeholder("name"),
      extraMinutes: sql.placeholder("extraMinutes"),
      mainPublishStatus: sql.placeholder("main"),
      pcPublishStatus: sql.placeholder("pc"),
      createdAt: sql.placeholder("now"),
      updatedAt: sql.placeholder("now"),
    })
    .prepare();
  const stream = queries
    .insert(streamNames)
    .values({
      name: sql.placeholder("name"),
      roomId: sql.placeholder("roomId"),
      userId: sql.placeholder("userId"),
      camera: sql.placeholder("camera"),
    })
    // Who comes back to a room has its names there already.
    .onConflictDoNothing()
    .prepare();
  const owner = queries
    .select({ roomId: streamNames.roomId, userId: streamNames.userId })
    .from(streamNames)
    .where(eq(streamNames.name, sql.placeholder("name")))
    .prepare();
  /** @throws StreamNameTaken */
  const insertStream = (
    name: string,
    { roomId, userId, camera }: { roomId: string; userId: string; camera: Camera },
  ): boolean => {
    if (stream.run({ name, roomId, userId, camera }).changes > 0) return true;
    const has = owner.get({ name });
    if (has?.roomId !== roomId || has.userId !== userId) throw new StreamNameTaken({ roomId, userId });
    return false;
  };
  const statusOf = lastStatus(queries);
  const seatNewcomer = newcomerSeater(queries);
  return ({ streams, roomId, userId, role, name, extraMinutes, now }: NewPerson): Arrived => {
    const before = waited.get({ roomId, userId });
    const waitedWith = before?.role === role ? before.extraMinutes : 0;
    const isNew = { main: true, pc: true };
    for (const camera of ["main", "pc"] as const)
      isNew[camera] = insertStream(streams[camera], { roomId, userId, camera });
    // Its streams went on while it was elsewhere, and what was reported of them was kept.
    const status = (camera: Camera) => (isNew[camera] ? "idle" : statusOf({ roomId, userId, camera }));
    const publishStatus = { main: status("main"), pc: status("pc") };
    const arrived = { userId, role, name, extraMinutes: extraMinutes ?? waitedWith };
    person.run({ roomId, ...arrived, ...publishStatus, now });
    seatNewcomer(roomId, userId);
    return { ...arrived, publishStatus };
  };
};

/** What was recorded about a person: in a room, or in all of an exam's, also those that it was moved out of. */
export type RecordsOf = { readonly userId: string } & (
  | { readonly roomId: string }
  | { readonly examId: string }
);

/** Through the rooms, in each of which records and events are found by person. */
const areAbout = (queries: Queries, table: typeof recordedPeople | typeof streamEvents, of: RecordsOf) =>
  and(
    eq(table.userId, of.userId),
    "roomId" in of
      ? eq(table.roomId, of.roomId)
      : inArray(
          table.roomId,
          queries.select({ id: rooms.id }).from(rooms).where(eq(rooms.examId, of.examId)),
        ),
  );

/** Records of all in a room are looked through only where some are about the person. */
const recordsAbout = (queries: Queries, of: RecordsOf) =>
  and(
    eq(cheatRecords.userId, of.userId),
    inArray(
      cheatRecords.roomId,
      queries
        .select({ id: recordedPeople.roomId })
        .from(recordedPeople)
        .where(areAbout(queries, recordedPeople, of)),
    ),
  );

/** How much was recorded about a person. */
export const countRecords = (queries: Queries, of: RecordsOf): number =>
  queries.select({ records: count() }).from(cheatRecords).where(recordsAbout(queries, of)).get()?.records ??
  0;

/** Deletes what was recorded about a person, and what was reported of its streams. */
export const deleteRecords = (queries: Queries, of: RecordsOf): void => {
  queries.delete(cheatRecords).where(recordsAbout(queries, of)).run();
  for (const table of [recordedPeople, streamEvents])
    queries
      .delete(table)
      .where(areAbout(queries, table, of))
      .run();
};

/** Takes a person out of a room. Its streams keep their names where `streamsStay`: recordings carry them. */
export const deletePerson = (
  queries: Queries,
  roomId: string,
  userId: string,
  { streamsStay }: { streamsStay: boolean },
): void => {
  if (!streamsStay)
    queries
      .delete(streamNames)
      .where(and(eq(streamNames.roomId, roomId), eq(streamNames.userId, userId)))
      .run();
  queries
    .delete(participants)
    .where(and(eq(participants.roomId, roomId), eq(participants.userId, userId)))
    .run();
};
