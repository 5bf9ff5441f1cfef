import {
  type Camera,
  cameraSchema,
  type ImServer,
  type ParticipantRole,
  type PersonFacts,
  type PublishStatus,
  type Room,
} from "@invigil/schema";
import { and, count, eq, sql } from "drizzle-orm";
import { isOfSeat } from "../storage/conditions.js";
import { UniqueError } from "../storage/errors.js";
import type { Reader } from "../storage/port.js";
import { type Dialect, insertion, param, query, rawParam, statement } from "../storage/statement.js";
import {
  exams,
  participants,
  rooms,
  streamNames,
  unseated,
  visibleParticipants,
  visibleRooms,
} from "../storage/tables.js";
import { type NewEvent, newEvent } from "./events.js";
import type { ExamTransaction, RosterTransaction } from "./exam-transaction.js";
import { closeHandOf, closeHands } from "./hands.js";
import { factEvents, readFacts } from "./person-facts.js";
import { type LeftAt, noteStatuses } from "./presence-times.js";
import { noteRoomExam, type RoomKey } from "./room-exams.js";
import { prepareSeat, type SeatKey } from "./seats.js";
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
  /** The number of the plan that makes it. */
  readonly plan?: number | undefined;
  readonly now: Date;
}

export interface NewPerson extends SeatKey {
  readonly role: ParticipantRole;
  readonly name: string;
  /** Default: those that they had as an unseated person in this role, or 0. */
  readonly extraMinutes?: number | undefined;
  /** The names of the person's two streams. */
  readonly streams: { readonly main: string; readonly pc: string };
  /** The number of the plan that seats them, or seated them in the room from which they come. */
  readonly plan?: number | null | undefined;
  readonly now: Date;
}

/** A person who was added to a room. */
export interface Arrival extends PersonFacts {
  readonly userId: string;
  readonly role: ParticipantRole;
  readonly name: string;
  readonly extraMinutes: number;
  readonly publishStatus: Readonly<Record<Camera, PublishStatus>>;
  /** When their pages left the room from which they were moved. */
  readonly left?: LeftAt | undefined;
}

/** Returns the events of an arrival: one for the person, for each fact about them, and for each camera that is not idle. */
export const arrivalEvents = (room: RoomKey, arrival: Arrival, now: Date): NewEvent[] => {
  const { userId, role, name, extraMinutes, publishStatus, left } = arrival;
  const person = { userId, role };
  const statuses = (["main", "pc"] as const).flatMap((camera) => {
    const status = publishStatus[camera];
    if (status === "idle") return [];
    return newEvent(room, "publish_status_changed", { ...person, camera, status }, now);
  });
  const added = {
    ...person,
    name,
    extraMinutes,
    ...(left?.main && { mainLeftAt: left.main }),
    ...(left?.pc && { pcLeftAt: left.pc }),
  };
  return [
    newEvent(room, "participant_added", added, now),
    ...factEvents(room, person, arrival, now),
    ...statuses,
  ];
};

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
/** Whether a visible room is that of the parameters `examId` and `roomId`. */
export const isRoom = and(eq(visibleRooms.examId, param("examId")), eq(visibleRooms.id, param("roomId")));
/** Reads what decides about changes in a room. */
export const roomById = statement(
  query
    .select({
      id: visibleRooms.id,
      examId: visibleRooms.examId,
      status: visibleRooms.status,
      imServer: visibleRooms.imServer,
    })
    .from(visibleRooms)
    .where(isRoom),
);
const isRoomInProgress = and(
  eq(rooms.examId, param("examId")),
  eq(rooms.id, param("roomId")),
  eq(rooms.status, "in_progress"),
);
const updateToEnded = statement(
  query
    .update(rooms)
    .set({
      status: "ended",
      audioStatus: "silent",
      endedAt: rawParam<Date>("now"),
      updatedAt: rawParam<Date>("now"),
    })
    .where(isRoomInProgress)
    .returning({ id: rooms.id, examId: rooms.examId, imServer: rooms.imServer }),
);
const insertExams = insertion(exams);
const insertRooms = insertion(rooms);
const insertParticipants = insertion(participants);
const insertNames = insertion(streamNames);
const insertUntakenName = statement(
  query
    .insert(streamNames)
    .values({
      name: param("name"),
      examId: param("examId"),
      roomId: param("roomId"),
      userId: param("userId"),
      camera: param("camera"),
      addedBy: param("addedBy"),
    })
    .onConflictDoNothing(),
);

const isUnseated = and(eq(unseated.examId, param("examId")), eq(unseated.userId, param("userId")));
const unseatedAs = { name: unseated.name, role: unseated.role, extraMinutes: unseated.extraMinutes };
const areUnseated = (dialect: Dialect) =>
  and(eq(unseated.examId, param("examId")), dialect.isAnyOf(unseated.userId, "userIds"));
const unseatedAmong = statement((dialect) =>
  query
    .select({ userId: unseated.userId, ...unseatedAs })
    .from(unseated)
    .where(areUnseated(dialect)),
);
const deleteUnseatedPeople = statement((dialect) => query.delete(unseated).where(areUnseated(dialect)));
const deleteUnseated = statement(query.delete(unseated).where(isUnseated).returning(unseatedAs));
const markUnseated = statement(
  query
    .update(unseated)
    .set({ removedBy: rawParam<number>("changeId") })
    .where(isUnseated)
    .returning(unseatedAs),
);
const owner = { roomId: streamNames.roomId, userId: streamNames.userId };
const ownerOfStream = statement(
  query
    .select(owner)
    .from(streamNames)
    .where(eq(streamNames.name, param("name"))),
);
const ownersOfStreams = statement((dialect) =>
  query
    .select({ name: streamNames.name, ...owner })
    .from(streamNames)
    .where(dialect.isAnyOf(streamNames.name, "names")),
);
const deleteStreams = statement(query.delete(streamNames).where(isOfSeat(streamNames)));
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
export const insertExam = async (tx: RosterTransaction, exam: NewExam): Promise<void> => {
  await tx.insert(insertExams, [exam]);
};

/**
 * Writes a room in progress without people, and returns it. If a bulk change adds it, readers see it once the change is announced. If one
 * makes its exam, it is marked as removed instead: see `BulkChanges.create`.
 */
export const insertRoom = async (
  tx: RosterTransaction,
  { id, examId, name, imServer, createTeacher, plan, now }: NewRoom,
  addedBy: number | null = null,
  removedBy: number | null = null,
): Promise<Room> => {
  const room = {
    id,
    examId,
    name,
    status: "in_progress",
    audioStatus: "silent",
    createTeacher,
    createdAt: now,
    updatedAt: now,
  } as const;
  await Promise.all([
    noteRoomExam(tx, { roomId: id, examId }),
    tx.insert(insertRooms, [{ ...room, imServer, plan, addedBy, removedBy }]),
  ]);
  return { ...room, imGroupId: id };
};

/** Ends a room, and with it all open hands. Returns it, or undefined if it had ended before. */
export const endRoom = async (
  tx: ExamTransaction,
  { examId, roomId }: RoomKey,
  now: Date,
): Promise<Pick<NewRoom, "id" | "examId" | "imServer"> | undefined> => {
  const [ended] = await Promise.all([
    tx.get(updateToEnded, { examId, roomId, now }),
    closeHands(tx, { examId, roomId }, now),
  ]);
  return ended;
};

const IDLE = { main: "idle", pc: "idle" } as const;

/** Returns the row of a person who is added. `unseatedPerson` is what they were before, if they had no room. */
const rowOf = (
  { examId, roomId, userId, role, name, extraMinutes, plan, now }: NewPerson,
  unseatedPerson: Pick<Unseated, "role" | "extraMinutes"> | undefined,
  { main, pc }: Arrival["publishStatus"],
) => ({
  examId,
  roomId,
  userId,
  role,
  name,
  extraMinutes: extraMinutes ?? (unseatedPerson?.role === role ? unseatedPerson.extraMinutes : 0),
  mainPublishStatus: main,
  pcPublishStatus: pc,
  plan,
  createdAt: now,
  updatedAt: now,
});

interface StreamName extends SeatKey {
  readonly name: string;
  readonly camera: Camera;
}

/** @throws StreamNameTaken */
const assertOwner = (
  { roomId, userId }: StreamName,
  found: { readonly roomId: string; readonly userId: string } | undefined,
): void => {
  if (found && (found.roomId !== roomId || found.userId !== userId))
    throw new StreamNameTaken({ roomId, userId });
};

/** Writes the name of a camera's stream. Returns whether the name is new. @throws StreamNameTaken */
const insertStreamName = async (
  tx: RosterTransaction,
  stream: StreamName,
  addedBy: number | null,
): Promise<boolean> => {
  if ((await tx.run(insertUntakenName, { ...stream, addedBy })) > 0) return true;
  // Read after the write. A read before would miss the name that another transaction is writing.
  assertOwner(stream, await tx.get(ownerOfStream, { name: stream.name }));
  return false;
};

/**
 * Prepares to add a person to a room, with the names of both their streams. The person is no longer unseated, even if they were in
 * another role. If a bulk change adds the person, readers see them once the change is announced.
 * @returns the arrival, and a function that starts to write the person
 * @throws StreamNameTaken
 */
export const preparePerson = async (
  tx: RosterTransaction,
  person: NewPerson,
  addedBy: number | null = null,
): Promise<{ arrival: Arrival; write: () => Promise<void> }> => {
  const { streams, examId, roomId, userId } = person;
  const takeUnseated =
    addedBy === null
      ? tx.get(deleteUnseated, { examId, userId })
      : tx.get(markUnseated, { examId, userId, changeId: addedBy });
  const status = async (camera: Camera): Promise<PublishStatus> => {
    const stream = { name: streams[camera], examId, roomId, userId, camera };
    const isNew = await insertStreamName(tx, stream, addedBy);
    // If the person was in the room before, their streams may have continued, and reports about them were stored.
    return isNew ? "idle" : readPublishStatus(tx, stream);
  };
  const [unseatedPerson, main, pc, writeSeat, facts] = await Promise.all([
    takeUnseated,
    status("main"),
    status("pc"),
    prepareSeat(tx, { examId, roomId, userId }),
    person.role === "examinee" ? readFacts(tx, { examId, userId }) : undefined,
  ]);
  const publishStatus = { main, pc };
  const row = rowOf(person, unseatedPerson, publishStatus);
  const { role, name, extraMinutes } = row;
  return {
    arrival: { userId, role, name, extraMinutes, publishStatus, ...facts },
    write: async () => {
      const times = cameraSchema.options
        .map((camera) => ({
          examId,
          roomId,
          userId,
          camera,
          status: publishStatus[camera],
          statusSince: person.now,
        }))
        .filter((time) => time.status !== "idle");
      await Promise.all([
        tx.insert(insertParticipants, [{ ...row, addedBy }]),
        writeSeat(),
        noteStatuses(tx, times),
      ]);
    },
  };
};

/** Adds a person to a room: see `preparePerson`. @throws StreamNameTaken */
export const insertPerson = async (
  tx: RosterTransaction,
  person: NewPerson,
  addedBy: number | null = null,
): Promise<Arrival> => {
  const { arrival, write } = await preparePerson(tx, person, addedBy);
  await write();
  return arrival;
};

const namesOf = (people: readonly NewPerson[]): StreamName[] =>
  people.flatMap(({ streams, examId, roomId, userId }) =>
    cameraSchema.options.map((camera) => ({ name: streams[camera], examId, roomId, userId, camera })),
  );

export interface Unseated {
  readonly userId: string;
  readonly name: string;
  readonly role: ParticipantRole;
  readonly extraMinutes: number;
}

/** Returns those of the people of an exam who are unseated. */
export const readUnseated = (
  reader: Reader,
  examId: string,
  people: readonly NewPerson[],
): Promise<Unseated[]> => reader.all(unseatedAmong, { examId, userIds: people.map(({ userId }) => userId) });

/**
 * Prepares the first people of a new room. The room is new, so it has no streams, reports or generations of seats.
 * @param unseatedPeople those of them who are unseated
 * @returns a function that starts to write them. It fails with `UniqueError` if the name of a stream is taken: see `withTakenNames`
 * @throws StreamNameTaken
 */
export const prepareFirstPeople = (
  people: readonly NewPerson[],
  unseatedPeople: readonly Unseated[],
): ((tx: RosterTransaction) => Promise<void>) => {
  const names = namesOf(people);
  const owners = new Map<string, StreamName>();
  for (const stream of names) {
    assertOwner(stream, owners.get(stream.name));
    owners.set(stream.name, stream);
  }
  const unseatedById = new Map(unseatedPeople.map((one) => [one.userId, one]));
  const rows = people.map((person) => rowOf(person, unseatedById.get(person.userId), IDLE));
  const [first] = people;
  return async (tx) => {
    await Promise.all([
      tx.insert(insertNames, names),
      tx.insert(insertParticipants, rows),
      first &&
        unseatedPeople.length > 0 &&
        tx.run(deleteUnseatedPeople, { examId: first.examId, userIds: [...unseatedById.keys()] }),
    ]);
  };
};

/**
 * Awaits the transaction that writes the first people of a room.
 * @throws StreamNameTaken instead of `UniqueError` if the name of a stream is taken
 */
export const withTakenNames = async <Result>(
  reader: Reader,
  people: readonly NewPerson[],
  written: Promise<Result>,
): Promise<Result> => {
  try {
    return await written;
  } catch (error) {
    if (!(error instanceof UniqueError)) throw error;
    const names = namesOf(people);
    const found = await reader.all(ownersOfStreams, { names: names.map(({ name }) => name) });
    const owners = new Map(found.map((owner) => [owner.name, owner]));
    for (const stream of names) assertOwner(stream, owners.get(stream.name));
    throw error;
  }
};

/**
 * Removes a person from a room, where their hand is no longer open. With `streamsStay`, the names of their streams remain, because recordings
 * use them.
 */
export const deletePerson = async (
  tx: RosterTransaction,
  { examId, roomId, userId }: SeatKey,
  { streamsStay, now }: { readonly streamsStay: boolean; readonly now: Date },
): Promise<void> => {
  await Promise.all([
    closeHandOf(tx, { examId, roomId, userId }, now),
    !streamsStay && tx.run(deleteStreams, { examId, roomId, userId }),
    tx.run(deleteParticipant, { examId, roomId, userId }),
  ]);
};

/** Returns those of the people who are in their rooms, with their roles there. */
export const readRoles = (
  reader: Reader,
  people: readonly SeatKey[],
): Promise<{ roomId: string; userId: string; role: ParticipantRole }[]> =>
  reader.all(rolesOfPeople, { people });

/** Counts the people of a room, up to a maximum. */
export const readRoomSize = async (
  reader: Reader,
  { examId, roomId }: RoomKey,
  most: number,
): Promise<number> => (await reader.get(sizeOfRoom, { examId, roomId, most }))?.number ?? 0;
