import type { Camera, ImServer, ParticipantRole, PublishStatus } from "@invigil/schema";
import { and, count, eq, sql } from "drizzle-orm";
import type { Reader, Transaction } from "../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../storage/statement.js";
import { exams, participants, rooms, streamNames, unseated, visibleParticipants } from "../storage/tables.js";
import { noteRoomExam, type RoomKey } from "./room-exams.js";
import { seatNewcomer } from "./seats.js";
import { readPublishStatus } from "./stream-status.js";

// Exams, rooms and people. Several stores write them.

/** A stream would have the same name as the stream of another person. This can happen with ids that contain hyphens. */
export class StreamNameTaken extends Error {
  override readonly name = "StreamNameTaken";

  constructor(readonly person: { readonly roomId: string; readonly userId: string }) {
    super(`the name of a stream of ${person.userId} in the room ${person.roomId} is taken`);
  }
}

export type NewExam = typeof exams.$inferInsert;

export interface NewRoom {
  readonly id: string;
  readonly examId: string;
  readonly name: string;
  readonly imServer: readonly ImServer[];
  readonly createTeacher: string;
  readonly now: Date;
}

export interface NewPerson {
  readonly examId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly role: ParticipantRole;
  readonly name: string;
  /** Default: those with which the person waited for a room in this role, or 0. */
  readonly extraMinutes?: number | undefined;
  /** The names of the person's two streams. */
  readonly streams: { readonly main: string; readonly pc: string };
  readonly now: Date;
}

/** A person who was added to a room. */
export interface Arrival {
  readonly userId: string;
  readonly role: ParticipantRole;
  readonly name: string;
  readonly extraMinutes: number;
  readonly publishStatus: Readonly<Record<Camera, PublishStatus>>;
}

const rolesOfPeople = statement((dialect) =>
  query
    .select({
      roomId: visibleParticipants.roomId,
      userId: visibleParticipants.userId,
      role: visibleParticipants.role,
    })
    .from(dialect.rows("people", { examId: "text", roomId: "text", userId: "text" }))
    .innerJoin(
      visibleParticipants,
      and(
        eq(visibleParticipants.examId, sql`people."examId"`),
        eq(visibleParticipants.roomId, sql`people."roomId"`),
        eq(visibleParticipants.userId, sql`people."userId"`),
      ),
    ),
);
const insertExams = insertion(exams);
const insertRooms = insertion(rooms);
const insertParticipants = insertion(participants);
const insertStreamNames = insertion(streamNames, { onConflict: "ignore" });

const isWaiting = and(eq(unseated.examId, param("examId")), eq(unseated.userId, param("userId")));
const waitedWith = { role: unseated.role, extraMinutes: unseated.extraMinutes };
const deleteWaiting = statement(query.delete(unseated).where(isWaiting).returning(waitedWith));
const markWaiting = statement(
  query
    .update(unseated)
    .set({ removedBy: rawParam<number>("changeId") })
    .where(isWaiting)
    .returning(waitedWith),
);
const ownerOfStream = statement(
  query
    .select({ roomId: streamNames.roomId, userId: streamNames.userId })
    .from(streamNames)
    .where(eq(streamNames.name, param("name"))),
);
const deleteStreams = statement(
  query
    .delete(streamNames)
    .where(
      and(
        eq(streamNames.examId, param("examId")),
        eq(streamNames.roomId, param("roomId")),
        eq(streamNames.userId, param("userId")),
      ),
    ),
);
const isInRoom = and(eq(participants.examId, param("examId")), eq(participants.roomId, param("roomId")));
const deleteParticipant = statement(
  query.delete(participants).where(and(isInRoom, eq(participants.userId, param("userId")))),
);
const countedParticipants = query
  .select({ seq: participants.seq })
  .from(participants)
  .where(isInRoom)
  .limit(param("most"))
  .as("counted");
const sizeOfRoom = statement(query.select({ number: count() }).from(countedParticipants));

/** Writes an exam. */
export const insertExam = async (tx: Transaction, exam: NewExam): Promise<void> => {
  await tx.insert(insertExams, [exam]);
};

/** Writes a room in progress without people. If a bulk change adds it, readers see it once the change is announced. */
export const insertRoom = async (
  tx: Transaction,
  { now, imServer, ...room }: NewRoom & { readonly imServer: readonly ImServer[] },
  addedBy: number | null = null,
): Promise<void> => {
  await noteRoomExam(tx, { roomId: room.id, examId: room.examId });
  await tx.insert(insertRooms, [
    {
      ...room,
      imServer,
      status: "in_progress",
      audioStatus: "silent",
      createdAt: now,
      updatedAt: now,
      addedBy,
    },
  ]);
};

/** Writes the name of a camera's stream. Returns whether the name is new. @throws StreamNameTaken */
const insertStreamName = async (
  tx: Transaction,
  name: string,
  {
    examId,
    roomId,
    userId,
    camera,
    addedBy,
  }: { examId: string; roomId: string; userId: string; camera: Camera; addedBy: number | null },
): Promise<boolean> => {
  const owner = await tx.get(ownerOfStream, { name });
  if (owner && (owner.roomId !== roomId || owner.userId !== userId))
    throw new StreamNameTaken({ roomId, userId });
  if (!owner) await tx.insert(insertStreamNames, [{ name, examId, roomId, userId, camera, addedBy }]);
  return !owner;
};

/**
 * Adds a person to a room, with the names of both their streams. The person no longer waits for a room, even if they waited in another
 * role. If a bulk change adds the person, readers see them once the change is announced.
 * @throws StreamNameTaken
 */
export const insertPerson = async (
  tx: Transaction,
  { streams, examId, roomId, userId, role, name, extraMinutes, now }: NewPerson,
  addedBy: number | null = null,
): Promise<Arrival> => {
  const waiting = await (addedBy === null
    ? tx.get(deleteWaiting, { examId, userId })
    : tx.get(markWaiting, { examId, userId, changeId: addedBy }));
  const status = async (camera: Camera): Promise<PublishStatus> => {
    const page = { examId, roomId, userId, camera };
    const isNew = await insertStreamName(tx, streams[camera], { ...page, addedBy });
    // If the person was in the room before, their streams may have continued, and reports about them were stored.
    return isNew ? "idle" : readPublishStatus(tx, page);
  };
  const publishStatus = { main: await status("main"), pc: await status("pc") };
  const arrival = {
    userId,
    role,
    name,
    extraMinutes: extraMinutes ?? (waiting?.role === role ? waiting.extraMinutes : 0),
  };
  await tx.insert(insertParticipants, [
    {
      examId,
      roomId,
      ...arrival,
      mainPublishStatus: publishStatus.main,
      pcPublishStatus: publishStatus.pc,
      createdAt: now,
      updatedAt: now,
      addedBy,
    },
  ]);
  await seatNewcomer(tx, { examId, roomId, userId });
  return { ...arrival, publishStatus };
};

/** Removes a person from a room. With `streamsStay`, the names of their streams remain, because recordings use them. */
export const deletePerson = async (
  tx: Transaction,
  { examId, roomId, userId }: RoomKey & { readonly userId: string },
  { streamsStay }: { streamsStay: boolean },
): Promise<void> => {
  if (!streamsStay) await tx.run(deleteStreams, { examId, roomId, userId });
  await tx.run(deleteParticipant, { examId, roomId, userId });
};

/** Returns those of the people who are in their rooms, with their roles there. */
export const readRoles = (
  reader: Reader,
  people: readonly (RoomKey & { readonly userId: string })[],
): Promise<{ roomId: string; userId: string; role: ParticipantRole }[]> =>
  reader.all(rolesOfPeople, { people });

/** Counts the people of a room, up to a maximum. */
export const readRoomSize = async (
  reader: Reader,
  { examId, roomId }: RoomKey,
  most: number,
): Promise<number> => (await reader.get(sizeOfRoom, { examId, roomId, most }))?.number ?? 0;
