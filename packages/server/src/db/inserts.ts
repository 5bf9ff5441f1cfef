import type { ParticipantRole } from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import type { Queries } from "./client.js";
import { cheatRecords, exams, participants, streamNames } from "./tables.js";

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
  /** The names of the person's two streams. */
  readonly streams: { readonly main: string; readonly pc: string };
  readonly now: Date;
}

/** Makes the function that writes people into rooms, each with the names of both its streams. */
export const personInserter = (queries: Queries) => {
  const person = queries
    .insert(participants)
    .values({
      roomId: sql.placeholder("roomId"),
      userId: sql.placeholder("userId"),
      role: sql.placeholder("role"),
      name: sql.placeholder("name"),
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
    .prepare();
  return ({ streams, roomId, userId, role, name, now }: NewPerson): void => {
    person.run({ roomId, userId, role, name, now });
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
