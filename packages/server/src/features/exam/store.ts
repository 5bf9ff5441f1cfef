import type { ExamSummary, Role, VideoProfile } from "@invigil/schema";
import { and, count, desc, eq, lt, sql } from "drizzle-orm";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import { createExamDeleter, type Holding } from "../../domain/bulk/delete-exam.js";
import { missingClip, type NewAttachment, replaceExamAudio } from "../../domain/exam-audio.js";
import { insertExam, type NewExam } from "../../domain/inserts.js";
import type { Database } from "../../storage/sqlite/client.js";
import {
  exams,
  visibleParticipants as participants,
  visibleRooms as rooms,
  visibleExams,
} from "../../storage/tables.js";

/** An exam as it is kept. */
export type StoredExam = Omit<ExamSummary, "videoProfile"> & { videoProfile: VideoProfile | null };
type Changes = Pick<StoredExam, "name" | "startTime" | "endTime" | "videoProfile" | "updatedAt">;

type NamedHolding = Holding & { readonly name: string };

export type { Holding };

/** A clip that there is not: nothing was written. */
export interface Missing {
  readonly missingClip: string;
}

export interface ExamStore {
  /** Writes an exam and what it plays. */
  create(exam: NewExam, audio: readonly NewAttachment[]): Promise<Missing | undefined>;
  /** How many exams somebody has made, if there are not more than a number. */
  countOf(userId: string, most: number): number;
  get(examId: string): Promise<StoredExam | undefined>;
  /** Changes an exam by what it is at that moment, and where `audio` is given all that it plays. */
  update(
    examId: string,
    change: (current: StoredExam) => Changes,
    audio: readonly NewAttachment[] | undefined,
  ): Promise<Missing | undefined>;
  /** Newest first, all or those that a person reaches; `before` is the last id of the page before. */
  list(
    person: { userId: string; role: Role } | undefined,
    page: { limit: number; before: string | undefined },
  ): Promise<{ list: StoredExam[]; nextCursor?: string }>;
  /** Deletes an exam and what belongs to it if `judge` lets what it holds go. Undefined when there is none. */
  delete(
    exam: { examId: string; now: Date },
    judge: (holding: NamedHolding) => void,
  ): Promise<Holding | undefined>;
}

/** What is read of an exam: who made it is for the access service alone. */
const columns = {
  id: visibleExams.id,
  name: visibleExams.name,
  startTime: visibleExams.startTime,
  endTime: visibleExams.endTime,
  videoProfile: visibleExams.videoProfile,
  createdAt: visibleExams.createdAt,
  updatedAt: visibleExams.updatedAt,
};

/** The first page starts above every id: an id is digits and small letters. */
const FIRST = "~";

export const createExamStore = ({ db, bulk }: { db: Database; bulk: BulkChanges }): ExamStore => {
  const { queries, write } = db;
  const get = queries
    .select(columns)
    .from(visibleExams)
    .where(eq(visibleExams.id, sql.placeholder("examId")))
    .prepare();
  const newest = queries
    .select(columns)
    .from(visibleExams)
    .where(lt(visibleExams.id, sql.placeholder("before")))
    .orderBy(desc(visibleExams.id))
    .limit(sql.placeholder("limit"))
    .prepare();
  const madeBy = queries
    .select({ id: visibleExams.id })
    .from(visibleExams)
    .where(
      and(
        eq(visibleExams.createdBy, sql.placeholder("userId")),
        lt(visibleExams.id, sql.placeholder("before")),
      ),
    )
    .orderBy(desc(visibleExams.id))
    .limit(sql.placeholder("limit"))
    .prepare();
  const ofTheirRooms = queries
    .select({ id: rooms.examId })
    .from(participants)
    .innerJoin(rooms, eq(rooms.id, participants.roomId))
    .where(
      and(eq(participants.userId, sql.placeholder("userId")), eq(participants.role, sql.placeholder("role"))),
    )
    .prepare();

  /** A person's exams come from two lists, of which one is in the order of its rooms: they are put in order here. */
  const reached = (person: { userId: string; role: Role }, page: { limit: number; before: string }) => {
    const made = person.role === "teacher" ? madeBy.all({ userId: person.userId, ...page }) : [];
    const ids = new Set([...ofTheirRooms.all(person), ...made].map(({ id }) => id));
    return [...ids]
      .filter((id) => id < page.before)
      .toSorted()
      .toReversed()
      .slice(0, page.limit)
      .flatMap((examId) => get.get({ examId }) ?? []);
  };

  const someOf = queries
    .select({ id: exams.id })
    .from(exams)
    .where(eq(exams.createdBy, sql.placeholder("userId")))
    .limit(sql.placeholder("most"))
    .as("some");
  const countOf = queries.select({ number: count() }).from(someOf).prepare();

  return {
    countOf: (userId, most) => countOf.get({ userId, most })?.number ?? 0,
    create: (exam, audio) =>
      write(() => {
        const missing = missingClip(queries, audio);
        if (missing !== undefined) return { missingClip: missing };
        insertExam(queries, exam);
        replaceExamAudio(queries, exam.id, audio);
        return undefined;
      }),

    get: async (examId) => get.get({ examId }),

    update: (examId, change, audio) =>
      write(() => {
        const current = get.get({ examId });
        if (!current) return undefined;
        const changed = change(current);
        const missing = missingClip(queries, audio ?? []);
        if (missing !== undefined) return { missingClip: missing };
        queries.update(exams).set(changed).where(eq(exams.id, examId)).run();
        if (audio) replaceExamAudio(queries, examId, audio);
        return undefined;
      }),

    async list(person, { limit, before = FIRST }) {
      const page = { limit: limit + 1, before };
      const rows = person ? reached(person, page) : newest.all(page);
      const list = rows.slice(0, limit);
      const last = list.at(-1);
      return { list, ...(rows.length > limit && last && { nextCursor: last.id }) };
    },

    delete: createExamDeleter({ db, bulk }),
  };
};
