import type { Participant, ParticipantRole, RoomStatus } from "@invigil/schema";
import { and, asc, eq, sql } from "drizzle-orm";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import { createPersonRemover } from "../../domain/bulk/removal.js";
import { type EventWriter, tellOfArrival } from "../../domain/events.js";
import { deletePerson, type NewPerson, personInserter } from "../../domain/inserts.js";
import { roomSizer } from "../../domain/room-size.js";
import type { TaskWriter } from "../../domain/vendor-tasks.js";
import type { Database } from "../../storage/sqlite/client.js";
import { participants, visibleRooms as rooms, visibleParticipants } from "../../storage/tables.js";

/** A person in a room, without its streams' URLs. */
export type StoredParticipant = Omit<Participant, "streams">;
/** Who somebody is in a room, and nothing that changes during the exam. */
export type RoomMember = Pick<Participant, "userId" | "name" | "role" | "extraMinutes">;
/** A room whose people are asked for. */
export interface RoomState {
  readonly roomId: string;
  /** Whether it is in progress, which spares looking for another that is. */
  readonly inProgress: boolean;
  /** Otherwise the exam of the others, and those of them that count. */
  readonly others: { readonly examId: string; readonly rooms: "all" | readonly string[] } | undefined;
}

/** Refuses by throwing what may not be done to a room; undefined is the status of one that is gone. */
export type CheckRoom = (roomId: string, status: RoomStatus | undefined) => void;

/** How many people a room may have. */
export interface RoomSize {
  readonly most: number;
  /** Sees how many a room has once so many were added; one more than `most` stands for all that are more. Refuses by throwing. */
  check(roomId: string, size: number, added: number): void;
}

/** `check` sees each room that is written to, in the same transaction. Without `size` a room has as many people as come. */
export interface ParticipantStore {
  get(room: RoomState, userId: string): Promise<StoredParticipant | undefined>;
  /** In the order in which they were added. */
  list(room: RoomState, role: ParticipantRole): Promise<StoredParticipant[]>;
  /** The same people in the same order, as members alone. */
  members(roomId: string, role: ParticipantRole): Promise<RoomMember[]>;
  /**
   * Adds people to a room, or gives those that are there their new names and extra minutes: all or nobody.
   * Returns what became of each, or the id of the first who is there in another role.
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
   * Moves a person to another room of the exam, where it comes last, and sends it away from the old one's groups. Its
   * streams there stay known.
   */
  move(
    roomId: string,
    userId: string,
    to: Pick<NewPerson, "roomId" | "streams" | "now">,
    check: CheckRoom,
    size: RoomSize | undefined,
  ): Promise<"moved" | "not_found" | "there_already">;
  /**
   * Removes a person; when something was recorded about it, only `withRecords`, which go too, with what was reported of
   * its streams: those in the room, and from its last room in the exam those in all of the exam's rooms. Sends it away
   * from the room's groups. Undefined when it is not there.
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

/** Undoes an add whose people do not fit. */
class RoleConflict extends Error {
  constructor(
    readonly person: NewPerson,
    readonly role: ParticipantRole,
  ) {
    super("role conflict");
  }
}

/** Keeps somebody: because of so many records, or because they are not there any more. */
class NotRemoved extends Error {
  constructor(readonly records: number | undefined) {
    super("not removed");
  }
}

export const createParticipantStore = ({
  db,
  bulk,
  tasks,
  events,
}: {
  db: Database;
  bulk: BulkChanges;
  tasks: TaskWriter;
  events: EventWriter;
}): ParticipantStore => {
  const { queries, remember } = db;
  const { write } = bulk;
  const { seq, roomId, userId, role, name, extraMinutes } = visibleParticipants;
  const others = {
    extraMinutes,
    mainPublishStatus: visibleParticipants.mainPublishStatus,
    pcPublishStatus: visibleParticipants.pcPublishStatus,
    createdAt: visibleParticipants.createdAt,
    updatedAt: visibleParticipants.updatedAt,
  };
  // Tables by name, not columns: in a query of one table Drizzle drops the column's table, which the inner query needs.
  const hasRoomInProgress = sql<number>`(${sql.placeholder("inProgress")} OR EXISTS (
    SELECT 1 FROM ${visibleParticipants} AS other CROSS JOIN ${rooms}
    WHERE ${rooms}.id = other.room_id AND other.user_id = ${visibleParticipants}.user_id AND ${rooms}.status = 'in_progress'
      AND ${rooms}.exam_id = ${sql.placeholder("examId")}
      AND (${sql.placeholder("reach")} = 'all' OR instr(${sql.placeholder("reach")}, '|' || ${rooms}.id || '|') > 0)))`;
  const people = () =>
    queries.select({ roomId, userId, role, name, ...others, hasRoomInProgress }).from(visibleParticipants);
  const inRoom = eq(roomId, sql.placeholder("roomId"));
  const isPerson = and(inRoom, eq(userId, sql.placeholder("userId")));
  const one = people().where(isPerson).prepare();
  const byRole = people()
    .where(and(inRoom, eq(role, sql.placeholder("role"))))
    .orderBy(asc(seq))
    .prepare();
  const members = queries
    .select({ userId, name, role, extraMinutes: others.extraMinutes })
    .from(visibleParticipants)
    .where(and(inRoom, eq(role, sql.placeholder("role"))))
    .orderBy(asc(seq))
    .prepare();
  const present = queries
    .select({ role, name, extraMinutes: others.extraMinutes })
    .from(visibleParticipants)
    .where(isPerson)
    .prepare();
  const mostMinutes = queries
    .select({ extraMinutes: sql<number | null>`max(${extraMinutes})` })
    .from(visibleParticipants)
    .innerJoin(rooms, eq(rooms.id, roomId))
    .where(
      and(
        eq(userId, sql.placeholder("userId")),
        eq(role, "examinee"),
        eq(rooms.examId, sql.placeholder("examId")),
      ),
    )
    .prepare();
  const roomById = queries
    .select({ id: rooms.id, examId: rooms.examId, status: rooms.status, imServer: rooms.imServer })
    .from(rooms)
    .where(eq(rooms.id, sql.placeholder("roomId")))
    .prepare();
  const removePerson = createPersonRemover({ storage: db.storage, bulk });
  const insertPerson = personInserter(queries);

  type Row = ReturnType<(typeof byRole)["all"]>[number];
  const toStored = ({
    mainPublishStatus,
    pcPublishStatus,
    hasRoomInProgress,
    ...row
  }: Row): StoredParticipant => ({
    ...row,
    hasRoomInProgress: Boolean(hasRoomInProgress),
    publishStatus: { main: mainPublishStatus, pc: pcPublishStatus },
  });
  /** Rooms as the query above takes them. No id holds the bar. */
  const reachOf = ({ others }: RoomState): string => {
    if (!others) return "";
    return others.rooms === "all" ? others.rooms : `|${others.rooms.join("|")}|`;
  };
  const parameters = (room: RoomState) => ({
    roomId: room.roomId,
    inProgress: room.inProgress ? 1 : 0,
    examId: room.others?.examId ?? "",
    reach: reachOf(room),
  });

  const listOf = remember(
    (id: string, asked: ParticipantRole, inProgress: number, examId: string, reach: string) =>
      byRole.all({ roomId: id, role: asked, inProgress, examId, reach }).map(toStored),
    { max: REMEMBERED_LISTS, withinCalls: true },
  );

  const sizeOf = roomSizer(queries);
  const checkSize = (size: RoomSize | undefined, room: string, added: number): void => {
    if (size && added > 0) size.check(room, sizeOf(room, size.most + 1), added);
  };

  const addOne = (person: NewPerson): AddOutcome => {
    const there = present.get({ roomId: person.roomId, userId: person.userId });
    if (!there) {
      tellOfArrival(events, person.roomId, insertPerson(person), person.now);
      return "added";
    }
    if (there.role !== person.role) throw new RoleConflict(person, there.role);
    const extraMinutes = person.extraMinutes ?? there.extraMinutes;
    if (there.name === person.name && there.extraMinutes === extraMinutes) return "unchanged";
    queries
      .update(participants)
      .set({ name: person.name, extraMinutes, updatedAt: person.now })
      .where(and(eq(participants.roomId, person.roomId), eq(participants.userId, person.userId)))
      .run();
    const known = { userId: person.userId, role: there.role, name: person.name, extraMinutes };
    events.add(person.roomId, "participant_updated", known, person.now);
    return "updated";
  };

  return {
    async get(room, id) {
      const row = one.get({ ...parameters(room), userId: id });
      return row && toStored(row);
    },
    async list(room, asked) {
      const { roomId: id, inProgress, examId, reach } = parameters(room);
      return listOf(id, asked, inProgress, examId, reach);
    },
    members: async (room, asked) => members.all({ roomId: room, role: asked }),
    add: (room, people, check, size) =>
      write(() => {
        const found = roomById.get({ roomId: room });
        check(room, found?.status);
        if (found) bulk.assertFree(found.examId);
        const outcomes = people.map(addOne);
        checkSize(size, room, outcomes.filter((outcome) => outcome === "added").length);
        return { outcomes };
      }).catch((error: unknown) => {
        if (error instanceof RoleConflict) return { conflict: error.person, role: error.role };
        throw error;
      }),
    extraMinutes: async (examId, user) => mostMinutes.get({ examId, userId: user })?.extraMinutes ?? 0,
    move: (room, user, to, check, size) =>
      write(() => {
        const [from] = [room, to.roomId].map((id) => {
          const found = roomById.get({ roomId: id });
          check(id, found?.status);
          return found;
        });
        if (from) bulk.assertFree(from.examId);
        const person = present.get({ roomId: room, userId: user });
        if (!from || !person) return "not_found";
        if (present.get({ roomId: to.roomId, userId: user })) return "there_already";
        deletePerson(queries, room, user, { streamsStay: true });
        const arrived = insertPerson({ ...person, ...to, userId: user });
        checkSize(size, to.roomId, 1);
        tasks.sendAway(from, { ...person, userId: user }, to.now);
        events.add(room, "participant_removed", { userId: user, role: person.role }, to.now);
        tellOfArrival(events, to.roomId, arrived, to.now);
        return "moved";
      }),
    async remove(room, user, { withRecords, now }, check) {
      const found = roomById.get({ roomId: room });
      check(room, found?.status);
      if (!found) return undefined;
      const removal = { examId: found.examId, roomId: room, userId: user, withRecords, now };
      try {
        const { records } = await removePerson(removal, (standing) => {
          check(room, roomById.get({ roomId: room })?.status);
          if (!standing.rooms.some(({ roomId: one }) => one === room)) throw new NotRemoved(undefined);
          if (standing.records > 0 && !withRecords) throw new NotRemoved(standing.records);
        });
        return { removed: true, records };
      } catch (error) {
        if (!(error instanceof NotRemoved)) throw error;
        return error.records === undefined ? undefined : { removed: false, records: error.records };
      }
    },
  };
};
