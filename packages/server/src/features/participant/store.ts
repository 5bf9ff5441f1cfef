import { type Participant, type ParticipantRole, type Role, RUNNING } from "@invigil/schema";
import { and, asc, eq, sql } from "drizzle-orm";
import {
  attemptColumns,
  attemptOf,
  isAttemptOf,
  type PersonTimes,
  plannedMinutes,
} from "../../domain/attempts.js";
import type { createPersonRemover } from "../../domain/bulk/removal.js";
import type { Author } from "../../domain/calls.js";
import { type EventLog, type NewEvent, newEvent, wholeExam } from "../../domain/events.js";
import type { RosterTransaction } from "../../domain/exam-transaction.js";
import type { NewPerson } from "../../domain/people.js";
import { arrivalEvents, deletePerson, preparePerson, readRoomSize, roomById } from "../../domain/people.js";
import { noteLeftBefore, readLeft } from "../../domain/presence-times.js";
import type { RoomKey } from "../../domain/room-exams.js";
import { prepareMove } from "../../domain/seats.js";
import { prepareUnseating, readSeat } from "../../domain/unseating.js";
import type { TaskLog } from "../../domain/vendor-tasks.js";
import type { Writes } from "../../domain/writes.js";
import { isOfSeat } from "../../storage/conditions.js";
import type { Queries, Reader } from "../../storage/port.js";
import { param, query, rawParam, type Statement, statement } from "../../storage/statement.js";
import {
  attempts,
  bulkChanges,
  exams,
  participants,
  personChanges,
  rooms,
  visibleExams,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";
import { assertRoomSize, openRoomOf, unseatable } from "./rules.js";

/** A person in a room, without the URLs of their streams. */
export type StoredParticipant = Omit<Participant, "streams">;
/** The fields of a person that rarely change during the exam. */
export interface RoomMember extends Pick<Participant, "userId" | "name" | "role" | "extraMinutes"> {
  readonly times: PersonTimes;
}
/** The room whose people are read. */
export interface RoomState extends RoomKey {
  /**
   * Whether each of its people has a room in progress, or who looks: then each person's other rooms of the exam count that this viewer may
   * see. Administrators see all of them, and others those in which they have their role.
   */
  readonly hasRoomInProgress: boolean | { readonly userId: string; readonly role: Role };
}

export type AddOutcome = "added" | "updated" | "unchanged";

/** The number of cached lists. A list may have 500 people and more. */
const REMEMBERED_LISTS = 200;

/** Rolls back an addition in which someone is in the room with another role. */
class RoleConflict extends Error {
  constructor(
    readonly person: NewPerson,
    readonly role: ParticipantRole,
  ) {
    super("role conflict");
  }
}

/** Rolls back the removal of a person with records, or (undefined) of one who is not in the room. */
class NotRemoved extends Error {
  constructor(readonly records: number | undefined) {
    super("not removed");
  }
}

const { seq, examId, roomId, userId, role, name, extraMinutes } = visibleParticipants;
const inRoom = and(eq(examId, param("examId")), eq(roomId, param("roomId")));
const isPerson = and(inRoom, eq(userId, param("userId")));
const inRole = and(inRoom, eq(role, param("role")));

/** Whether the person's attempt is over, so that none of the exam's rooms is in progress for them. */
const hasFinished = sql`EXISTS (SELECT 1 FROM ${attempts} AS own WHERE own.exam_id = ${param("examId")}
  AND own.user_id = ${visibleParticipants}.user_id AND own.status IN ('finished', 'terminated'))`.mapWith(
  Boolean,
);
const personColumns = {
  hasFinished,
  roomId,
  userId,
  role,
  name,
  extraMinutes,
  mainPublishStatus: visibleParticipants.mainPublishStatus,
  pcPublishStatus: visibleParticipants.pcPublishStatus,
  createdAt: visibleParticipants.createdAt,
  updatedAt: visibleParticipants.updatedAt,
};
const storedPeople = () => query.select(personColumns).from(visibleParticipants);
const storedPerson = statement(storedPeople().where(isPerson));
const storedByRole = statement(storedPeople().where(inRole).orderBy(asc(seq)));

// Uses table names instead of columns: in a query on one table, Drizzle omits the table of a column, which the subqueries need.
const isOfViewer = sql`AND EXISTS (
  SELECT 1 FROM ${visibleParticipants} AS viewer
  WHERE viewer.exam_id = ${param("examId")} AND viewer.room_id = ${visibleRooms}.id
    AND viewer.user_id = ${param("viewer")} AND viewer.role = ${param("viewerRole")})`;
/** The people of a room that has ended. `among` selects the rooms of the exam that are searched for their room in progress. */
const peopleWithRooms = (among: "all" | "viewer") => {
  const hasRoomInProgress = sql`EXISTS (
    SELECT 1 FROM ${visibleParticipants} AS other CROSS JOIN ${visibleRooms}
    WHERE ${visibleRooms}.id = other.room_id AND other.user_id = ${visibleParticipants}.user_id
      AND other.exam_id = ${param("examId")} AND ${visibleRooms}.exam_id = ${param("examId")}
      AND ${visibleRooms}.status = 'in_progress' ${among === "viewer" ? isOfViewer : sql``})`.mapWith(
    Boolean,
  );
  return query.select({ ...personColumns, hasRoomInProgress }).from(visibleParticipants);
};
const withRoomsOf = (among: "all" | "viewer") => ({
  person: statement(peopleWithRooms(among).where(isPerson)),
  byRole: statement(peopleWithRooms(among).where(inRole).orderBy(asc(seq))),
});
// A statement for each: one for both would be planned again at each call of PostgreSQL, which sees that an administrator needs no subquery.
const withRooms = { all: withRoomsOf("all"), viewer: withRoomsOf("viewer") };
const membersByRole = statement(
  query
    .select({
      userId,
      name,
      role,
      extraMinutes,
      plannedMinutes: plannedMinutes(visibleParticipants),
      attempt: attemptColumns,
    })
    .from(visibleParticipants)
    .leftJoin(attempts, isAttemptOf(visibleParticipants))
    .where(inRole)
    .orderBy(asc(seq)),
);
const peopleInRoom = statement((dialect) =>
  query
    .select({ userId, role, name, extraMinutes })
    .from(visibleParticipants)
    .where(and(inRoom, dialect.isAnyOf(userId, "userIds"))),
);
const personInRoom = statement(
  query.select({ role, name, extraMinutes }).from(visibleParticipants).where(isPerson),
);
const planOfSeat = statement(
  query.select({ plan: participants.plan }).from(participants).where(isOfSeat(participants)),
);
const timesOfPerson = statement(
  query
    .select({
      extraMinutes: plannedMinutes({ examId: visibleExams.id, userId: param("userId") }),
      attempt: attemptColumns,
    })
    .from(visibleExams)
    .leftJoin(attempts, and(eq(attempts.examId, visibleExams.id), eq(attempts.userId, param("userId"))))
    .where(eq(visibleExams.id, param("examId"))),
);
const updatePerson = statement(
  query
    .update(participants)
    .set({
      name: rawParam<string>("name"),
      extraMinutes: rawParam<number>("extraMinutes"),
      updatedAt: rawParam<Date>("now"),
    })
    .where(isOfSeat(participants)),
);

type RowOf<Of> = Of extends Statement<infer Row> ? Row : never;
/** Lists the fields explicitly: an object with the rest of the fields of another is several times as slow to read. */
const toStored = (row: RowOf<typeof storedPerson>, hasRoomInProgress: boolean): StoredParticipant => ({
  userId: row.userId,
  roomId: row.roomId,
  role: row.role,
  name: row.name,
  hasRoomInProgress: hasRoomInProgress && !(row.role === "examinee" && row.hasFinished),
  extraMinutes: row.extraMinutes,
  publishStatus: { main: row.mainPublishStatus, pc: row.pcPublishStatus },
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

const withRoomsFor = (role: Role | undefined) => (role === "admin" ? withRooms.all : withRooms.viewer);

export type ParticipantStore = ReturnType<typeof createParticipantStore>;

/** A method refuses to change a room that has ended. Without `most`, rooms have no size limit. */
export const createParticipantStore = ({
  storage,
  writes,
  removePerson,
  tasks,
  events,
}: {
  storage: Queries;
  writes: Writes;
  removePerson: ReturnType<typeof createPersonRemover>;
  tasks: TaskLog;
  events: EventLog;
}) => {
  const listOf = storage.cached(
    {
      tables: [participants, personChanges, rooms, bulkChanges, attempts],
      max: REMEMBERED_LISTS,
      freshPerTurn: true,
    },
    async (
      reader,
      exam: string,
      room: string,
      of: ParticipantRole,
      inProgress: boolean | undefined,
      viewer?: string,
      viewerRole?: Role,
    ) => {
      const values = { examId: exam, roomId: room, role: of };
      if (inProgress !== undefined)
        return (await reader.all(storedByRole, values)).map((row) => toStored(row, inProgress));
      const rows = await reader.all(withRoomsFor(viewerRole).byRole, { ...values, viewer, viewerRole });
      return rows.map((row) => toStored(row, row.hasRoomInProgress));
    },
  );

  /** Reads a room before writing to it. @throws ROOM_NOT_FOUND, ROOM_ENDED */
  const openRoom = async (reader: Reader, room: RoomKey) =>
    openRoomOf(room.roomId, await reader.get(roomById, room));

  /** Counts the people of a room, as far as their number matters. */
  const sizeOf = async (reader: Reader, most: number | undefined, room: RoomKey): Promise<number> =>
    most === undefined ? 0 : readRoomSize(reader, room, most + 1);

  /**
   * Prepares to add or update a person. Returns the outcome, its events, and a function that starts to write it.
   * @throws RoleConflict
   */
  const addOne = async (
    tx: RosterTransaction,
    person: NewPerson,
    existing: RowOf<typeof personInRoom> | undefined,
  ): Promise<{ outcome: AddOutcome; changes: NewEvent[]; write: () => Promise<unknown> }> => {
    const { examId: exam, roomId: room, userId: id, role: newRole, name: newName, now } = person;
    const eventRoom = { examId: exam, roomId: room };
    if (!existing) {
      const { arrival, write } = await preparePerson(tx, person);
      return { outcome: "added", changes: arrivalEvents(eventRoom, arrival, now), write };
    }
    if (existing.role !== newRole) throw new RoleConflict(person, existing.role);
    const minutes = person.extraMinutes ?? existing.extraMinutes;
    if (existing.name === newName && existing.extraMinutes === minutes)
      return { outcome: "unchanged", changes: [], write: async () => undefined };
    const updated = { userId: id, role: existing.role, name: newName, extraMinutes: minutes };
    return {
      outcome: "updated",
      changes: [newEvent(eventRoom, "participant_updated", updated, now)],
      write: () =>
        tx.run(updatePerson, { ...eventRoom, userId: id, name: newName, extraMinutes: minutes, now }),
    };
  };

  return {
    async get(
      { examId: exam, roomId: room, hasRoomInProgress: known }: RoomState,
      id: string,
    ): Promise<StoredParticipant | undefined> {
      const values = { examId: exam, roomId: room, userId: id };
      if (typeof known === "boolean") {
        const row = await storage.get(storedPerson, values);
        return row && toStored(row, known);
      }
      const viewer = { viewer: known.userId, viewerRole: known.role };
      const row = await storage.get(withRoomsFor(known.role).person, { ...values, ...viewer });
      return row && toStored(row, row.hasRoomInProgress);
    },
    /** Sorted by when they were added. */
    list: async (
      { examId: exam, roomId: room, hasRoomInProgress: known }: RoomState,
      ofRole: ParticipantRole,
    ): Promise<readonly StoredParticipant[]> =>
      typeof known === "boolean"
        ? listOf(exam, room, ofRole, known)
        : listOf(exam, room, ofRole, undefined, known.userId, known.role),
    /** The same people in the same order, without the fields that change. */
    async members(room: RoomKey, ofRole: ParticipantRole): Promise<RoomMember[]> {
      const found = await storage.all(membersByRole, { ...room, role: ofRole });
      return found.map(({ plannedMinutes: planned, attempt, ...member }) => ({
        ...member,
        times: { extraMinutes: planned, attempt: attemptOf(attempt) ?? RUNNING },
      }));
    },
    /**
     * Adds people to a room, or updates the names and extra minutes of those who are in it: all or none. Returns
     * the outcome for each person, or the first person who is in the room with another role.
     */
    add: (
      room: RoomKey,
      people: readonly NewPerson[],
      most: number | undefined,
      author: Author,
    ): Promise<{ outcomes: AddOutcome[] } | { conflict: NewPerson; role: ParticipantRole }> =>
      writes
        .ofRoster(
          { ...room, people: people.map(({ userId }) => userId) },
          author,
          (reader) =>
            Promise.all([
              openRoom(reader, room),
              reader.all(peopleInRoom, { ...room, userIds: people.map(({ userId }) => userId) }),
              sizeOf(reader, most, room),
            ]),
          async (tx, [, existing, sizeBefore]) => {
            const existingById = new Map(existing.map((one) => [one.userId, one]));
            const all = await Promise.all(
              people.map((person) => addOne(tx, person, existingById.get(person.userId))),
            );
            const outcomes = all.map(({ outcome }) => outcome);
            assertRoomSize(room.roomId, {
              before: sizeBefore,
              added: outcomes.filter((one) => one === "added").length,
              most,
            });
            await tx.last(() =>
              Promise.all([
                ...all.map(({ write }) => write()),
                events.addAll(
                  tx,
                  all.flatMap(({ changes }) => changes),
                ),
              ]),
            );
            return { outcomes };
          },
        )
        .catch((error: unknown) => {
          if (error instanceof RoleConflict) return { conflict: error.person, role: error.role };
          throw error;
        }),
    /**
     * Changes the extra minutes of examinees of a room: all or none. Returns how many have changed, or the first person who is not in the
     * room, or is there in another role.
     */
    setExtraMinutes(
      room: RoomKey,
      people: readonly Pick<RoomMember, "userId" | "extraMinutes">[],
      { now, author }: { readonly now: Date; readonly author: Author },
    ): Promise<
      | { readonly updated: number; readonly unchanged: number }
      | { readonly notFound: string }
      | { readonly notExaminee: Pick<RoomMember, "userId" | "role"> }
    > {
      const userIds = people.map(({ userId }) => userId);
      return writes.ofRoster(
        { ...room, people: userIds },
        author,
        (reader) => Promise.all([openRoom(reader, room), reader.all(peopleInRoom, { ...room, userIds })]),
        async (tx, [, found]) => {
          const foundById = new Map(found.map((one) => [one.userId, one]));
          const notFound = userIds.find((one) => !foundById.has(one));
          if (notFound !== undefined) return { notFound };
          const notExaminee = found.find((one) => one.role !== "examinee");
          if (notExaminee) return { notExaminee };
          const changed = people.flatMap(({ userId: id, extraMinutes: minutes }) => {
            const person = foundById.get(id);
            return person && person.extraMinutes !== minutes ? [{ ...person, extraMinutes: minutes }] : [];
          });
          await tx.last(() =>
            Promise.all([
              ...changed.map((person) => tx.run(updatePerson, { ...room, ...person, now })),
              events.addAll(
                tx,
                changed.map((person) => newEvent(room, "participant_updated", person, now)),
              ),
            ]),
          );
          return { updated: changed.length, unchanged: people.length - changed.length };
        },
      );
    },
    /** Returns an examinee's attempt, and the highest number of extra minutes that they have in a room of the exam. */
    times: storage.cached(
      { tables: [exams, participants, personChanges, rooms, bulkChanges, attempts], freshPerTurn: true },
      async (reader, exam: string, user: string) => {
        const found = await reader.get(timesOfPerson, { examId: exam, userId: user });
        return {
          extraMinutes: found?.extraMinutes ?? 0,
          attempt: attemptOf(found?.attempt ?? null) ?? RUNNING,
        };
      },
    ),
    /**
     * Moves a person to the end of another room of the exam, and removes them from the groups of the old room. The new seat
     * keeps when their pages were disconnected, so that it shows that they were in the exam.
     * Their streams in the old room keep their names.
     */
    move(
      room: RoomKey,
      user: string,
      to: Pick<NewPerson, "roomId" | "streams" | "now">,
      most: number | undefined,
      author: Author,
    ): Promise<"moved" | "not_found" | "there_already"> {
      const target = { examId: room.examId, roomId: to.roomId };
      return writes.ofRoster(
        { ...target, people: [user], subject: room.roomId },
        author,
        (reader) =>
          Promise.all([
            openRoom(reader, room),
            openRoom(reader, target),
            reader.get(personInRoom, { ...room, userId: user }),
            reader.get(personInRoom, { ...target, userId: user }),
            reader.get(planOfSeat, { ...room, userId: user }),
            readLeft(reader, { ...room, userId: user }, to.now),
            sizeOf(reader, most, target),
          ]),
        async (tx, [from, , person, there, seatedBy, left, sizeBefore]) => {
          if (!person) return "not_found";
          if (there) return "there_already";
          assertRoomSize(target.roomId, { before: sizeBefore, added: 1, most });
          const [{ arrival, write }, keepLinks, evict] = await Promise.all([
            preparePerson(tx, { ...person, ...seatedBy, ...to, ...target, userId: user }),
            prepareMove(tx, { ...room, userId: user }, to.roomId),
            tasks.prepareEviction(tx, from, { ...person, userId: user }, to.now),
            deletePerson(tx, { ...room, userId: user }, { streamsStay: true, now: to.now }),
          ]);
          await tx.last(() =>
            Promise.all([
              write(),
              keepLinks(),
              noteLeftBefore(tx, { ...target, userId: user }, left),
              evict(),
              events.addAll(tx, [
                newEvent(room, "participant_removed", { userId: user, role: person.role }, to.now),
                ...arrivalEvents(target, { ...arrival, left }, to.now),
              ]),
            ]),
          );
          return "moved";
        },
      );
    },
    /** Removes a person who has not entered their room from it: see `prepareUnseating`. @throws what `assertUnseatable` throws */
    unseat: (
      room: RoomKey,
      user: string,
      { now, author }: { readonly now: Date; readonly author: Author },
    ): Promise<void> =>
      writes.ofRoster(
        { ...room, people: [user] },
        author,
        (reader) =>
          Promise.all([reader.get(roomById, room), readSeat(reader, { ...room, userId: user })] as const),
        async (tx, [found, seat]) => {
          openRoomOf(room.roomId, found);
          const write = await prepareUnseating(tx, room.examId, unseatable({ ...room, userId: user }, seat), {
            tasks,
            events,
            now,
          });
          await tx.last(() =>
            Promise.all([write(), events.add(tx, wholeExam(room.examId), "roster_changed", {}, now)]),
          );
        },
      ),
    /**
     * Removes a person from a room and its groups. If there are records about the person, they are removed only
     * with `withRecords`, which also deletes the records and the reports about their streams: those of the room
     * or, for the person's last room in the exam, those of all the exam's rooms. Returns undefined when the
     * person is not in the room.
     */
    async remove(
      { examId: exam, roomId: room }: RoomKey,
      user: string,
      { withRecords, now, author }: { withRecords: boolean; now: Date; author: Author },
    ): Promise<{ removed: boolean; records: number } | undefined> {
      const readRoom = () => storage.get(roomById, { examId: exam, roomId: room });
      openRoomOf(room, await readRoom());
      const removal = { examId: exam, roomId: room, userId: user, withRecords, now, author };
      try {
        const { records } = await removePerson(removal, (membership) => {
          const place = membership.rooms.find((one) => one.roomId === room);
          if (!place) throw new NotRemoved(undefined);
          openRoomOf(room, place);
          if (membership.records > 0 && !withRecords) throw new NotRemoved(membership.records);
        });
        return { removed: true, records };
      } catch (error) {
        if (!(error instanceof NotRemoved)) throw error;
        if (error.records !== undefined) return { removed: false, records: error.records };
        // The room may have ended or been deleted in the meantime.
        openRoomOf(room, await readRoom());
        return undefined;
      }
    },
  };
};
