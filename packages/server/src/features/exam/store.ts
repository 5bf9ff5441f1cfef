import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type CameraNeed,
  type ExamCounts,
  MAX_COUNTED,
  MAX_ENDED_NAMED,
  type RestoredExam,
  type Role,
  RUNNING,
} from "@invigil/schema";
import { and, asc, count, desc, eq, gt, lt, type SQLWrapper, sql } from "drizzle-orm";
import { attemptColumns, attemptOf, isAttemptOf } from "../../domain/attempts.js";
import {
  findMissingClip,
  insertAttachments,
  type NewAttachment,
  replaceExamAudio,
} from "../../domain/audio-attachments.js";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import { createExamDeleter } from "../../domain/bulk/delete-exam.js";
import {
  listSoftDeletedExams,
  type RestEnd,
  readSoftDeletedExam,
  type SoftDeletedExam,
} from "../../domain/bulk/soft-deleted.js";
import type { Author } from "../../domain/calls.js";
import { prepareTimesEntries } from "../../domain/decisions.js";
import { encodedParam } from "../../domain/encoded-param.js";
import { type EventLog, newEvent, wholeExam } from "../../domain/events.js";
import type { NewExam } from "../../domain/people.js";
import { insertExam } from "../../domain/people.js";
import type { Writes } from "../../domain/writes.js";
import { type Page, pageOf } from "../../platform/paging.js";
import { isRoomOf } from "../../storage/conditions.js";
import type { Queries } from "../../storage/port.js";
import { param, query, rawParam, statement } from "../../storage/statement.js";
import {
  attempts,
  bulkChanges,
  exams,
  visibleParticipants as participants,
  visibleRooms as rooms,
  visibleUnseated as unseated,
  visibleExams,
} from "../../storage/tables.js";
import { changeOf, type StoredExam, type WantedChanges } from "./rules.js";

export type { SoftDeletedExam, StoredExam };

/** A clip does not exist, so nothing was written. */
export interface MissingClip {
  readonly missingClip: string;
}

const columns = {
  id: visibleExams.id,
  name: visibleExams.name,
  startTime: visibleExams.startTime,
  endTime: visibleExams.endTime,
  videoProfile: visibleExams.videoProfile,
  createdBy: visibleExams.createdBy,
  controlledBy: visibleExams.controller,
  maxRoomMinutes: visibleExams.maxRoomMinutes,
  cameras: visibleExams.cameras,
  questionsUrl: visibleExams.questionsUrl,
  detectors: visibleExams.detectors,
  createdAt: visibleExams.createdAt,
  updatedAt: visibleExams.updatedAt,
};

const roomsEndedAt = statement(
  query
    .select({ id: rooms.id, name: rooms.name })
    .from(rooms)
    .where(
      and(eq(rooms.examId, param("examId")), eq(rooms.status, "ended"), eq(rooms.endedAt, param("endedAt"))),
    )
    .orderBy(asc(rooms.id))
    .limit(MAX_ENDED_NAMED),
);

/** The cursor of the first page sorts after every id: ids consist of digits and lowercase letters. */
const FIRST = "~";

const examById = statement(
  query
    .select(columns)
    .from(visibleExams)
    .where(eq(visibleExams.id, param("examId"))),
);
const examsByIds = statement((dialect) =>
  query.select(columns).from(visibleExams).where(dialect.isAnyOf(visibleExams.id, "examIds")),
);
const newestExams = statement(
  query
    .select(columns)
    .from(visibleExams)
    .where(lt(visibleExams.id, param("before")))
    .orderBy(desc(visibleExams.id))
    .limit(param("limit")),
);
const examsMadeBy = statement(
  query
    .select({ id: visibleExams.id })
    .from(visibleExams)
    .where(and(eq(visibleExams.createdBy, param("userId")), lt(visibleExams.id, param("before"))))
    .orderBy(desc(visibleExams.id))
    .limit(param("limit")),
);
const examsOfRooms = statement(
  query
    .select({ id: rooms.examId })
    .from(participants)
    .innerJoin(rooms, isRoomOf(rooms, participants))
    .where(and(eq(participants.userId, param("userId")), eq(participants.role, param("role")))),
);
const counted = query
  .select({ id: exams.id })
  .from(exams)
  .where(eq(exams.createdBy, param("userId")))
  .limit(param("most"))
  .as("counted");
const numberMadeBy = statement(query.select({ number: count() }).from(counted));

/** The number of exams to count in one turn of the event loop. With 5,000 people each, it takes 10 ms on SQLite. */
const EXAMS_A_TURN = 10;
const asked = sql`asked."examId"`;
/** The number of rows that a query finds, which has a limit. */
const numberOf = (found: SQLWrapper) => sql<number>`(SELECT count(*) FROM ${found})`.mapWith(Number);
/** The same with a range of `seq`, for which SQLite has an index with all that the views need. */
const examineesOf = (table: typeof participants | typeof unseated) =>
  query
    .select({ seq: table.seq })
    .from(table)
    .where(and(eq(table.examId, asked), gt(table.seq, 0), eq(table.role, "examinee")))
    .limit(param("most"));
const countsOfExams = statement((dialect) =>
  query
    .select({
      examId: sql<string>`${asked}`,
      rooms: numberOf(
        query
          .select({ id: rooms.id })
          .from(rooms)
          .where(eq(rooms.examId, asked))
          .limit(param("most"))
          .as("counted"),
      ),
      seated: numberOf(examineesOf(participants).as("counted")),
      unseated: numberOf(examineesOf(unseated).as("counted")),
    })
    .from(dialect.rows("asked", { examId: "text" })),
);
const examineeSeats = statement(
  query
    .select({
      seq: participants.seq,
      userId: participants.userId,
      roomId: participants.roomId,
      status: rooms.status,
      extraMinutes: participants.extraMinutes,
      attempt: attemptColumns,
    })
    .from(participants)
    .innerJoin(rooms, isRoomOf(rooms, participants))
    .leftJoin(attempts, isAttemptOf(participants))
    .where(and(eq(participants.examId, param("examId")), eq(participants.role, "examinee"))),
);
/** The times of an exam as an interval of ISO 8601. */
const intervalOf = ({ startTime, endTime }: Pick<StoredExam, "startTime" | "endTime">): string =>
  `${startTime.toISOString()}/${endTime.toISOString()}`;
const updateExam = statement(
  query
    .update(exams)
    .set({
      name: rawParam<string>("name"),
      startTime: rawParam<Date>("startTime"),
      endTime: rawParam<Date>("endTime"),
      videoProfile: encodedParam(exams.videoProfile, "videoProfile"),
      controller: rawParam<"rooms" | "creator">("controlledBy"),
      maxRoomMinutes: rawParam<number | null>("maxRoomMinutes"),
      cameras: rawParam<CameraNeed>("cameras"),
      questionsUrl: rawParam<string | null>("questionsUrl"),
      detectors: encodedParam(exams.detectors, "detectors"),
      updatedAt: rawParam<Date>("updatedAt"),
    })
    .where(eq(exams.id, param("examId"))),
);

export type ExamStore = ReturnType<typeof createExamStore>;

export const createExamStore = ({
  storage,
  writes,
  events,
  bulk,
}: {
  storage: Queries;
  writes: Writes;
  events: EventLog;
  bulk: BulkChanges;
}) => {
  /** A person's exams come from two queries with different orders, so they are merged and sorted here. */
  const listAccessible = async (
    { userId, role }: { userId: string; role: Role },
    page: { limit: number; before: string },
  ): Promise<StoredExam[]> => {
    const [made, reached] = await storage.together(() =>
      Promise.all([
        role === "teacher" ? storage.all(examsMadeBy, { userId, ...page }) : [],
        storage.all(examsOfRooms, { userId, role }),
      ]),
    );
    const examIds = [...new Set([...reached, ...made].map(({ id }) => id))]
      .filter((id) => id < page.before)
      .toSorted()
      .toReversed()
      .slice(0, page.limit);
    const found = new Map((await storage.all(examsByIds, { examIds })).map((exam) => [exam.id, exam]));
    return examIds.flatMap((id) => found.get(id) ?? []);
  };

  const readExam = storage.cached(
    { tables: [exams, bulkChanges], freshPerTurn: true },
    (reader, examId: string) => reader.get(examById, { examId }),
  );

  return {
    /** Counts the exams that a person created, up to `most`. */
    countOf: async (userId: string, most: number): Promise<number> =>
      (await storage.get(numberMadeBy, { userId, most }))?.number ?? 0,
    /** Writes an exam and its audio attachments. */
    create: (
      exam: NewExam,
      audio: readonly NewAttachment[],
      author: Author,
    ): Promise<MissingClip | undefined> =>
      writes.ofNewExam({ examId: exam.id }, author, async (tx) => {
        const missing = await findMissingClip(tx, audio);
        if (missing !== undefined) return { missingClip: missing };
        await tx.last(() => Promise.all([insertExam(tx, exam), insertAttachments(tx, audio)]));
        return undefined;
      }),

    get: async (examId: string) => readExam(examId),

    /**
     * Changes an exam, writes an entry for each person for whom its times change, and replaces its audio attachments if `audio` is given. The
     * audit names the old and the new times.
     * @param withSeats whether times may change. Without it, nobody is concerned
     * @throws what `changeOf` throws
     */
    update: (
      examId: string,
      wanted: WantedChanges,
      { audio, withSeats }: { audio: readonly NewAttachment[] | undefined; withSeats: boolean },
      author: Author,
    ): Promise<MissingClip | { readonly concerned: number } | undefined> => {
      let times: string | undefined;
      const target = {
        examId,
        // Known when the audit reads it, after the statements of the change.
        get subject() {
          return times;
        },
      };
      return writes.ofExam(target, author, async (tx) => {
        const [current, missing, seats] = await Promise.all([
          tx.get(examById, { examId }),
          findMissingClip(tx, audio ?? []),
          withSeats ? tx.all(examineeSeats, { examId }) : [],
        ]);
        if (!current) return undefined;
        const { changed, people, reason } = changeOf(
          current,
          // Sorted here, because the database would sort in memory, too.
          seats
            .toSorted((one, other) => one.seq - other.seq)
            .map(({ attempt, ...seat }) => ({ ...seat, attempt: attemptOf(attempt) ?? RUNNING })),
          wanted,
        );
        if (missing !== undefined) return { missingClip: missing };
        if (audio) await replaceExamAudio(tx, examId, audio);
        const { name, startTime, endTime, updatedAt: now } = changed;
        const [before, after] = [intervalOf(current), intervalOf(changed)];
        times = before === after ? undefined : `${before} ${after}`;
        const entries = await prepareTimesEntries(tx, examId, people, { reason, author, now });
        const told = newEvent(wholeExam(examId), "exam_changed", { name, startTime, endTime }, now);
        await tx.last(() =>
          Promise.all([
            tx.run(updateExam, { ...changed, examId }),
            entries.write(),
            events.addAll(tx, [told, ...entries.events]),
          ]),
        );
        return { concerned: people.length };
      });
    },

    /**
     * Newest first: all exams, or those that a person has access to. `before` is the last id of the previous
     * page.
     */
    async list(
      person: { userId: string; role: Role } | undefined,
      { limit, before = FIRST }: { limit: number; before: string | undefined },
    ): Promise<Page<StoredExam, string>> {
      const page = { limit: limit + 1, before };
      const rows = await (person ? listAccessible(person, page) : storage.all(newestExams, page));
      return pageOf(rows, limit, ({ id }) => id);
    },

    /** Counts the rooms and examinees of each exam up to `most` (`MAX_COUNTED`), in several turns of the event loop. */
    async counts(
      examIds: readonly string[],
      most: number = MAX_COUNTED,
    ): Promise<ReadonlyMap<string, ExamCounts>> {
      const counts = new Map<string, ExamCounts>();
      for (let from = 0; from < examIds.length; from += EXAMS_A_TURN) {
        if (from > 0) await nextTurn();
        const exams = examIds.slice(from, from + EXAMS_A_TURN).map((examId) => ({ examId }));
        for (const found of await storage.all(countsOfExams, { asked: exams, most }))
          counts.set(found.examId, {
            rooms: found.rooms,
            examinees: Math.min(found.seated + found.unseated, most),
          });
      }
      return counts;
    },

    /**
     * Deletes an exam and its contents. `check` gets a summary of the contents and throws to refuse. Returns
     * undefined when there is no such exam. Until `eraseAt`, the exam can be restored. Undefined: it is erased at
     * once.
     */
    delete: createExamDeleter({ bulk }),
    /** Returns a deleted exam that can be restored. */
    deleted: (examId: string): Promise<SoftDeletedExam | undefined> => readSoftDeletedExam(storage, examId),
    /** Lists the deleted exams that can be restored, newest exam first. `before` is the last id of the previous page. */
    listDeleted: (page: {
      limit: number;
      before: string | undefined;
    }): Promise<Page<SoftDeletedExam, string>> => listSoftDeletedExams(storage, page),
    /** Restores a deleted exam, or erases it at once. Returns false if it cannot be restored any more. */
    endRest: (examId: string, end: RestEnd, author: Author): Promise<boolean> =>
      bulk.endRest(examId, end, author),
    /** Returns the rooms of an exam that ended at a time, in the order in which they were made, up to `MAX_ENDED_NAMED`. */
    roomsEndedAt: (examId: string, endedAt: Date): Promise<RestoredExam["endedRooms"]> =>
      storage.all(roomsEndedAt, { examId, endedAt }),
  };
};
