import {
  type Caller,
  type CreateExamInput,
  type DeletedExam,
  type DeleteExamInput,
  type EraseExamInput,
  type Exam,
  type ExamAudioInput,
  type ExamCounts,
  type ExamPage,
  type ExamSummary,
  endsAtOf,
  type ListDeletedExamsInput,
  type ListExamsInput,
  type RestorableExamPage,
  type RestoredExam,
  type UpdateExamInput,
} from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Quotas } from "../../config/config.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened } from "../../domain/opened.js";
import type { PruningClock } from "../../domain/pruning-clock.js";
import { createQuotaCheck } from "../../limits/quotas.js";
import { LOOKED_AT_A_ROW, type RateLimits } from "../../limits/rates.js";
import { examNotFound, InvigilError, invalidInput } from "../../platform/errors.js";
import type { Ids } from "../../platform/ids.js";
import type { Queries } from "../../storage/port.js";
import type { AccessService } from "../access/service.js";
import { clipNotFound } from "../audio/rules.js";
import type { AudioService } from "../audio/service.js";
import { assertMayDeleteRecords } from "../participant/rules.js";
import type { ParticipantService } from "../participant/service.js";
import { number } from "./rules.js";
import type { ExamStore, MissingClip, SoftDeletedExam, StoredExam } from "./store.js";

export interface ExamServiceDeps {
  readonly store: ExamStore;
  /** Sends reads of several stores together. */
  readonly together: Queries["together"];
  readonly access: Pick<AccessService, "rightsIn">;
  readonly audio: AudioService;
  readonly participant: ParticipantService;
  readonly clock: () => Date;
  readonly pruning: Pick<PruningClock, "latest">;
  readonly ids: Ids;
  readonly rates: RateLimits;
  /** Absent: no quotas. */
  readonly quotas: Quotas | undefined;
  /** The number of days in which a deleted exam can be restored. 0: none. */
  readonly restoreDays: number;
  readonly log: FastifyBaseLogger;
}

const DAY_MS = 86_400_000;
export type ExamService = ReturnType<typeof createExamService>;

export const createExamService = ({
  store,
  together,
  access,
  audio,
  participant,
  clock,
  pruning,
  ids,
  rates,
  quotas,
  restoreDays,
  log,
}: ExamServiceDeps) => {
  /** Lists the fields explicitly: copying the others of an object takes several times as long. */
  const toPublic = (caller: Caller, exam: StoredExam): ExamSummary => {
    const { id, name, startTime, endTime, videoProfile, controlledBy, maxRoomMinutes } = exam;
    const { cameras, questionsUrl, detectors, createdAt, updatedAt } = exam;
    const { mayManage, mayDuplicate } = access.rightsIn(caller, exam);
    return {
      id,
      name,
      startTime,
      endTime,
      controlledBy,
      cameras,
      mayManage,
      mayDuplicate,
      createdAt,
      updatedAt,
      ...(videoProfile && { videoProfile }),
      ...(maxRoomMinutes !== null && { maxRoomMinutes }),
      ...(questionsUrl !== null && { questionsUrl }),
      ...(detectors && { detectors: [...detectors] }),
    };
  };
  /** Reads an exam, unless its row is given. Its end is that of the person, if one is given. */
  const read = async (
    caller: Caller,
    examId: string,
    { row, userId }: { readonly row?: StoredExam; readonly userId?: string | undefined } = {},
  ): Promise<Exam> => {
    const [stored, audioOfExam, times] = await together(() =>
      Promise.all([
        row ?? store.get(examId),
        audio.ofExam(examId),
        userId === undefined ? undefined : participant.timesOf(examId, userId),
      ]),
    );
    if (!stored) throw examNotFound(examId);
    const exam = { ...toPublic(caller, stored), ...audioOfExam };
    if (!times) return exam;
    const { attempt, extraMinutes } = times;
    return { ...exam, endTime: endsAtOf({ ...stored, extraMinutes }, attempt, clock()) };
  };

  const attachments = (examId: string, wanted: ExamAudioInput, createdAt: Date) =>
    wanted.map((one) => ({ ...one, id: ids.next(), examId, createdAt }));
  const refuse = (missing: MissingClip | undefined): void => {
    if (missing) throw clipNotFound(missing.missingClip);
  };

  const notDeleted = (examId: string) =>
    new InvigilError("EXAM_NOT_FOUND", `There is no deleted exam ${examId} that could be restored.`);
  const deletedExam = async (examId: string): Promise<SoftDeletedExam> => {
    const deleted = await store.deleted(examId);
    if (!deleted) throw notDeleted(examId);
    return deleted;
  };

  const assertBelow = createQuotaCheck();
  /** Checks whether the caller may create another exam: for services that do. */
  const assertMayCreate = async (caller: Opened<"unbound">): Promise<void> => {
    const { role, userId } = caller;
    if (!quotas || role !== "teacher") return;
    const { examsPerTeacher } = quotas;
    await assertBelow({ whose: userId, what: "exams", most: examsPerTeacher }, (most) =>
      store.countOf(userId, most),
    );
  };

  return {
    assertMayCreate,
    async create(
      caller: Opened<"unbound">,
      { audio: wanted, controlledBy: controller, ...exam }: CreateExamInput,
    ): Promise<Exam> {
      rates.take({ caller }, { rooms: 1, writeRows: wanted.length });
      await assertMayCreate(caller);
      const now = clock();
      const id = ids.next();
      const made = { ...exam, controller, id, createdBy: caller.userId, createdAt: now, updatedAt: now };
      refuse(await store.create(made, attachments(id, wanted, now), caller));
      return read(caller, id);
    },
    /** An examinee gets their own end of the exam as `endTime`. */
    get: (caller: Caller, { exam: row }: Opened<"exam">): Promise<Exam> =>
      read(caller, row.id, { row, userId: caller.role === "examinee" ? caller.userId : undefined }),
    /** Returns what links depend on: when an exam begins and ends for people without minutes of their own, and its cameras. Checks no permissions: for use by other services. */
    async ofLinks(examId: string): Promise<Pick<Exam, "startTime" | "endTime" | "cameras">> {
      const exam = await store.get(examId);
      if (!exam) throw examNotFound(examId);
      return exam;
    },
    /** Administrators list all exams, other callers those that they have access to. All people who may use an exam see its counts. */
    async list(
      caller: Caller,
      bound: Opened<"ownExams">,
      { pageSize, cursor, withCounts }: ListExamsInput,
    ): Promise<ExamPage> {
      const answer = async (rows: readonly StoredExam[]): Promise<ExamSummary[]> => {
        const exams = rows.map((row) => toPublic(caller, row));
        if (!withCounts) return exams;
        const counts = await store.counts(exams.map(({ id }) => id));
        let counted = 0;
        for (const { rooms, examinees } of counts.values()) counted += rooms + examinees;
        // The exams of the answer are charged where calls are answered.
        rates.charge({ caller }, { readRows: Math.ceil(counted / LOOKED_AT_A_ROW) });
        return exams.map((exam) => ({ ...exam, counts: counts.get(exam.id) }));
      };
      if (caller.roomId !== undefined || caller.examId !== undefined) {
        const exam = bound.room ? await store.get(bound.room.examId) : bound.exam;
        return { exams: await answer(exam && cursor === undefined ? [exam] : []) };
      }
      const person = caller.role === "admin" ? undefined : caller;
      const { rows, ...next } = await store.list(person, { limit: pageSize, before: cursor });
      return { exams: await answer(rows), ...next };
    },
    /**
     * Changes an exam. Times of an exam that has begun are changed with a reason, which is kept with the old and the new end in the history of each
     * person whom it concerns.
     * @throws INVALID_INPUT when the end would not be after the start, or the reason is missing
     */
    async update(
      caller: ActingCaller,
      { id: examId }: Opened<"wholeExam">,
      { audio: wanted, ...changes }: UpdateExamInput,
    ): Promise<Exam> {
      rates.takeChange({ caller, examId }, { writeRows: wanted?.length ?? 0 });
      const now = clock();
      const how = {
        audio: wanted && attachments(examId, wanted, now),
        withSeats: changes.startTime !== undefined || changes.endTime !== undefined,
      };
      const updated = await store.update(examId, { ...changes, now }, how, caller);
      if (updated && "missingClip" in updated) throw clipNotFound(updated.missingClip);
      rates.charge({ caller, examId }, { writeRows: updated?.concerned ?? 0 });
      return read(caller, examId);
    },
    /**
     * Deletes an exam with its rooms and people, if the input confirms that they may go. An administrator may
     * also delete its records by confirming the exam's name. The exam can be restored for some days, also if the
     * disk is nearly full. It is erased at once if the input says so, or if the server keeps no deleted exams.
     * @throws EXAM_CONFLICT for contents without a confirmation; INVALID_INPUT for a wrong name
     */
    async delete(
      caller: ActingCaller,
      { id: examId }: Opened<"wholeExam">,
      { withRooms, withRecords, confirm, erase }: Omit<DeleteExamInput, "examId">,
    ): Promise<DeletedExam> {
      if (withRecords) assertMayDeleteRecords(caller);
      const now = clock();
      const isSoftDeleted = erase !== "now" && restoreDays > 0;
      const eraseAt = isSoftDeleted ? new Date(pruning.latest().getTime() + restoreDays * DAY_MS) : undefined;
      rates.take({ caller }, { writeRows: 0 });
      const deleted = await store.delete(
        { examId, now, eraseAt, author: caller },
        ({ name, rooms, people, records }) => {
          const conflict = (what: string) => new InvigilError("EXAM_CONFLICT", `The exam ${examId} ${what}`);
          if (withRecords) {
            if (confirm === name) return;
            throw invalidInput("confirm", `must be the name of the exam ${examId}, letter by letter`);
          }
          if (records > 0)
            throw conflict(`is kept: it holds ${number(records, "cheat record", "cheat records")}.`);
          const held = `${number(rooms, "room", "rooms")} and ${number(people, "person", "people")}`;
          if (rooms + people > 0 && !withRooms)
            throw conflict(`has ${held}, and is deleted with them only where withRooms is set.`);
        },
      );
      if (!deleted) throw examNotFound(examId);
      const { rooms, people, records } = deleted;
      rates.charge({ caller }, { writeRows: rooms + people + records });
      log.info(
        { ...caller.origin, by: caller.userId, examId, rooms, people, records, eraseAt },
        "exam deleted",
      );
      return { rooms, people, ...(records > 0 && { records }), ...(eraseAt && { eraseAt }) };
    },
    /** Counts the rooms and examinees of exams, however many there are. For commands. */
    counts: (examIds: readonly string[]): Promise<ReadonlyMap<string, ExamCounts>> =>
      store.counts(examIds, Number.MAX_SAFE_INTEGER),
    /** Lists the deleted exams that can be restored. */
    async listDeleted(
      _: Opened<"unbound">,
      { pageSize, cursor }: ListDeletedExamsInput,
    ): Promise<RestorableExamPage> {
      const { rows, ...next } = await store.listDeleted({ limit: pageSize, before: cursor });
      return { exams: rows, ...next };
    },
    /**
     * Restores a deleted exam. Its rooms have ended, and the answer names those that ended with the deletion. Links that were valid are
     * valid again.
     * @throws EXAM_NOT_FOUND for an exam that is not deleted, or erased
     */
    async restore(caller: ActingCaller, { examId }: Opened<"deletedExam">): Promise<RestoredExam> {
      const { deletedAt } = await deletedExam(examId);
      if (!(await store.endRest(examId, "restored", caller))) throw notDeleted(examId);
      log.info({ ...caller.origin, by: caller.userId, examId, deletedAt }, "exam restored");
      const [restored, endedRooms] = await together(() =>
        Promise.all([store.get(examId), store.roomsEndedAt(examId, deletedAt)]),
      );
      if (!restored) throw examNotFound(examId);
      return { ...toPublic(caller, restored), deletedAt, endedRooms };
    },
    /** Erases a deleted exam at once. @throws EXAM_NOT_FOUND for an exam that is not deleted, or erased; INVALID_INPUT for a wrong name */
    async erase(
      caller: ActingCaller,
      { examId }: Opened<"deletedExam">,
      confirm: EraseExamInput["confirm"],
    ): Promise<true> {
      const { name } = await deletedExam(examId);
      if (confirm !== name)
        throw invalidInput("confirm", `must be the name of the exam ${examId}, letter by letter`);
      if (!(await store.endRest(examId, "erased", caller))) throw notDeleted(examId);
      log.info({ ...caller.origin, by: caller.userId, examId }, "deleted exam erased");
      return true;
    },
  };
};
