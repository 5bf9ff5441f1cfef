import type { Role, Room } from "@invigil/schema";
import { and, eq } from "drizzle-orm";
import type { RoomExams } from "../../domain/room-exams.js";
import type { Reader, Storage } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import {
  bulkChanges,
  exams,
  participants,
  personChanges,
  roomColumns,
  roomExams,
  rooms,
  visibleExams,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";

export type StoredRoom = Room & { readonly endedAt: Date | null };

export type RoomOfPerson = Pick<Room, "id" | "status">;

export interface AccessStore {
  /** Returns a room and the person's role in it. */
  room(roomId: string, userId: string): Promise<{ room: StoredRoom; role: Role | null } | undefined>;
  /** Returns a person's role in a room. It can be the first read of a call; the other methods cannot. */
  roleIn(roomId: string, userId: string): Promise<Role | undefined>;
  exam(examId: string): Promise<{ createdBy: string } | undefined>;
  /** Returns the rooms of an exam in which the person has this role. */
  roomsOf(examId: string, userId: string, role: Role): Promise<readonly RoomOfPerson[]>;
  /** Returns the rooms of all exams in which the person has this role, oldest first. */
  allRoomsOf(userId: string, role: Role): Promise<readonly RoomOfPerson[]>;
}

const roomWithRole = statement(
  query
    .select({ room: roomColumns, role: visibleParticipants.role })
    .from(visibleRooms)
    .leftJoin(
      visibleParticipants,
      and(
        eq(visibleParticipants.examId, visibleRooms.examId),
        eq(visibleParticipants.roomId, visibleRooms.id),
        eq(visibleParticipants.userId, param("userId")),
      ),
    )
    .where(and(eq(visibleRooms.examId, param("examId")), eq(visibleRooms.id, param("roomId")))),
);
const examById = statement(
  query
    .select({ createdBy: visibleExams.createdBy })
    .from(visibleExams)
    .where(eq(visibleExams.id, param("examId"))),
);
const roomsOfPerson = () =>
  query
    .select({ id: visibleRooms.id, status: visibleRooms.status })
    .from(visibleParticipants)
    .innerJoin(
      visibleRooms,
      and(
        eq(visibleRooms.examId, visibleParticipants.examId),
        eq(visibleRooms.id, visibleParticipants.roomId),
      ),
    );
const isPerson = and(
  eq(visibleParticipants.userId, param("userId")),
  eq(visibleParticipants.role, param("role")),
);
const roomsInExam = statement(
  roomsOfPerson().where(and(isPerson, eq(visibleParticipants.examId, param("examId")))),
);
const roomsInAllExams = statement(roomsOfPerson().where(isPerson).orderBy(visibleParticipants.roomId));

const ROOMS_AND_PEOPLE = [roomExams, rooms, participants, personChanges, bulkChanges] as const;

export const createAccessStore = ({
  storage,
  roomExams: examsOfRooms,
}: {
  storage: Storage;
  roomExams: RoomExams;
}): AccessStore => {
  const readRoom = (reader: Reader, roomId: string, userId: string) =>
    examsOfRooms.find(reader, roomId, (examId) => reader.get(roomWithRole, { examId, roomId, userId }));
  // The token check is the first read of every call, so these reads may rely on it.
  const withinCalls = true;
  const ofPeople = { tables: ROOMS_AND_PEOPLE, withinCalls };
  const room = storage.remember(ofPeople, (reader, roomId: string, userId: string) =>
    readRoom(reader, roomId, userId),
  );
  // Calls of the drop-in script have no token check: this is their first read.
  const roleIn = storage.remember(
    { tables: ROOMS_AND_PEOPLE },
    async (reader, roomId: string, userId: string) =>
      (await readRoom(reader, roomId, userId))?.role ?? undefined,
  );
  const exam = storage.remember({ tables: [exams, bulkChanges], withinCalls }, (reader, examId: string) =>
    reader.get(examById, { examId }),
  );
  const roomsOf = storage.remember(ofPeople, (reader, examId: string, userId: string, role: Role) =>
    reader.all(roomsInExam, { examId, userId, role }),
  );
  const allRoomsOf = storage.remember(ofPeople, (reader, userId: string, role: Role) =>
    reader.all(roomsInAllExams, { userId, role }),
  );
  return { room, roleIn, exam, roomsOf, allRoomsOf };
};
