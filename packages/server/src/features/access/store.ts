import type { Role, Room } from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../../storage/sqlite/client.js";
import {
  visibleExams as exams,
  visibleParticipants as participants,
  roomColumns,
  visibleRooms as rooms,
} from "../../storage/tables.js";

/** A room as it is kept. */
export type StoredRoom = Room & { readonly endedAt: Date | null };

/** What is asked of somebody's room. */
export type RoomOf = Pick<Room, "id" | "status">;

export interface AccessStore {
  /** A room, and what a person is in it. */
  room(roomId: string, userId: string): Promise<{ room: StoredRoom; role: Role | null } | undefined>;
  /** What a person is in a room, for calls that begin by asking so. */
  roleIn(roomId: string, userId: string): Promise<Role | undefined>;
  exam(examId: string): Promise<{ createdBy: string } | undefined>;
  /** The rooms of an exam that a person is in, in one role. */
  roomsOf(examId: string, userId: string, role: Role): Promise<RoomOf[]>;
  /** The same of every exam, oldest first. */
  allRoomsOf(userId: string, role: Role): Promise<RoomOf[]>;
}

export const createAccessStore = ({ db }: { db: Database }): AccessStore => {
  const room = db.queries
    .select({ room: roomColumns, role: participants.role })
    .from(rooms)
    .leftJoin(
      participants,
      and(eq(participants.roomId, rooms.id), eq(participants.userId, sql.placeholder("userId"))),
    )
    .where(eq(rooms.id, sql.placeholder("roomId")))
    .prepare();
  const exam = db.queries
    .select({ createdBy: exams.createdBy })
    .from(exams)
    .where(eq(exams.id, sql.placeholder("examId")))
    .prepare();
  const roomsOfPerson = () =>
    db.queries
      .select({ id: rooms.id, status: rooms.status })
      .from(participants)
      .innerJoin(rooms, eq(rooms.id, participants.roomId));
  const isPerson = and(
    eq(participants.userId, sql.placeholder("userId")),
    eq(participants.role, sql.placeholder("role")),
  );
  const roomsOf = roomsOfPerson()
    .where(and(isPerson, eq(rooms.examId, sql.placeholder("examId"))))
    .prepare();
  const allRoomsOf = roomsOfPerson().where(isPerson).orderBy(participants.roomId).prepare();

  // Every call has asked before whether its token was taken back.
  const options = { withinCalls: true };
  const roomFor = db.remember((roomId: string, userId: string) => room.get({ roomId, userId }), options);
  // The drop-in script's calls have no token to look up: they begin here.
  const roleOf = db.remember((roomId: string, userId: string) => room.get({ roomId, userId })?.role);
  const examOf = db.remember((examId: string) => exam.get({ examId }), options);
  const roomsOfOne = db.remember(
    (examId: string, userId: string, role: Role) => roomsOf.all({ examId, userId, role }),
    options,
  );
  const roomsOfAll = db.remember((userId: string, role: Role) => allRoomsOf.all({ userId, role }), options);

  return {
    room: async (roomId, userId) => roomFor(roomId, userId),
    roleIn: async (roomId, userId) => roleOf(roomId, userId) ?? undefined,
    exam: async (examId) => examOf(examId),
    roomsOf: async (examId, userId, role) => roomsOfOne(examId, userId, role),
    allRoomsOf: async (userId, role) => roomsOfAll(userId, role),
  };
};
