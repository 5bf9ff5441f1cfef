import type { Participant, ParticipantRole } from "@invigil/schema";
import { and, asc, eq, getTableColumns, sql } from "drizzle-orm";
import type { Database } from "../../db/client.js";
import { hasRecords, type NewPerson, personInserter } from "../../db/inserts.js";
import { participants, rooms, streamNames } from "../../db/tables.js";

/** A person in a room, without its streams' URLs. */
export type StoredParticipant = Omit<Participant, "streams">;
/** Who somebody is in a room, and nothing that changes during the exam. */
export type RoomMember = Pick<Participant, "userId" | "name" | "role" | "extraMinutes">;
/** Whose list is asked for, and whether that room is in progress (which spares looking for another that is). */
export interface RoomState {
  readonly roomId: string;
  readonly inProgress: boolean;
}

export interface ParticipantStore {
  get(room: RoomState, userId: string): Promise<StoredParticipant | undefined>;
  /** In the order in which they were added. */
  list(room: RoomState, role: ParticipantRole): Promise<StoredParticipant[]>;
  /** The same people in the same order, as members alone. */
  members(roomId: string, role: ParticipantRole): Promise<RoomMember[]>;
  /**
   * Adds people, or gives those that are there their new names: all or nobody.
   * Returns what became of each, or the id of the first who is there in another role.
   */
  add(
    people: readonly NewPerson[],
  ): Promise<{ outcomes: AddOutcome[] } | { conflict: NewPerson; role: ParticipantRole }>;
  /** Removes a person, unless something was recorded about it. */
  remove(roomId: string, userId: string): Promise<"removed" | "not_found" | "has_records">;
}
export type AddOutcome = "added" | "updated" | "unchanged";

/** Undoes an add whose people do not fit. */
class RoleConflict extends Error {
  constructor(
    readonly person: NewPerson,
    readonly role: ParticipantRole,
  ) {
    super("role conflict");
  }
}

export const createParticipantStore = ({ db }: { db: Database }): ParticipantStore => {
  const { queries, write } = db;
  const { seq, roomId, userId, role, name, ...others } = getTableColumns(participants);
  // Tables by name, not columns: in a query of one table Drizzle drops the column's table, which the inner query needs.
  const hasRoomInProgress = sql<number>`(${sql.placeholder("inProgress")} OR EXISTS (
    SELECT 1 FROM ${participants} AS other CROSS JOIN ${rooms}
    WHERE ${rooms}.id = other.room_id AND other.user_id = ${participants}.user_id AND ${rooms}.status = 'in_progress'))`;
  const people = () =>
    queries.select({ roomId, userId, role, name, ...others, hasRoomInProgress }).from(participants);
  const inRoom = eq(roomId, sql.placeholder("roomId"));
  const isPerson = and(inRoom, eq(userId, sql.placeholder("userId")));
  const one = people().where(isPerson).prepare();
  const byRole = people()
    .where(and(inRoom, eq(role, sql.placeholder("role"))))
    .orderBy(asc(seq))
    .prepare();
  const members = queries
    .select({ userId, name, role, extraMinutes: others.extraMinutes })
    .from(participants)
    .where(and(inRoom, eq(role, sql.placeholder("role"))))
    .orderBy(asc(seq))
    .prepare();
  const present = queries.select({ role, name }).from(participants).where(isPerson).prepare();
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
  const parameters = (room: RoomState) => ({ roomId: room.roomId, inProgress: room.inProgress ? 1 : 0 });

  const addOne = (person: NewPerson): AddOutcome => {
    const there = present.get({ roomId: person.roomId, userId: person.userId });
    if (!there) {
      insertPerson(person);
      return "added";
    }
    if (there.role !== person.role) throw new RoleConflict(person, there.role);
    if (there.name === person.name) return "unchanged";
    queries
      .update(participants)
      .set({ name: person.name, updatedAt: person.now })
      .where(and(eq(roomId, person.roomId), eq(userId, person.userId)))
      .run();
    return "updated";
  };

  return {
    async get(room, id) {
      const row = one.get({ ...parameters(room), userId: id });
      return row && toStored(row);
    },
    list: async (room, asked) => byRole.all({ ...parameters(room), role: asked }).map(toStored),
    members: async (room, asked) => members.all({ roomId: room, role: asked }),
    add: (people) =>
      write(() => ({ outcomes: people.map(addOne) })).catch((error: unknown) => {
        if (error instanceof RoleConflict) return { conflict: error.person, role: error.role };
        throw error;
      }),
    remove: (room, user) =>
      write(() => {
        if (!present.get({ roomId: room, userId: user })) return "not_found";
        if (hasRecords(queries, room, user)) return "has_records";
        queries
          .delete(streamNames)
          .where(and(eq(streamNames.roomId, room), eq(streamNames.userId, user)))
          .run();
        queries
          .delete(participants)
          .where(and(eq(roomId, room), eq(userId, user)))
          .run();
        return "removed";
      }),
  };
};
