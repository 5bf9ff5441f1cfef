import { and, eq } from "drizzle-orm";
import type { Storage } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { participants, unseated } from "../../storage/tables.js";
import type { AuditLog } from "../audit.js";
import { type Author, shareOf } from "../calls.js";
import { noteErasure } from "../erasures.js";
import { type RosterTransaction, withRosterLock } from "../exam-transaction.js";
import { deleteHandsOf } from "../hands.js";
import { deletePerson } from "../people.js";
import { eraseRecords, eraseStreamEventsAndVisits } from "./erase-person.js";
import { countRecords } from "./removal.js";
import { lockSoftDeletedExam } from "./soft-deleted.js";
import type { BulkChange, Phase, Window, WindowResult } from "./types.js";
import { ROWS_PER_WRITE } from "./worker.js";

// A deleted exam may be restored, so erasing a person reaches it, too. A deleted exam is not visible, so the person is erased in small writes without an
// announcement.

/** What a deleted exam contained about a person. */
export interface ErasedPerson {
  readonly rooms: number;
  readonly wasUnseated: boolean;
  readonly records: number;
}

/** How many rows a seat counts as, with its stream names. */
const SEAT_ROWS = 3;

const seatsOfPerson = statement(
  query
    .select({ roomId: participants.roomId })
    .from(participants)
    .where(and(eq(participants.userId, param("userId")), eq(participants.examId, param("examId"))))
    .limit(param("limit")),
);
const deleteUnseated = statement(
  query
    .delete(unseated)
    .where(and(eq(unseated.examId, param("examId")), eq(unseated.userId, param("userId"))))
    .returning({ seq: unseated.seq }),
);

/** The exam was restored, or its erasure has begun. */
class NoLongerSoftDeleted extends Error {
  constructor() {
    super("the exam is no longer soft-deleted");
  }
}

/**
 * Makes the function that erases a person from a deleted exam, with their records. What else names them is erased by the erasure that it
 * notes. If it is interrupted, call it again. It returns undefined if the exam is not, or no longer, soft-deleted.
 */
export const createSoftDeletedPersonEraser = ({
  storage,
  audit,
  clock,
}: {
  storage: Storage;
  audit: AuditLog;
  clock: () => Date;
}) => {
  const writeInExam = <Result>(
    examId: string,
    author: Author,
    work: (tx: RosterTransaction, change: BulkChange) => Promise<Result>,
  ): Promise<Result> =>
    storage.write(
      async (tx) => {
        const change = await lockSoftDeletedExam(tx, examId);
        if (!change) throw new NoLongerSoftDeleted();
        return work(withRosterLock(tx), change);
      },
      { bulk: true, share: shareOf(author, examId) },
    );

  const erase = async (examId: string, userId: string, author: Author): Promise<ErasedPerson> => {
    const person = { userId, erases: "exam", lastRecordId: Number.MAX_SAFE_INTEGER } as const;
    const { records } = await countRecords(storage, { examId, person });
    const limit = Math.floor(ROWS_PER_WRITE / SEAT_ROWS);
    let rooms = 0;
    let wasUnseated = false;
    for (let isLast = false; !isLast; )
      isLast = await writeInExam(examId, author, async (tx) => {
        const seats = await tx.all(seatsOfPerson, { examId, userId, limit });
        for (const { roomId } of seats)
          await deletePerson(tx, { examId, roomId, userId }, { streamsStay: false, now: clock() });
        rooms += seats.length;
        if (seats.length === limit) return false;
        wasUnseated = (await tx.get(deleteUnseated, { examId, userId })) !== undefined;
        await Promise.all([
          deleteHandsOf(tx, { examId, userId }),
          noteErasure(tx, { examId, userId }, clock()),
        ]);
        await audit.add(tx, author, { examId, people: [userId] });
        return true;
      });
    const run = async (phase: Phase): Promise<void> => {
      let window: Window | undefined = { after: "", rows: ROWS_PER_WRITE };
      while (window) {
        const current: Window = window;
        const { next }: WindowResult = await writeInExam(examId, author, (tx, change) =>
          phase(tx, { ...change, person }, current),
        );
        window = next === undefined ? undefined : { after: next, rows: ROWS_PER_WRITE };
      }
    };
    // Records come last: as long as there are any, a repeated call finds the person.
    await run(eraseStreamEventsAndVisits);
    await run(eraseRecords);
    return { rooms, wasUnseated, records };
  };

  return async (examId: string, userId: string, author: Author): Promise<ErasedPerson | undefined> => {
    try {
      return await erase(examId, userId, author);
    } catch (error) {
      if (error instanceof NoLongerSoftDeleted) return undefined;
      throw error;
    }
  };
};
