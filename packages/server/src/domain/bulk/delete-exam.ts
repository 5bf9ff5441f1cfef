import { and, asc, count, eq, gt } from "drizzle-orm";
import type { Reader } from "../../storage/port.js";
import { param, query, rawParam, type Statement, statement } from "../../storage/statement.js";
import {
  cheatRecords,
  exams,
  rooms,
  visibleExams,
  visibleParticipants,
  visibleRooms,
  visibleUnseated,
} from "../../storage/tables.js";
import type { Author } from "../calls.js";
import type { RosterTransaction } from "../exam-transaction.js";
import type { BulkChanges } from "./changes.js";

/** What an exam contains: rooms, people with and without a room, and cheat records. */
export interface ExamContents {
  readonly rooms: number;
  readonly people: number;
  readonly records: number;
}

/** The most rows that one statement counts. */
const MAX_COUNTED = 2000;
/** How many counted rows take as long as one changed row. */
const COUNTS_PER_ROW = 4;

class ExamGone extends Error {
  constructor() {
    super("the exam is gone");
  }
}

const examName = statement(
  query
    .select({ name: visibleExams.name })
    .from(visibleExams)
    .where(eq(visibleExams.id, param("examId"))),
);
const peopleOfRoom = statement(
  query
    .select({ number: count() })
    .from(visibleParticipants)
    .where(
      and(eq(visibleParticipants.examId, param("examId")), eq(visibleParticipants.roomId, param("roomId"))),
    ),
);
const unseatedAfter = statement(
  query
    .select({ key: visibleUnseated.seq })
    .from(visibleUnseated)
    .where(and(eq(visibleUnseated.examId, param("examId")), gt(visibleUnseated.seq, param("after"))))
    .orderBy(asc(visibleUnseated.seq))
    .limit(MAX_COUNTED),
);
const recordsAfter = statement(
  query
    .select({ key: cheatRecords.id })
    .from(cheatRecords)
    .where(and(eq(cheatRecords.examId, param("examId")), gt(cheatRecords.id, param("after"))))
    .orderBy(asc(cheatRecords.id))
    .limit(MAX_COUNTED),
);
const roomsAfter = statement(
  query
    .select({ id: visibleRooms.id })
    .from(visibleRooms)
    .where(and(eq(visibleRooms.examId, param("examId")), gt(visibleRooms.id, param("after"))))
    .orderBy(asc(visibleRooms.id))
    .limit(MAX_COUNTED),
);
const markExam = statement(
  query
    .update(exams)
    .set({ removedBy: rawParam<number>("id") })
    .where(eq(exams.id, param("examId"))),
);
const markRoom = statement(
  query
    .update(rooms)
    .set({ removedBy: rawParam<number>("id") })
    .where(and(eq(rooms.examId, param("examId")), eq(rooms.id, param("roomId")))),
);

/** Counts rows of an exam in steps, by a growing key. Yields the weight of each step in rows. */
async function* countRows(
  reader: Reader,
  rowsAfter: Statement<{ key: number }>,
  examId: string,
): AsyncGenerator<number, { number: number; last: number }, void> {
  let number = 0;
  for (let last = 0; ; ) {
    const rows = await reader.all(rowsAfter, { examId, after: last });
    number += rows.length;
    last = rows.at(-1)?.key ?? last;
    yield Math.ceil(rows.length / COUNTS_PER_ROW);
    if (rows.length < MAX_COUNTED) return { number, last };
  }
}

async function* roomsOf(reader: Reader, examId: string): AsyncGenerator<string, void, void> {
  for (let after = ""; ; ) {
    const found = await reader.all(roomsAfter, { examId, after });
    for (const { id } of found) yield id;
    if (found.length < MAX_COUNTED) return;
    after = found.at(-1)?.id ?? after;
  }
}

/** Counts what an exam contains in steps. Yields the weight of each step in rows. */
async function* countContents(
  reader: Reader,
  examId: string,
): AsyncGenerator<number, ExamContents & { lastRecord: number }, void> {
  let number = 0;
  let seated = 0;
  for await (const roomId of roomsOf(reader, examId)) {
    const { number: people = 0 } = (await reader.get(peopleOfRoom, { examId, roomId })) ?? {};
    number += 1;
    seated += people;
    yield 1 + Math.ceil(people / COUNTS_PER_ROW);
  }
  const unseatedPeople = yield* countRows(reader, unseatedAfter, examId);
  const records = yield* countRows(reader, recordsAfter, examId);
  return {
    rooms: number,
    people: seated + unseatedPeople.number,
    records: records.number,
    lastRecord: records.last,
  };
}

/**
 * Makes the function that deletes an exam with everything that belongs to it, including the groups of its rooms. Readers see the deletion
 * at once, however large the exam is. Until `eraseAt` it can be restored. `check` throws to refuse the deletion. The function returns undefined if the exam does not exist.
 */
export const createExamDeleter = ({ bulk }: { bulk: BulkChanges }) => {
  async function* prepare(
    tx: RosterTransaction,
    { id, examId }: { readonly id: number; readonly examId: string },
    check: (contents: ExamContents & { readonly name: string }) => void,
  ): AsyncGenerator<number, ExamContents, void> {
    const exam = await tx.get(examName, { examId });
    if (!exam) throw new ExamGone();
    const { lastRecord, ...counted } = yield* countContents(tx, examId);
    check({ ...exam, ...counted });
    for await (const roomId of roomsOf(tx, examId)) {
      await tx.run(markRoom, { examId, id, roomId });
      yield 1;
    }
    // Rooms and people cannot have changed since the count, but records may have been added.
    const added = await tx.all(recordsAfter, { examId, after: lastRecord });
    const contents = { ...counted, records: counted.records + added.length };
    check({ ...exam, ...contents });
    await tx.run(markExam, { id, examId });
    return contents;
  }

  return async (
    {
      examId,
      now,
      eraseAt,
      author,
    }: {
      readonly examId: string;
      readonly now: Date;
      readonly eraseAt: Date | undefined;
      readonly author: Author;
    },
    check: (contents: ExamContents & { readonly name: string }) => void,
  ): Promise<ExamContents | undefined> => {
    try {
      return await bulk.run({ kind: "delete_exam", examId, now, eraseAt, author }, ({ id }, tx) =>
        prepare(tx, { id, examId }, check),
      );
    } catch (error) {
      if (error instanceof ExamGone) return undefined;
      throw error;
    }
  };
};
