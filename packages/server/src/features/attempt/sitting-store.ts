import {
  type Checks,
  decisionKinds,
  type EntryKind,
  type Readiness,
  type ReportReadinessInput,
  reportedChecks,
  SERVER_KEY,
} from "@invigil/schema";
import { and, desc, eq, sql } from "drizzle-orm";
import { plannedMinutes } from "../../domain/attempts.js";
import type { Author } from "../../domain/calls.js";
import { type ConsentText, insertConsent, newestConsent } from "../../domain/consents.js";
import { readSeats } from "../../domain/decisions.js";
import { type EventLog, type NewEvent, newEvent, wholeExam } from "../../domain/events.js";
import type { EntryRow } from "../../domain/exam-entries.js";
import type { ExamTransaction } from "../../domain/exam-transaction.js";
import { assertExamineeOfOpenRoom, readRoomWithRole } from "../../domain/examinee.js";
import {
  type FindingsRow,
  factEvents,
  findingColumns,
  findingsOfPerson,
  isExamPerson,
  NOTHING_FOUND,
  readinessOf,
} from "../../domain/person-facts.js";
import { readRoomSnapshot } from "../../domain/room-snapshot.js";
import type { SeatKey } from "../../domain/seats.js";
import type { Writes } from "../../domain/writes.js";
import type { Queries } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../../storage/statement.js";
import { examEntries, examPeople, visibleExams, visibleParticipants } from "../../storage/tables.js";
import { assertNewest, assertNotTooSoon } from "./sitting-rules.js";

/** The most seats that have an event of their own when a new consent text is written. If there are more, all people are read again. */
const MAX_TOLD = 1000;

const examById = statement(
  query
    .select({
      id: visibleExams.id,
      name: visibleExams.name,
      startTime: visibleExams.startTime,
      endTime: visibleExams.endTime,
      videoProfile: visibleExams.videoProfile,
      cameras: visibleExams.cameras,
      questionsUrl: visibleExams.questionsUrl,
      detectors: visibleExams.detectors,
      extraMinutes: plannedMinutes({ examId: visibleExams.id, userId: param("userId") }),
    })
    .from(visibleExams)
    .where(eq(visibleExams.id, param("examId"))),
);
const timesOfExam = statement(
  query
    .select({ name: visibleExams.name, startTime: visibleExams.startTime, endTime: visibleExams.endTime })
    .from(visibleExams)
    .where(eq(visibleExams.id, param("examId"))),
);
const newestEntry = statement((dialect) =>
  query
    .select()
    .from(examEntries)
    .where(
      and(
        eq(examEntries.examId, param("examId")),
        eq(examEntries.userId, param("userId")),
        dialect.isAnyOf(examEntries.kind, "kinds"),
      ),
    )
    .orderBy(desc(examEntries.id))
    .limit(1),
);
/** By kind and version: consents of earlier servers have other keys. */
const consentOfVersion = statement(
  query
    .select({ time: examEntries.createdAt })
    .from(examEntries)
    .where(
      and(
        eq(examEntries.examId, param("examId")),
        eq(examEntries.userId, param("userId")),
        eq(examEntries.kind, "consent"),
        eq(examEntries.detail, param("version")),
      ),
    )
    .orderBy(examEntries.id)
    .limit(1),
);
const insertEntry = insertion(examEntries, { ids: "given" });
const target = [examPeople.examId, examPeople.userId];
const ofPerson = { examId: param("examId"), userId: param("userId") };
const setReadiness = statement(
  query
    .insert(examPeople)
    .values({
      ...ofPerson,
      readiness: param("readiness"),
      readinessAt: rawParam<Date | null>("readinessAt"),
      wavedThroughBy: rawParam<string | null>("wavedThroughBy"),
    })
    .onConflictDoUpdate({
      target,
      set: {
        readiness: sql`excluded.readiness`,
        readinessAt: sql`excluded.readiness_at`,
        wavedThroughBy: sql`excluded.waved_through_by`,
      },
    }),
);
const hasAgreed = sql`${examPeople.readiness} -> 'consent' IS NOT NULL`;
/** Finds the seats of people who have agreed to a consent text. */
const agreedSeats = statement(
  query
    .select({
      roomId: visibleParticipants.roomId,
      userId: visibleParticipants.userId,
      ...findingColumns,
    })
    .from(examPeople)
    .innerJoin(
      visibleParticipants,
      and(isExamPerson(visibleParticipants), eq(visibleParticipants.role, "examinee")),
    )
    .where(and(eq(examPeople.examId, param("examId")), hasAgreed))
    .limit(param("limit")),
);
const dropConsents = statement((dialect) =>
  query
    .update(examPeople)
    .set({ readiness: dialect.withoutKey(examPeople.readiness, "consent") })
    .where(and(eq(examPeople.examId, param("examId")), hasAgreed)),
);
const setDetectorsOff = statement(
  query
    .insert(examPeople)
    .values({ ...ofPerson, detectorsOff: rawParam<boolean>("off") })
    .onConflictDoUpdate({ target, set: { detectorsOff: sql`excluded.detectors_off` } }),
);

const CONSENT: readonly EntryKind[] = ["consent"];
const consentKey = (version: number): string => `${SERVER_KEY}consent:${version}`;
/** The page reports its checks, and that the person has entered. */
const REPORTED = [...reportedChecks, "entered"] as const;
const isSame = (one: Checks, other: Checks): boolean =>
  (["consent", ...REPORTED] as const).every(
    (check) => one[check]?.result === other[check]?.result && one[check]?.detail === other[check]?.detail,
  );

/** The events that say what the checks of a person have found. */
const readinessEvents = (
  { examId, roomId, userId }: SeatKey,
  findings: Parameters<typeof readinessOf>[0],
  now: Date,
): NewEvent[] =>
  factEvents({ examId, roomId }, { userId, role: "examinee" }, { readiness: readinessOf(findings) }, now);

type Seats = Awaited<ReturnType<typeof readSeats>>;

export type SittingStore = ReturnType<typeof createSittingStore>;

/** The first state of the candidate's page, and what it and the staff say about the checks before an exam. */
export const createSittingStore = ({
  storage,
  writes,
  events,
}: {
  storage: Queries;
  writes: Writes;
  events: EventLog;
}) => {
  /** Writes what is known of the checks of a person, and tells it in all of their rooms. */
  const writeReadiness = async (
    tx: ExamTransaction,
    { examId, userId }: SeatKey,
    person: FindingsRow,
    seats: Seats,
    now: Date,
  ): Promise<void> => {
    const { readiness, readinessAt, wavedThroughBy } = person;
    await Promise.all([
      tx.run(setReadiness, { examId, userId, readiness, readinessAt, wavedThroughBy }),
      events.addAll(
        tx,
        seats.flatMap(({ roomId }) => readinessEvents({ examId, roomId, userId }, person, now)),
      ),
    ]);
  };
  /** Reads what a change about a person depends on. */
  const readPerson = async (tx: ExamTransaction, seat: SeatKey) => {
    const [room, person, seats] = await Promise.all([
      readRoomWithRole(tx, seat),
      tx.get(findingsOfPerson, { ...seat }),
      readSeats(tx, seat.examId, [seat.userId]),
    ]);
    return { room, person: person ?? NOTHING_FOUND, seats };
  };

  return {
    /** Reads all of it as of one moment. Undefined if the room does not exist. */
    async open({ examId, roomId, userId }: SeatKey) {
      const key = { examId, userId };
      const [snapshot, exam, consent, given, decision] = await storage.snapshot((reader) =>
        Promise.all([
          readRoomSnapshot(reader, { examId, roomId }, userId),
          reader.get(examById, key),
          reader.get(newestConsent, { examId }),
          reader.get(newestEntry, { ...key, kinds: CONSENT }),
          reader.get(newestEntry, { ...key, kinds: decisionKinds }),
        ]),
      );
      return snapshot && exam && { snapshot, exam, consent, given, decision };
    },

    consent: (examId: string): Promise<ConsentText | undefined> => storage.get(newestConsent, { examId }),

    /**
     * Writes a new version of the consent text, unless it is the same, and takes the consents to the older one from what is known of people.
     * Returns undefined if there is no such exam.
     */
    setConsent: (
      examId: string,
      { zh, en }: Omit<ConsentText, "version">,
      { author, now }: { readonly author: Author; readonly now: Date },
    ): Promise<ConsentText | undefined> =>
      writes.ofExam({ examId }, author, async (tx) => {
        const [exam, newest, agreed] = await Promise.all([
          tx.get(timesOfExam, { examId }),
          tx.get(newestConsent, { examId }),
          tx.all(agreedSeats, { examId, limit: MAX_TOLD + 1 }),
        ]);
        if (!exam) return undefined;
        if (newest?.zh === zh && newest.en === en) return newest;
        const text = { version: (newest?.version ?? 0) + 1, zh, en };
        const people =
          agreed.length > MAX_TOLD
            ? [newEvent(wholeExam(examId), "roster_changed", {}, now)]
            : agreed.flatMap(({ roomId, userId, ...person }) => {
                const { consent: _, ...readiness } = person.readiness ?? {};
                return readinessEvents({ examId, roomId, userId }, { ...person, readiness }, now);
              });
        await tx.last(() =>
          Promise.all([
            insertConsent(tx, { examId, ...text, createdBy: author.userId, createdAt: now }),
            tx.run(dropConsents, { examId }),
            events.addAll(tx, [newEvent(wholeExam(examId), "exam_changed", exam, now), ...people]),
          ]),
        );
        return text;
      }),

    /** Writes that a person has agreed to the newest text. Repeated, it writes nothing. @throws EXAM_CONFLICT, see `assertExamineeOfOpenRoom` */
    giveConsent: (
      seat: SeatKey,
      version: number,
      { author, now }: { readonly author: Author; readonly now: Date },
    ): Promise<{ readonly time: Date }> =>
      writes.ofExam({ ...seat, people: [seat.userId] }, author, async (tx) => {
        const { examId, roomId, userId } = seat;
        const [{ room, person, seats }, newest, earlier, ids] = await Promise.all([
          readPerson(tx, seat),
          tx.get(newestConsent, { examId }),
          tx.get(consentOfVersion, { examId, userId, version: String(version) }),
          tx.ids(examEntries, 1),
        ]);
        if (earlier) return earlier;
        assertExamineeOfOpenRoom(seat, room);
        assertNewest(examId, version, newest);
        const [id] = ids;
        if (id === undefined) throw new Error("an entry was given no id");
        const row: EntryRow = {
          id,
          examId,
          roomId,
          userId,
          byUserId: author.userId,
          byRole: author.role,
          kind: "consent",
          detail: String(version),
          minutes: null,
          reason: null,
          note: null,
          message: null,
          key: consentKey(version),
          createdAt: now,
          aboutTime: null,
        };
        const readiness: Checks = { ...person.readiness, consent: { result: "passed" } };
        await tx.last(() =>
          Promise.all([
            tx.insert(insertEntry, [row]),
            events.add(tx, { examId, roomId }, "entries_added", { from: id, to: id }, now),
            writeReadiness(tx, seat, { ...person, readiness }, seats, now),
          ]),
        );
        return { time: now };
      }),

    /** Merges checks into those that are known. @throws TOO_MANY_REQUESTS, see `assertExamineeOfOpenRoom` */
    report: (
      seat: SeatKey,
      reported: ReportReadinessInput["checks"],
      { author, now }: { readonly author: Author; readonly now: Date },
    ): Promise<Readiness> =>
      writes.ofExam({ ...seat, people: [seat.userId] }, author, async (tx) => {
        const { room, person, seats } = await readPerson(tx, seat);
        assertExamineeOfOpenRoom(seat, room);
        const checks: Checks = { ...person.readiness };
        for (const check of REPORTED) if (reported[check]) checks[check] = reported[check];
        const answer = { checks, wavedThrough: person.wavedThroughBy !== null };
        const { readiness, readinessAt } = person;
        if (readiness && isSame(readiness, checks))
          return { ...answer, ...(readinessAt && { since: readinessAt }) };
        assertNotTooSoon(readinessAt, now);
        await tx.last(() =>
          writeReadiness(tx, seat, { ...person, readiness: checks, readinessAt: now }, seats, now),
        );
        return { ...answer, since: now };
      }),

    /** Lets a person begin without the checks, or no longer. Returns what is known of their checks. */
    waveThrough: (
      seat: SeatKey,
      wavedThrough: boolean,
      { author, now }: { readonly author: Author; readonly now: Date },
    ): Promise<Readiness> =>
      writes.ofExam({ ...seat, people: [seat.userId] }, author, async (tx) => {
        const { room, person, seats } = await readPerson(tx, seat);
        assertExamineeOfOpenRoom(seat, room);
        const { readiness, readinessAt, wavedThroughBy } = person;
        if ((wavedThroughBy !== null) !== wavedThrough) {
          const changed = { ...person, wavedThroughBy: wavedThrough ? author.userId : null };
          await tx.last(() => writeReadiness(tx, seat, changed, seats, now));
        }
        return { checks: readiness ?? {}, wavedThrough, ...(readinessAt && { since: readinessAt }) };
      }),

    /** Switches the detectors of a person's page off, or on again. */
    setDetectors: (
      seat: SeatKey,
      off: boolean,
      { author, now }: { readonly author: Author; readonly now: Date },
    ): Promise<void> =>
      writes.ofExam({ ...seat, people: [seat.userId] }, author, async (tx) => {
        const { room, person, seats } = await readPerson(tx, seat);
        assertExamineeOfOpenRoom(seat, room);
        if (person.detectorsOff === off) return;
        const { examId, userId } = seat;
        await tx.last(() =>
          Promise.all([
            tx.run(setDetectorsOff, { examId, userId, off }),
            events.addAll(
              tx,
              seats.map(({ roomId }) =>
                newEvent({ examId, roomId }, "detectors_changed", { userId, role: "examinee", off }, now),
              ),
            ),
          ]),
        );
      }),
  };
};
