import type { CameraNeed, DetectorName, ParticipantRole, VideoProfile } from "@invigil/schema";
import { and, asc, eq, gt } from "drizzle-orm";
import { findMissingClip, insertAttachments, type NewAttachment } from "../../domain/audio-attachments.js";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import type { Author } from "../../domain/calls.js";
import { type ConsentText, insertConsent, newestConsent } from "../../domain/consents.js";
import type { RosterTransaction } from "../../domain/exam-transaction.js";
import {
  insertExam,
  insertPerson,
  insertRoom,
  type NewExam,
  type NewPerson,
  type NewRoom,
} from "../../domain/people.js";
import type { TaskLog } from "../../domain/vendor-tasks.js";
import { createPace } from "../../platform/pace.js";
import type { Queries } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import {
  cheatConfigs,
  examAudio,
  visibleParticipants as participants,
  visibleRooms as rooms,
  unseated,
  visibleExams,
  visibleUnseated,
} from "../../storage/tables.js";
import type { MissingClip } from "./store.js";

/** The parts of an exam besides its rooms and people. */
export interface ExamDetails {
  readonly startTime: Date;
  readonly endTime: Date;
  readonly videoProfile: VideoProfile | null;
  readonly controlledBy: "rooms" | "creator";
  readonly maxRoomMinutes: number | null;
  readonly cameras: CameraNeed;
  readonly questionsUrl: string | null;
  readonly detectors: readonly DetectorName[] | null;
  readonly audio: readonly { readonly clipId: string; readonly startTime: Date | null }[];
  readonly cheatConfig: string | undefined;
  readonly consent: ConsentText | undefined;
}

export interface PersonOfExam {
  readonly userId: string;
  readonly name: string;
  readonly role: ParticipantRole;
  readonly extraMinutes: number;
}
/** A room with its people, by role and in the order in which they were added. */
export type RoomOfExam = Pick<NewRoom, "id" | "name" | "imServer" | "createTeacher"> & {
  readonly people: readonly PersonOfExam[];
};

/** A new exam with all that it consists of. */
export interface CopiedExam {
  readonly exam: NewExam;
  /** The id of the exam of which it is a copy. */
  readonly copyOf: string;
  readonly audio: readonly NewAttachment[];
  readonly cheatConfig: string | undefined;
  readonly consent: ConsentText | undefined;
  readonly rooms: readonly NewRoom[];
  readonly seated: readonly NewPerson[];
  readonly unseated: readonly PersonOfExam[];
  /** The ids of the tasks that would delete the rooms' groups. */
  readonly undo: readonly string[];
  readonly now: Date;
  readonly author: Author;
}

/** How many rooms, or people without a room, one statement reads, and how many of the latter one writes. */
const PAGE = 500;
const UNSEATED_PER_WRITE = 100;
/** The cost of a person in a room, in rows. */
const SEAT_ROWS = 4;

const examById = statement(
  query
    .select({
      startTime: visibleExams.startTime,
      endTime: visibleExams.endTime,
      videoProfile: visibleExams.videoProfile,
      controlledBy: visibleExams.controller,
      maxRoomMinutes: visibleExams.maxRoomMinutes,
      cameras: visibleExams.cameras,
      questionsUrl: visibleExams.questionsUrl,
      detectors: visibleExams.detectors,
    })
    .from(visibleExams)
    .where(eq(visibleExams.id, param("examId"))),
);
const audioOfExam = statement(
  query
    .select({ clipId: examAudio.clipId, startTime: examAudio.startTime })
    .from(examAudio)
    .where(eq(examAudio.examId, param("examId")))
    .orderBy(asc(examAudio.startTime), asc(examAudio.id)),
);
const configOfExam = statement(
  query
    .select({ data: cheatConfigs.data })
    .from(cheatConfigs)
    .where(eq(cheatConfigs.examId, param("examId"))),
);
const roomsAfter = statement(
  query
    .select({ id: rooms.id, name: rooms.name, imServer: rooms.imServer, createTeacher: rooms.createTeacher })
    .from(rooms)
    .where(and(eq(rooms.examId, param("examId")), gt(rooms.id, param("after"))))
    .orderBy(asc(rooms.id))
    .limit(PAGE),
);
const peopleOfRoom = statement(
  query
    .select({
      userId: participants.userId,
      name: participants.name,
      role: participants.role,
      extraMinutes: participants.extraMinutes,
    })
    .from(participants)
    .where(and(eq(participants.examId, param("examId")), eq(participants.roomId, param("roomId"))))
    .orderBy(asc(participants.role), asc(participants.seq)),
);
const unseatedAfter = statement(
  query
    .select({
      seq: visibleUnseated.seq,
      person: {
        userId: visibleUnseated.userId,
        name: visibleUnseated.name,
        role: visibleUnseated.role,
        extraMinutes: visibleUnseated.extraMinutes,
      },
    })
    .from(visibleUnseated)
    .where(and(eq(visibleUnseated.examId, param("examId")), gt(visibleUnseated.seq, param("after"))))
    .orderBy(asc(visibleUnseated.seq))
    .limit(PAGE),
);
const insertUnseated = insertion(unseated);
const insertConfig = insertion(cheatConfigs);

class ClipMissing extends Error {
  constructor(readonly clipId: string) {
    super("a clip was deleted");
  }
}

export type DuplicatesStore = ReturnType<typeof createDuplicatesStore>;

export const createDuplicatesStore = ({
  storage,
  bulk,
  tasks,
}: {
  storage: Queries;
  bulk: BulkChanges;
  tasks: TaskLog;
}) => {
  async function* prepare(
    tx: RosterTransaction,
    id: number,
    { exam, audio, cheatConfig, consent, now, author, ...copied }: CopiedExam,
  ): AsyncGenerator<number, void, void> {
    const { id: examId } = exam;
    const times = { createdAt: now, updatedAt: now };
    const missing = await findMissingClip(tx, audio);
    if (missing !== undefined) throw new ClipMissing(missing);
    await insertExam(tx, { ...exam, removedBy: id });
    await insertAttachments(tx, audio);
    if (cheatConfig !== undefined) await tx.insert(insertConfig, [{ examId, data: cheatConfig, ...times }]);
    if (consent)
      await insertConsent(tx, { examId, ...consent, version: 1, createdBy: author.userId, createdAt: now });
    yield 2 + audio.length;
    for (const room of copied.rooms) {
      await insertRoom(tx, room, null, id);
      yield 1;
    }
    for (const task of copied.undo) {
      await tasks.keepGroups(tx, examId, [task]);
      yield 1;
    }
    for (const person of copied.seated) {
      await insertPerson(tx, person);
      yield SEAT_ROWS;
    }
    for (let at = 0; at < copied.unseated.length; at += UNSEATED_PER_WRITE) {
      const some = copied.unseated.slice(at, at + UNSEATED_PER_WRITE);
      await tx.insert(
        insertUnseated,
        some.map((person) => ({ ...person, examId, ...times })),
      );
      yield some.length;
    }
  }

  return {
    /** Returns the details of an exam. Undefined if it does not exist. */
    async details(examId: string): Promise<ExamDetails | undefined> {
      const [exam, audio, config, consent] = await storage.together(() =>
        Promise.all([
          storage.get(examById, { examId }),
          storage.all(audioOfExam, { examId }),
          storage.get(configOfExam, { examId }),
          storage.get(newestConsent, { examId }),
        ]),
      );
      return exam && { ...exam, audio, cheatConfig: config?.data, consent };
    },
    /** Reads the people of an exam who have no room, in parts, one in each turn of the event loop. */
    async unseated(examId: string): Promise<PersonOfExam[]> {
      const people: PersonOfExam[] = [];
      const pace = createPace(PAGE);
      for (let after = 0; ; ) {
        const found = await storage.all(unseatedAfter, { examId, after });
        people.push(...found.map(({ person }) => person));
        if (found.length < PAGE) return people;
        after = found.at(-1)?.seq ?? after;
        await pace(found.length);
      }
    },
    /** Reads the rooms of an exam with their people, oldest first, in parts. */
    async rooms(examId: string): Promise<RoomOfExam[]> {
      const all: RoomOfExam[] = [];
      const pace = createPace(PAGE);
      for (let after = ""; ; ) {
        const found = await storage.all(roomsAfter, { examId, after });
        for (const room of found) {
          const people = await storage.all(peopleOfRoom, { examId, roomId: room.id });
          all.push({ ...room, people });
          await pace(1 + people.length);
        }
        if (found.length < PAGE) return all;
        after = found.at(-1)?.id ?? after;
      }
    },
    /** Writes an exam with all that it consists of: all of it appears at once. */
    async create(copied: CopiedExam): Promise<MissingClip | undefined> {
      const { exam, copyOf, now, author } = copied;
      try {
        // The entries of each of the two exams name the other one.
        const targets = [
          { examId: copyOf, subject: exam.id },
          { examId: exam.id, subject: copyOf },
        ];
        await bulk.create({ examId: exam.id, targets, now, author }, ({ id }, tx) => prepare(tx, id, copied));
        return undefined;
      } catch (error) {
        if (error instanceof ClipMissing) return { missingClip: error.clipId };
        throw error;
      }
    },
  };
};
