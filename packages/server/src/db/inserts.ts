import type { ParticipantRole } from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import type { Queries } from "./client.js";
import { cheatRecords, exams, participants, rooms, streamNames, unseated } from "./tables.js";

// What more than one store writes or checks inside its transaction.

export type NewExam = typeof exams.$inferInsert;

/** Writes an exam. */
export const insertExam = (queries: Queries, exam: NewExam): void => {
  queries.insert(exams).values(exam).run();
};

export interface NewPerson {
  readonly roomId: string;
  readonly userId: string;
  readonly role: ParticipantRole;
  readonly name: string;
  /** Absent: those that it waited for a room with, or none. */
  readonly extraMinutes?: number | undefined;
  /** The names of the person's two streams. */
  readonly streams: { readonly main: string; readonly pc: string };
  readonly now: Date;
}

/**
 * Makes the function that writes people into rooms, each with the names of both its streams. Who gets a room
 * waits for one no longer.
 */
export const personInserter = (queries: Queries) => {
  const examId = queries
    .select({ examId: rooms.examId })
    .from(rooms)
    .where(eq(rooms.id, sql.placeholder("roomId")));
  const waited = queries
    .delete(unseated)
    .where(
      and(
        eq(unseated.examId, examId),
        eq(unseated.userId, sql.placeholder("userId")),
        eq(unseated.role, sql.placeholder("role")),
      ),
    )
    .returning({ extraMinutes: unseated.extraMinutes })
    .prepare();
  const person = queries
    .insert(participants)
    .values({
      roomId: sql.placeholder("roomId"),
      userId: sql.placeholder("userId"),
      role: sql.placeholder("role"),
      name: sql.placeholder("name"),
      extraMinutes: sql.placeholder("extraMinutes"),
      mainPublishStatus: "idle",
      pcPublishStatus: "idle",
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
    .onConflictDoNothing({ target: [streamNames.roomId, streamNames.userId, streamNames.camera] })
    .prepare();
  return ({ streams, roomId, userId, role, name, extraMinutes, now }: NewPerson): void => {
    const before = waited.get({ roomId, userId, role });
    person.run({ roomId, userId, role, name, extraMinutes: extraMinutes ?? before?.extraMinutes ?? 0, now });
    for (const camera of ["main", "pc"] as const)
      stream.run({ name: streams[camera], roomId, userId, camera });
  };
};

/** Whether anything was recorded about a person in a room. */
export const hasRecords = (queries: Queries, roomId: string, userId: string): boolean =>
  queries
    .select({ id: cheatRecords.id })
    .from(cheatRecords)
    .where(and(eq(cheatRecords.roomId, roomId), eq(cheatRecords.userId, userId)))
    .limit(1)
    .get() !== undefined;
