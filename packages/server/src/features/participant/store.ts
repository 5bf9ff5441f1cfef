import type { Participant, ParticipantRole, RoomStatus } from "@invigil/schema";
import { and, asc, eq, max, sql } from "drizzle-orm";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import type { createPersonRemover } from "../../domain/bulk/removal.js";
import { arrivalEvents, type EventLog, type NewEvent, newEvent } from "../../domain/events.js";
import type { NewPerson } from "../../domain/people.js";
import { deletePerson, insertPerson, readRoomSize } from "../../domain/people.js";
import type { TaskLog } from "../../domain/vendor-tasks.js";
import type { Reader, Storage, Transaction } from "../../storage/port.js";
import { type Dialect, param, query, rawParam, type Statement, statement } from "../../storage/statement.js";
import {
  bulkChanges,
  participants,
  personChanges,
  rooms,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";

/** A person in a room, without the URLs of their streams. */
export type StoredParticipant = Omit<Participant, "streams">;
/** Who somebody is in a room, and nothing that changes during the exam. */
export type RoomMember = Pick<Participant, "userId" | "name" | "role" | "extraMinutes">;
/** A room whose people are asked for. */
export interface RoomState {
  readonly roomId: string;
  /** Whether the room is in progress. Nobody's other rooms are looked for then. */
  readonly inProgress: boolean;
  /** The exam of the other rooms, and those of them that the caller may see. Undefined where nobody's other rooms are looked for. */
  readonly others: { readonly examId: string; readonly rooms: "all" | readonly string[] } | undefined;
}

/** Refuses by throwing what may not be done to a room. Undefined is the status of a room that does not exist. */
export type CheckRoom = (roomId: string, status: RoomStatus | undefined) => void;

/** How many people a room may have. */
export interface RoomSize {
  readonly most: number;
  /** Sees how many people a room has after so many were added: `most + 1` stands for every greater number. Refuses by throwing. */
  check(roomId: string, size: number, added: number): void;
}

/** `check` sees each room that is written to, in the same transaction. Without `size` a room may have any number of people. */
export interface ParticipantStore {
  get(room: RoomState, userId: string): Promise<StoredParticipant | undefined>;
  /** In the order in which they were added. */
  list(room: RoomState, role: ParticipantRole): Promise<readonly StoredParticipant[]>;
  /** The same people in the same order, as members alone. */
  members(roomId: string, role: ParticipantRole): Promise<RoomMember[]>;
  /**
   * Adds people to a room, or gives those who are there their new names and extra minutes: all or none.
   * Returns the outcome for each, or the first person who is there in another role.
   */
  add(
    roomId: string,
    people: readonly NewPerson[],
    check: CheckRoom,
    size: RoomSize | undefined,
  ): Promise<{ outcomes: AddOutcome[] } | { conflict: NewPerson; role: ParticipantRole }>;
  /** The most extra minutes that an examinee has in a room of the exam. */
  extraMinutes(examId: string, userId: string): Promise<number>;
  /**
   * Moves a person to another room of the exam, where they come last, and takes them out of the groups of the old one. Their streams
   * there keep their names.
   */
  move(
    roomId: string,
    userId: string,
    to: Pick<NewPerson, "roomId" | "streams" | "now">,
    check: CheckRoom,
    size: RoomSize | undefined,
  ): Promise<"moved" | "not_found" | "there_already">;
  /**
   * Removes a person, and takes them out of the room's groups. A person about whom something was recorded is removed only `withRecords`,
   * which go too, with what was reported of their streams: those in the room, and from their last room in the exam those in all of the
   * exam's rooms. Undefined when the person is not there.
   */
  remove(
    roomId: string,
    userId: string,
    how: { withRecords: boolean; now: Date },
    check: CheckRoom,
  ): Promise<{ removed: boolean; records: number } | undefined>;
}
export type AddOutcome = "added" | "updated" | "unchanged";

/** Lists that are remembered; one may hold 500 people and more. */
const REMEMBERED_LISTS = 200;

/** Undoes an addition of people one of whom is there in another role. */
class RoleConflict extends Error {
  constructor(
    readonly person: NewPerson,
    readonly role: ParticipantRole,
  ) {
    super("role conflict");
  }
}

/** Undoes a removal: of a person about whom so many records are kept, or (undefined) who is not there. */
class NotRemoved extends Error {
  constructor(readonly records: number | undefined) {
    super("not removed");
  }
}

const { seq, roomId, userId, role, name, extraMinutes } = visibleParticipants;
const inRoom = eq(roomId, param("roomId"));
const isPerson = and(inRoom, eq(userId, param("userId")));
const inRole = and(inRoom, eq(role, param("role")));

const others = {
  extraMinutes,
  mainPublishStatus: visibleParticipants.mainPublishStatus,
  pcPublishStatus: visibleParticipants.pcPublishStatus,
  createdAt: visibleParticipants.createdAt,
  updatedAt: visibleParticipants.updatedAt,
};

const storedPeople = (dialect: Dialect) => {
  // Tables by name, not columns: in a query of one table Drizzle drops the column's table, which the inner query needs.
  const isOfRoomsAsked = dialect.isAnyOf(sql`${visibleRooms}.id`, "rooms");
  const hasRoomInProgress = sql`(${param("inProgress")} = 1 OR EXISTS (
    SELECT 1 FROM ${visibleParticipants} AS other CROSS JOIN ${visibleRooms}
    WHERE ${visibleRooms}.id = other.room_id AND other.user_id = ${visibleParticipants}.user_id
      AND ${visibleRooms}.status = 'in_progress' AND ${visibleRooms}.exam_id = ${param("examId")}
      AND (${param("everyRoom")} = 1 OR ${isOfRoomsAsked})))`.mapWith(Boolean);
  return query.select({ roomId, userId, role, name, ...others, hasRoomInProgress }).from(visibleParticipants);
};
const storedPerson = statement((dialect) => storedPeople(dialect).where(isPerson));
const storedByRole = statement((dialect) => storedPeople(dialect).where(inRole).orderBy(asc(seq)));
const membersByRole = statement(
  query
    .select({ userId, name, role, extraMinutes })
    .from(visibleParticipants)
    .where(inRole)
    .orderBy(asc(seq)),
);
const personInRoom = statement(
  query.select({ role, name, extraMinutes }).from(visibleParticipants).where(isPerson),
);
const mostMinutes = statement(
  query
    .select({ extraMinutes: max(extraMinutes) })
    .from(visibleParticipants)
    .innerJoin(visibleRooms, eq(visibleRooms.id, roomId))
    .where(and(eq(userId, param("userId")), eq(role, "examinee"), eq(visibleRooms.examId, param("examId")))),
);
const roomById = statement(
  query
    .select({
      id: visibleRooms.id,
      examId: visibleRooms.examId,
      status: visibleRooms.status,
      imServer: visibleRooms.imServer,
    })
    .from(visibleRooms)
    .where(eq(visibleRooms.id, param("roomId"))),
);
const updatePerson = statement(
  query
    .update(participants)
    .set({
      name: rawParam<string>("name"),
      extraMinutes: rawParam<number>("extraMinutes"),
      updatedAt: rawParam<Date>("now"),
    })
    .where(and(eq(participants.roomId, param("roomId")), eq(participants.userId, param("userId")))),
);

type RowOf<Of> = Of extends Statement<infer Row> ? Row : never;
const toStored = ({
  mainPublishStatus,
  pcPublishStatus,
  ...row
}: RowOf<typeof storedPerson>): StoredParticipant => ({
  ...row,
  publishStatus: { main: mainPublishStatus, pc: pcPublishStatus },
});

const EVERY_ROOM = "all";
/** The other rooms that are looked for, as texts: a remembered read takes no lists. */
const othersOf = ({ others }: RoomState): { examId: string; reach: string } => {
  if (!others) return { examId: "", reach: "" };
  return { examId: others.examId, reach: others.rooms === "all" ? EVERY_ROOM : others.rooms.join("|") };
};
/** The parameters of `storedPeople`. No room id contains the bar. */
const parameters = (of: { roomId: string; inProgress: boolean; examId: string; reach: string }) => ({
  roomId: of.roomId,
  inProgress: of.inProgress ? 1 : 0,
  examId: of.examId,
  everyRoom: of.reach === EVERY_ROOM ? 1 : 0,
  rooms: of.reach.split("|"),
});

export const createParticipantStore = ({
  storage,
  bulk,
  removePerson,
  tasks,
  events,
}: {
  storage: Storage;
  bulk: BulkChanges;
  removePerson: ReturnType<typeof createPersonRemover>;
  tasks: TaskLog;
  events: EventLog;
}): ParticipantStore => {
  const listOf = storage.remember(
    {
      tables: [participants, personChanges, rooms, bulkChanges],
      max: REMEMBERED_LISTS,
      withinCalls: true,
    },
    async (reader, room: string, of: ParticipantRole, inProgress: boolean, examId: string, reach: string) => {
      const asked = parameters({ roomId: room, inProgress, examId, reach });
      return (await reader.all(storedByRole, { ...asked, role: of })).map(toStored);
    },
  );

  /** Reads rooms. @throws what `check` throws */
  const readRooms = async (reader: Reader, roomIds: readonly string[], check: CheckRoom) => {
    const found: RowOf<typeof roomById>[] = [];
    for (const id of roomIds) {
      const room = await reader.get(roomById, { roomId: id });
      check(id, room?.status);
      if (room) found.push(room);
    }
    return found;
  };
  /** Locks rooms of one exam, and their exam, to write to them. @throws what `check` throws */
  const openRooms = async (tx: Transaction, roomIds: readonly string[], check: CheckRoom) => {
    // Checked twice: at once, before it may wait for a bulk change, and under the locks.
    const [first] = await readRooms(tx, roomIds, check);
    if (first) await bulk.assertUnlocked(tx, first.examId);
    for (const id of roomIds.toSorted()) await tx.lock(rooms, id);
    return readRooms(tx, roomIds, check);
  };

  const checkSize = async (
    tx: Transaction,
    size: RoomSize | undefined,
    room: string,
    added: number,
  ): Promise<void> => {
    if (size && added > 0) size.check(room, await readRoomSize(tx, room, size.most + 1), added);
  };

  /** Adds or updates a person. Returns the outcome and its events. @throws RoleConflict */
  const addOne = async (
    tx: Transaction,
    person: NewPerson,
  ): Promise<{ outcome: AddOutcome; told: NewEvent[] }> => {
    const { roomId: room, userId: id, role: asked, name: newName, now } = person;
    const there = await tx.get(personInRoom, { roomId: room, userId: id });
    if (!there) return { outcome: "added", told: arrivalEvents(room, await insertPerson(tx, person), now) };
    if (there.role !== asked) throw new RoleConflict(person, there.role);
    const minutes = person.extraMinutes ?? there.extraMinutes;
    if (there.name === newName && there.extraMinutes === minutes) return { outcome: "unchanged", told: [] };
    await tx.run(updatePerson, { roomId: room, userId: id, name: newName, extraMinutes: minutes, now });
    const updated = { userId: id, role: there.role, name: newName, extraMinutes: minutes };
    return { outcome: "updated", told: [newEvent(room, "participant_updated", updated, now)] };
  };

  return {
    async get(room, id) {
      const asked = parameters({ ...room, ...othersOf(room) });
      const row = await storage.get(storedPerson, { ...asked, userId: id });
      return row && toStored(row);
    },
    list(room, asked) {
      const { examId, reach } = othersOf(room);
      return listOf(room.roomId, asked, room.inProgress, examId, reach);
    },
    members: (room, asked) => storage.all(membersByRole, { roomId: room, role: asked }),
    add: (room, people, check, size) =>
      bulk
        .transact(async (tx) => {
          await openRooms(tx, [room], check);
          const outcomes: AddOutcome[] = [];
          const happened: NewEvent[] = [];
          for (const person of people) {
            const { outcome, told } = await addOne(tx, person);
            outcomes.push(outcome);
            happened.push(...told);
          }
          await events.addAll(tx, happened);
          await checkSize(tx, size, room, outcomes.filter((outcome) => outcome === "added").length);
          return { outcomes };
        })
        .catch((error: unknown) => {
          if (error instanceof RoleConflict) return { conflict: error.person, role: error.role };
          throw error;
        }),
    extraMinutes: async (examId, user) =>
      (await storage.get(mostMinutes, { examId, userId: user }))?.extraMinutes ?? 0,
    move: (room, user, to, check, size) =>
      bulk.transact(async (tx) => {
        const opened = await openRooms(tx, [room, to.roomId], check);
        const from = opened.find(({ id }) => id === room);
        const person = await tx.get(personInRoom, { roomId: room, userId: user });
        if (!from || !person) return "not_found";
        if (await tx.get(personInRoom, { roomId: to.roomId, userId: user })) return "there_already";
        await deletePerson(tx, room, user, { streamsStay: true });
        const arrival = await insertPerson(tx, { ...person, ...to, userId: user });
        await checkSize(tx, size, to.roomId, 1);
        await tasks.evict(tx, from, { ...person, userId: user }, to.now);
        await events.addAll(tx, [
          newEvent(room, "participant_removed", { userId: user, role: person.role }, to.now),
          ...arrivalEvents(to.roomId, arrival, to.now),
        ]);
        return "moved";
      }),
    async remove(room, user, { withRecords, now }, check) {
      const [found] = await readRooms(storage, [room], check);
      if (!found) return undefined;
      const removal = { examId: found.examId, roomId: room, userId: user, withRecords, now };
      try {
        const { records } = await removePerson(removal, (standing) => {
          const place = standing.rooms.find((one) => one.roomId === room);
          if (!place) throw new NotRemoved(undefined);
          check(room, place.status);
          if (standing.records > 0 && !withRecords) throw new NotRemoved(standing.records);
        });
        return { removed: true, records };
      } catch (error) {
        if (!(error instanceof NotRemoved)) throw error;
        if (error.records !== undefined) return { removed: false, records: error.records };
        // The room may have ended or gone meanwhile.
        await readRooms(storage, [room], check);
        return undefined;
      }
    },
  };
};
