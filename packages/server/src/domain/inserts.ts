import type { Camera, ImServer, ParticipantRole, PublishStatus } from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import type { Queries } from "../storage/sqlite/client.js";
import { exams, participants, rooms, streamNames, unseated } from "../storage/tables.js";
import { newcomerSeater } from "./seat-generations.js";
import { lastStatus } from "./stream-status.js";

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

/** Writes a room in progress, silent and without people. With a bulk change, readers see it once that is announced. */
export const insertRoom = (
  queries: Queries,
  { now, ...room }: NewRoom,
  addedBy: number | null = null,
): void => {
  queries
    .insert(rooms)
    .values({
      ...room,
      status: "in_progress",
      audioStatus: "silent",
      createdAt: now,
      updatedAt: now,
      addedBy,
    })
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
 * Makes the function that writes people into rooms, each with the names of both their streams. Who gets a room waits for one no
 * longer, also where they waited in another role. With a bulk change, readers see all of it once that is announced.
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
  const leaves = queries
    .update(unseated)
    .set({ removedBy: sql`${sql.placeholder("changeId")}` })
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
      addedBy: sql`${sql.placeholder("changeId")}`,
    })
    .prepare();
  const stream = queries
    .insert(streamNames)
    .values({
      name: sql.placeholder("name"),
      roomId: sql.placeholder("roomId"),
      userId: sql.placeholder("userId"),
      camera: sql.placeholder("camera"),
      addedBy: sql`${sql.placeholder("changeId")}`,
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
    of: { roomId: string; userId: string; camera: Camera; changeId: number | null },
  ): boolean => {
    if (stream.run({ name, ...of }).changes > 0) return true;
    const { roomId, userId } = of;
    const has = owner.get({ name });
    if (has?.roomId !== roomId || has.userId !== userId) throw new StreamNameTaken({ roomId, userId });
    return false;
  };
  const statusOf = lastStatus(queries);
  const seatNewcomer = newcomerSeater(queries);
  return (
    { streams, roomId, userId, role, name, extraMinutes, now }: NewPerson,
    changeId: number | null = null,
  ): Arrived => {
    const before =
      changeId === null ? waited.get({ roomId, userId }) : leaves.get({ changeId, roomId, userId });
    const waitedWith = before?.role === role ? before.extraMinutes : 0;
    const isNew = { main: true, pc: true };
    for (const camera of ["main", "pc"] as const)
      isNew[camera] = insertStream(streams[camera], { roomId, userId, camera, changeId });
    // Its streams went on while it was elsewhere, and what was reported of them was kept.
    const status = (camera: Camera) => (isNew[camera] ? "idle" : statusOf({ roomId, userId, camera }));
    const publishStatus = { main: status("main"), pc: status("pc") };
    const arrived = { userId, role, name, extraMinutes: extraMinutes ?? waitedWith };
    person.run({ roomId, ...arrived, ...publishStatus, now, changeId });
    seatNewcomer(roomId, userId);
    return { ...arrived, publishStatus };
  };
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
