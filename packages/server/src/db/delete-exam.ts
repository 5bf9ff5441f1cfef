import { and, count, eq, inArray } from "drizzle-orm";
import type { Queries } from "./client.js";
import type { EventWriter } from "./events.js";
import {
  cheatConfigs,
  cheatRecords,
  examAudio,
  exams,
  messageReaders,
  messages,
  mutes,
  participants,
  presence,
  recordedPeople,
  rooms,
  seatGenerations,
  streamEvents,
  streamNames,
  unseated,
} from "./tables.js";
import type { TaskWriter } from "./vendor-tasks.js";

const roomsOf = (queries: Queries, examId: string) =>
  queries.select({ id: rooms.id }).from(rooms).where(eq(rooms.examId, examId));

/** What an exam holds: its rooms, its people in and outside of them, and what was recorded in it. */
export const countExam = (queries: Queries, examId: string) => {
  const counted = { number: count() };
  const seated = queries
    .select(counted)
    .from(participants)
    .where(inArray(participants.roomId, roomsOf(queries, examId)))
    .get();
  const waiting = queries.select(counted).from(unseated).where(eq(unseated.examId, examId)).get();
  const records = queries.select(counted).from(cheatRecords).where(eq(cheatRecords.examId, examId)).get();
  return {
    rooms: roomsOf(queries, examId).all().length,
    people: (seated?.number ?? 0) + (waiting?.number ?? 0),
    records: records?.number ?? 0,
  };
};

/** Deletes an exam with everything that belongs to it: what was recorded in it, and its rooms' groups too. */
export const deleteExam = (
  { queries, tasks, events }: { queries: Queries; tasks: TaskWriter; events: EventWriter },
  { examId, now }: { examId: string; now: Date },
): void => {
  // The groups of those that have ended are being deleted already.
  const open = queries
    .select({ id: rooms.id, imServer: rooms.imServer })
    .from(rooms)
    .where(and(eq(rooms.examId, examId), eq(rooms.status, "in_progress")))
    .all();
  for (const room of open) {
    tasks.deleteGroups(room, { dueAt: now, now });
    events.add(room.id, "room_ended", {}, now);
  }
  const inItsRooms = roomsOf(queries, examId);
  for (const table of [messageReaders, messages, mutes, presence, seatGenerations])
    queries.delete(table).where(inArray(table.roomId, inItsRooms)).run();
  queries.delete(cheatRecords).where(eq(cheatRecords.examId, examId)).run();
  queries.delete(recordedPeople).where(inArray(recordedPeople.roomId, inItsRooms)).run();
  queries.delete(streamEvents).where(inArray(streamEvents.roomId, inItsRooms)).run();
  queries.delete(streamNames).where(inArray(streamNames.roomId, inItsRooms)).run();
  queries.delete(participants).where(inArray(participants.roomId, inItsRooms)).run();
  queries.delete(rooms).where(eq(rooms.examId, examId)).run();
  queries.delete(unseated).where(eq(unseated.examId, examId)).run();
  queries.delete(examAudio).where(eq(examAudio.examId, examId)).run();
  queries.delete(cheatConfigs).where(eq(cheatConfigs.examId, examId)).run();
  queries.delete(exams).where(eq(exams.id, examId)).run();
};
