import type { ImServer, ParticipantRole, RoomStatus } from "@invigil/schema";
import { and, asc, eq, exists, gt, ne, type SQL, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { isRoomOf } from "../storage/conditions.js";
import type { Reader } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { participants, rooms, unseated } from "../storage/tables.js";
import { eraseRoom } from "./bulk/erase-exam.js";
import { type EventLog, newEvent } from "./events.js";
import type { RosterTransaction } from "./exam-transaction.js";
import { deletePerson } from "./people.js";
import type { SeatKey } from "./seats.js";
import { type Trace, traceOfSeat } from "./traces.js";
import type { RoomOfGroups, TaskLog } from "./vendor-tasks.js";

interface UnseatingDeps {
  readonly tasks: TaskLog;
  readonly events: EventLog;
  readonly now: Date;
}

/**
 * Prepares to delete a room that was not used, with its `createTeacher` and its groups. Returns a function that starts all further statements
 * at once.
 */
export const prepareRoomDeletion = async (
  tx: RosterTransaction,
  { id: roomId, examId, status, imServer }: RoomOfGroups & { readonly status: RoomStatus },
  { tasks, events, now }: UnseatingDeps,
): Promise<() => Promise<unknown>> => {
  await eraseRoom(tx, { examId, roomId });
  return () =>
    Promise.all([
      // The groups of rooms that have ended are being deleted already.
      status === "in_progress" &&
        tasks.deleteGroups(tx, { id: roomId, examId, imServer }, { dueAt: now, now }),
      events.add(tx, { examId, roomId }, "room_deleted", {}, now),
    ]);
};

/** A person in a room, with what decides whether they can be unseated. */
export interface Seat {
  readonly seq: number;
  readonly roomId: string;
  readonly roomName: string;
  readonly userId: string;
  readonly role: ParticipantRole;
  readonly name: string;
  readonly extraMinutes: number;
  readonly imServer: readonly ImServer[];
  readonly createTeacher: string;
  readonly trace: Trace | null;
  readonly hasOtherRoom: boolean;
}
const other = alias(participants, "other");
const seats = (isOtherRoom: SQL) =>
  query
    .select({
      seq: participants.seq,
      roomId: participants.roomId,
      roomName: rooms.name,
      userId: participants.userId,
      role: participants.role,
      name: participants.name,
      extraMinutes: participants.extraMinutes,
      imServer: rooms.imServer,
      createTeacher: rooms.createTeacher,
      trace: traceOfSeat,
      hasOtherRoom: exists(
        query
          .select({ one: sql`1` })
          .from(other)
          .where(
            and(eq(other.examId, participants.examId), eq(other.userId, participants.userId), isOtherRoom),
          ),
      ).mapWith(Boolean),
    })
    .from(participants)
    .innerJoin(rooms, isRoomOf(rooms, participants));
const inRoom = (isPerson: SQL) =>
  statement(
    seats(ne(other.roomId, participants.roomId)).where(
      and(eq(participants.examId, param("examId")), eq(participants.roomId, param("roomId")), isPerson),
    ),
  );
const seatInRoom = inRoom(eq(participants.userId, param("userId")));
/** The `createTeacher` of a room, if they are in it. */
export const seatOfCreateTeacher = inRoom(eq(participants.userId, rooms.createTeacher));
/** The people whom a plan seated, after one of them. Rooms in which it seated them do not count as other rooms. */
export const seatsOfPlan = statement(
  seats(sql`coalesce(${other.plan}, 0) <> ${param("plan")}`)
    .where(
      and(
        eq(participants.examId, param("examId")),
        gt(participants.seq, param("after")),
        eq(participants.plan, param("plan")),
      ),
    )
    .orderBy(asc(participants.seq))
    .limit(param("limit")),
);
export const readSeat = (reader: Reader, { examId, roomId, userId }: SeatKey): Promise<Seat | undefined> =>
  reader.get(seatInRoom, { examId, roomId, userId });

const insertUnseated = insertion(unseated, { onConflict: "ignore" });

/**
 * Prepares to remove a person who has not entered from a room and its groups. If they have no other room in the exam, they are unseated again,
 * last of all. Returns a function that starts all further statements at once.
 */
export const prepareUnseating = async (
  tx: RosterTransaction,
  examId: string,
  { roomId, userId, role, name, extraMinutes, imServer, hasOtherRoom }: Seat,
  { tasks, events, now }: UnseatingDeps,
): Promise<() => Promise<unknown>> => {
  const [evict] = await Promise.all([
    tasks.prepareEviction(tx, { id: roomId, examId, imServer }, { userId, role }, now),
    deletePerson(tx, { examId, roomId, userId }, { streamsStay: false, now }),
  ]);
  return () =>
    Promise.all([
      evict(),
      !hasOtherRoom &&
        tx.insert(insertUnseated, [
          { examId, userId, role, name, extraMinutes, createdAt: now, updatedAt: now },
        ]),
      events.addAll(tx, [newEvent({ examId, roomId }, "participant_removed", { userId, role }, now)]),
    ]);
};
