import { setImmediate as nextTurn } from "node:timers/promises";
import type { ParticipantRole, RoomStatus } from "@invigil/schema";
import { and, asc, eq, gt, isNull, lte, max, sql } from "drizzle-orm";
import type { Database } from "../../storage/sqlite/client.js";
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
import { noteErasure } from "../erasures.js";
import type { BulkChanges } from "./changes.js";
import { recordsInRoom, roomsErased } from "./erase.js";
import type { BulkChange } from "./types.js";

/** Where somebody is in an exam, and what was recorded about them. */
export interface Standing {
  /** In the order in which the rooms were made. */
  readonly rooms: readonly {
    readonly roomId: string;
    readonly name: string;
    readonly status: RoomStatus;
    readonly role: ParticipantRole;
    readonly createTeacher: string;
  }[];
  readonly waits: boolean;
  /** Cheat records, in the room alone where they leave only that. */
  readonly records: number;
}

export interface Removal {
  readonly examId: string;
  readonly userId: string;
  /** Out of this room only; absent: out of the exam. */
  readonly roomId?: string;
  /** Whether what was recorded about them goes, too: in the room, or, where it is their last one, in the exam. */
  readonly withRecords: boolean;
  readonly now: Date;
}

/** Records that are looked at in one turn, to count them. */
const LOOKED_AT_ONCE = 2000;

/** The scope of the count was another one than that of the removal: it is counted again. */
class OtherScope extends Error {
  constructor() {
    super("counted elsewhere");
  }
}

/**
 * Makes the function that removes somebody from a room or an exam: at once for everybody who looks, however much was recorded about
 * them. `check` sees before what there is, and refuses by throwing.
 */
export const createPersonRemover = ({ db, bulk }: { db: Database; bulk: BulkChanges }) => {
  const { queries } = db;
  const nextRoom = roomsErased(queries);
  const inRoom = recordsInRoom(queries);
  const newest = queries
    .select({ id: max(cheatRecords.id) })
    .from(cheatRecords)
    .prepare();
  const recordsSince = queries
    .select({
      id: cheatRecords.id,
      userId: cheatRecords.userId,
      roomId: cheatRecords.roomId,
      examId: cheatRecords.examId,
    })
    .from(cheatRecords)
    .where(and(gt(cheatRecords.id, sql.placeholder("after")), lte(cheatRecords.id, sql.placeholder("upTo"))))
    .orderBy(asc(cheatRecords.id))
    .limit(sql.placeholder("limit"))
    .prepare();
  const roomsOf = queries
    .select({
      roomId: visibleRooms.id,
      name: visibleRooms.name,
      status: visibleRooms.status,
      role: visibleParticipants.role,
      createTeacher: visibleRooms.createTeacher,
    })
    .from(visibleParticipants)
    .innerJoin(visibleRooms, eq(visibleRooms.id, visibleParticipants.roomId))
    .where(
      and(
        eq(visibleParticipants.userId, sql.placeholder("userId")),
        eq(visibleRooms.examId, sql.placeholder("examId")),
      ),
    )
    .orderBy(asc(visibleRooms.id))
    .prepare();
  const waitsIn = queries
    .select({ seq: visibleUnseated.seq })
    .from(visibleUnseated)
    .where(
      and(
        eq(visibleUnseated.examId, sql.placeholder("examId")),
        eq(visibleUnseated.userId, sql.placeholder("userId")),
      ),
    )
    .prepare();
  const markSeat = queries
    .update(participants)
    .set({ removedBy: sql`${sql.placeholder("id")}` })
    .where(
      and(
        eq(participants.roomId, sql.placeholder("roomId")),
        eq(participants.userId, sql.placeholder("userId")),
        isNull(participants.removedBy),
      ),
    )
    .prepare();
  const markWaiting = queries
    .update(unseated)
    .set({ removedBy: sql`${sql.placeholder("id")}` })
    .where(eq(unseated.seq, sql.placeholder("seq")))
    .prepare();

  type Scope = Pick<BulkChange, "examId"> & { readonly person: RemovedPerson };
  const newestId = (): number => newest.get()?.id ?? 0;

  /** The records in a range of ids that are about the person. Looks at all records of the range. */
  const inRange = (
    { examId, person }: Scope,
    after: number,
    upTo: number,
  ): { count: number; last: number } => {
    const rows = recordsSince.all({ after, upTo, limit: LOOKED_AT_ONCE });
    const { userId, erases, roomId } = person;
    const about = rows.filter(
      (row) => row.userId === userId && (erases === "room" ? row.roomId === roomId : row.examId === examId),
    );
    return {
      count: about.length,
      last: rows.length < LOOKED_AT_ONCE ? upTo : (rows.at(-1)?.id ?? upTo),
    };
  };

  /** Counts the records about somebody, a part in each turn, until only a few have come meanwhile. */
  const count = async (scope: Scope): Promise<{ records: number; upTo: number }> => {
    const upTo = newestId();
    let records = 0;
    for (let room = nextRoom(scope, ""); room !== undefined; room = nextRoom(scope, room)) {
      for (let after = 0; after < upTo; ) {
        const { ids, looked, last } = inRoom(room, scope.person.userId, { after, limit: LOOKED_AT_ONCE });
        records += ids.filter((id) => id <= upTo).length;
        after = looked < LOOKED_AT_ONCE ? upTo : last;
        await nextTurn();
      }
    }
    let last = upTo;
    while (newestId() - last > LOOKED_AT_ONCE) {
      const more = inRange(scope, last, newestId());
      records += more.count;
      last = more.last;
      await nextTurn();
    }
    return { records, upTo: last };
  };

  /** What goes with somebody, given how many rooms they are in. */
  const erasing = ({ roomId }: Removal, rooms: number): "room" | "exam" =>
    roomId !== undefined && rooms > 1 ? "room" : "exam";

  const attempt = async (removal: Removal, check: (standing: Standing) => void): Promise<Standing> => {
    const { examId, userId, roomId, withRecords, now } = removal;
    const erases = erasing(removal, roomsOf.all({ userId, examId }).length);
    const counted = { userId, roomId, erases, lastRecordId: 0 };
    const { records, upTo } = await count({ examId, person: counted });
    return bulk.run({ kind: "remove_person", examId, person: counted, now }, function* prepare({ id }) {
      const rooms = roomsOf.all({ userId, examId });
      const person = { ...counted, erases: erasing(removal, rooms.length) };
      const isRecorded = nextRoom({ examId, person }, "") !== undefined;
      if (isRecorded && person.erases !== erases) throw new OtherScope();
      const lastRecordId = newestId();
      const since = inRange({ examId, person }, upTo, lastRecordId);
      if (isRecorded && since.last < lastRecordId) throw new OtherScope();
      const waiting = waitsIn.get({ examId, userId });
      const standing = {
        rooms,
        waits: waiting !== undefined,
        records: isRecorded ? records + since.count : 0,
      };
      check(standing);
      queries
        .update(bulkChanges)
        .set({ person: { ...person, erases: withRecords ? person.erases : "nothing", lastRecordId } })
        .where(eq(bulkChanges.id, id))
        .run();
      for (const room of rooms) {
        if (roomId !== undefined && room.roomId !== roomId) continue;
        markSeat.run({ id, roomId: room.roomId, userId });
        yield 1;
      }
      if (waiting && roomId === undefined) markWaiting.run({ id, seq: waiting.seq });
      // In the write that announces the removal, and before the events that tell of it.
      if (withRecords) noteErasure(queries, { examId, userId, ...(erases === "room" && { roomId }) }, now);
      return standing;
    });
  };

  return async (removal: Removal, check: (standing: Standing) => void): Promise<Standing> => {
    for (;;) {
      try {
        return await attempt(removal, check);
      } catch (error) {
        if (!(error instanceof OtherScope)) throw error;
      }
    }
  };
};
