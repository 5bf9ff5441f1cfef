import { setImmediate as nextTurn } from "node:timers/promises";
import type { ParticipantRole, RoomStatus } from "@invigil/schema";
import { and, asc, eq, gt, isNull, lte, max } from "drizzle-orm";
import { isOfSeat, isRoomOf } from "../../storage/conditions.js";
import type { Queries, Reader } from "../../storage/port.js";
import { param, query, rawParam, statement } from "../../storage/statement.js";
import {
  bulkChanges,
  cheatRecords,
  participants,
  type RemovedPerson,
  unseated,
  visibleParticipants,
  visibleRooms,
  visibleUnseated,
} from "../../storage/tables.js";
import type { Author } from "../calls.js";
import { encodedParam } from "../encoded-param.js";
import { noteErasure } from "../erasures.js";
import type { RosterTransaction } from "../exam-transaction.js";
import { deleteHandsOf } from "../hands.js";
import { readTrace, type Trace } from "../traces.js";
import type { BulkChanges } from "./changes.js";
import { readNextRecordedRoom, readRecordsOfPerson } from "./erase-person.js";
import type { BulkChange } from "./types.js";

/** The rooms of a person in an exam, and the number of records about them. */
export interface ExamMembership {
  /** In the order in which the rooms were created. */
  readonly rooms: readonly {
    readonly roomId: string;
    readonly name: string;
    readonly status: RoomStatus;
    readonly role: ParticipantRole;
    readonly createTeacher: string;
  }[];
  readonly isUnseated: boolean;
  /** The number of cheat records: of the room if the person leaves only that, else of the exam. */
  readonly records: number;
  /** What they have left in the exam. Read only if the removal asks for it. */
  readonly trace?: Trace | undefined;
}

export interface Removal {
  readonly examId: string;
  readonly userId: string;
  /** The room to remove the person from. Default: all rooms of the exam. */
  readonly roomId?: string;
  /** Whether to erase the records about the person too: of the room, or if it is their last room, of the exam. */
  readonly withRecords: boolean;
  /** Whether `check` needs the person's trace. */
  readonly withTrace?: boolean;
  readonly now: Date;
  readonly author: Author;
}

/** The records that are read in one turn of the event loop. */
const RECORDS_PER_TURN = 2000;

/** The count is for another scope than the removal erases. The removal must be attempted again. */
class CountOutdated extends Error {
  constructor() {
    super("the records that a removal erases were counted for another scope");
  }
}

const newestRecord = statement((dialect) =>
  query
    .select({ id: max(cheatRecords.id) })
    .from(cheatRecords)
    .where(dialect.inExam(cheatRecords.examId)),
);
const recordsBetween = statement((dialect) =>
  query
    .select({
      id: cheatRecords.id,
      userId: cheatRecords.userId,
      roomId: cheatRecords.roomId,
      examId: cheatRecords.examId,
    })
    .from(cheatRecords)
    .where(
      and(
        dialect.inExam(cheatRecords.examId),
        gt(cheatRecords.id, param("after")),
        lte(cheatRecords.id, param("upTo")),
      ),
    )
    .orderBy(asc(cheatRecords.id))
    .limit(RECORDS_PER_TURN),
);
const roomsOfPerson = statement(
  query
    .select({
      roomId: visibleRooms.id,
      name: visibleRooms.name,
      status: visibleRooms.status,
      role: visibleParticipants.role,
      createTeacher: visibleRooms.createTeacher,
    })
    .from(visibleParticipants)
    .innerJoin(visibleRooms, isRoomOf(visibleRooms, visibleParticipants))
    .where(
      and(eq(visibleParticipants.userId, param("userId")), eq(visibleParticipants.examId, param("examId"))),
    )
    .orderBy(asc(visibleRooms.id)),
);
const unseatedPerson = statement(
  query
    .select({ seq: visibleUnseated.seq })
    .from(visibleUnseated)
    .where(and(eq(visibleUnseated.examId, param("examId")), eq(visibleUnseated.userId, param("userId")))),
);
const markSeat = statement(
  query
    .update(participants)
    .set({ removedBy: rawParam<number>("id") })
    .where(and(isOfSeat(participants), isNull(participants.removedBy))),
);
const markUnseated = statement((dialect) =>
  query
    .update(unseated)
    .set({ removedBy: rawParam<number>("id") })
    .where(and(eq(unseated.seq, param("seq")), dialect.inExam(unseated.examId))),
);
const setPerson = statement((dialect) =>
  query
    .update(bulkChanges)
    .set({ person: encodedParam(bulkChanges.person, "person") })
    .where(and(eq(bulkChanges.id, param("id")), dialect.inExam(bulkChanges.examId))),
);

type Scope = Pick<BulkChange, "examId"> & { readonly person: RemovedPerson };

const readNewestId = async (reader: Reader, examId: string): Promise<number> =>
  (await reader.get(newestRecord, { examId }))?.id ?? 0;

/** Counts the records about a person with ids after `after` and up to `upTo`. Stops at `last` if there are too many records to read. */
const countBetween = async (
  reader: Reader,
  { examId, person }: Scope,
  after: number,
  upTo: number,
): Promise<{ count: number; last: number }> => {
  const rows = await reader.all(recordsBetween, { examId, after, upTo });
  const { userId, erases, roomId } = person;
  const about = rows.filter(
    (row) => row.userId === userId && (erases === "room" ? row.roomId === roomId : row.examId === examId),
  );
  return {
    count: about.length,
    last: rows.length < RECORDS_PER_TURN ? upTo : (rows.at(-1)?.id ?? upTo),
  };
};

/** Counts the records about a person in several turns of the event loop. Only few records are newer than the returned `upTo`. */
export const countRecords = async (
  reader: Reader,
  scope: Scope,
): Promise<{ records: number; upTo: number }> => {
  const { examId } = scope;
  const { userId } = scope.person;
  const upTo = await readNewestId(reader, examId);
  let records = 0;
  for (
    let roomId = await readNextRecordedRoom(reader, scope, "");
    roomId !== undefined;
    roomId = await readNextRecordedRoom(reader, scope, roomId)
  ) {
    for (let after = 0; after < upTo; ) {
      const window = { after, limit: RECORDS_PER_TURN };
      const { ids, read, last } = await readRecordsOfPerson(reader, { examId, roomId, userId }, window);
      records += ids.filter((id) => id <= upTo).length;
      after = read < RECORDS_PER_TURN ? upTo : last;
      await nextTurn();
    }
  }
  let last = upTo;
  for (let newest = await readNewestId(reader, examId); newest - last > RECORDS_PER_TURN; ) {
    const more = await countBetween(reader, scope, last, newest);
    records += more.count;
    last = more.last;
    await nextTurn();
    newest = await readNewestId(reader, examId);
  }
  return { records, upTo: last };
};

/** Returns which records a removal erases. `rooms` is the number of rooms of the person. */
const scopeOf = ({ roomId }: Removal, rooms: number): "room" | "exam" =>
  roomId !== undefined && rooms > 1 ? "room" : "exam";

/**
 * Makes the function that removes a person from a room or an exam. Readers see the removal at once, however many records there are. `check`
 * throws to refuse the removal.
 */
export const createPersonRemover = ({ storage, bulk }: { storage: Queries; bulk: BulkChanges }) => {
  async function* prepare(
    tx: RosterTransaction,
    id: number,
    removal: Removal,
    counted: { readonly person: RemovedPerson; readonly records: number; readonly upTo: number },
    check: (membership: ExamMembership) => void,
  ): AsyncGenerator<number, ExamMembership, void> {
    const { examId, userId, roomId, withRecords, now } = removal;
    const [rooms, lastRecordId, unseated, trace] = await Promise.all([
      tx.all(roomsOfPerson, { userId, examId }),
      readNewestId(tx, examId),
      tx.get(unseatedPerson, { examId, userId }),
      removal.withTrace ? readTrace(tx, { examId, userId }) : undefined,
    ]);
    const person = { ...counted.person, erases: scopeOf(removal, rooms.length), lastRecordId };
    const [recordedRoom, added] = await Promise.all([
      readNextRecordedRoom(tx, { examId, person }, ""),
      countBetween(tx, { examId, person }, counted.upTo, lastRecordId),
    ]);
    const isRecorded = recordedRoom !== undefined;
    if (isRecorded && person.erases !== counted.person.erases) throw new CountOutdated();
    if (isRecorded && added.last < lastRecordId) throw new CountOutdated();
    const membership = {
      rooms,
      isUnseated: unseated !== undefined,
      trace,
      records: isRecorded ? counted.records + added.count : 0,
    };
    check(membership);

    await tx.run(setPerson, {
      examId,
      id,
      person: { ...person, erases: withRecords ? person.erases : "nothing" } satisfies RemovedPerson,
    });
    for (const room of rooms) {
      if (roomId !== undefined && room.roomId !== roomId) continue;
      await tx.run(markSeat, { examId, id, roomId: room.roomId, userId });
      yield 1;
    }
    if (unseated && roomId === undefined) await tx.run(markUnseated, { examId, id, seq: unseated.seq });
    // In the transaction that announces the removal, and before its events.
    if (withRecords) {
      const erased = { examId, userId, ...(person.erases === "room" && { roomId }) };
      await Promise.all([deleteHandsOf(tx, erased), noteErasure(tx, erased, now)]);
    }
    return membership;
  }

  const attempt = async (
    removal: Removal,
    check: (membership: ExamMembership) => void,
  ): Promise<ExamMembership> => {
    const { examId, userId, roomId, now, author } = removal;
    const { length } = await storage.all(roomsOfPerson, { userId, examId });
    const person: RemovedPerson = { userId, roomId, erases: scopeOf(removal, length), lastRecordId: 0 };
    const counted = { person, ...(await countRecords(storage, { examId, person })) };
    return bulk.run({ kind: "remove_person", examId, person, now, author }, ({ id }, tx) =>
      prepare(tx, id, removal, counted, check),
    );
  };

  return async (removal: Removal, check: (membership: ExamMembership) => void): Promise<ExamMembership> => {
    for (;;) {
      try {
        return await attempt(removal, check);
      } catch (error) {
        if (!(error instanceof CountOutdated)) throw error;
      }
    }
  };
};
