import type {
  Caller,
  ExamPerson,
  ListUnseatedInput,
  RemovedFromExam,
  RemoveFromExamInput,
  UnseatedPage,
} from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import type { RateLimits } from "../../limits/rates.js";
import { examNotFound, InvigilError } from "../../platform/errors.js";
import type { AccessService } from "../access/service.js";
import type { ErasureService } from "../erasure/service.js";
import { assertMayUseDeleted } from "../exam/rules.js";
import {
  assertMayDeleteRecords,
  hasRecordsReason,
  isCreatorReason,
  participantConflict,
} from "../participant/rules.js";
import type { ExamMembership, RosterStore } from "./store.js";

/** The people of an exam, with and without a room. */
export interface RosterService {
  /** @throws FORBIDDEN, EXAM_NOT_FOUND */
  listUnseated(caller: Caller, input: ListUnseatedInput): Promise<UnseatedPage>;
  /** @throws FORBIDDEN, EXAM_NOT_FOUND, PARTICIPANT_NOT_FOUND */
  locate(caller: Caller, ref: { examId: string; userId: string }): Promise<ExamPerson>;
  /**
   * Removes a person from all rooms of the exam and from the people without a room. With `withRecords`, a
   * person of whom only records are left is removed, too, and erased: no data of the exam names them any more,
   * except the events about the removal, until the event log expires. Administrators can erase people from a
   * deleted exam, too.
   * @throws FORBIDDEN, EXAM_NOT_FOUND, PARTICIPANT_NOT_FOUND, PARTICIPANT_CONFLICT, ROOM_ENDED
   */
  remove(caller: ActingCaller, input: RemoveFromExamInput): Promise<RemovedFromExam>;
}

export interface RosterServiceDeps {
  readonly store: RosterStore;
  readonly access: AccessService;
  readonly erasure: ErasureService;
  readonly clock: () => Date;
  readonly rates: RateLimits;
}

export const createRosterService = ({
  store,
  access,
  erasure,
  clock,
  rates,
}: RosterServiceDeps): RosterService => {
  const notThere = (examId: string, userId: string) =>
    new InvigilError("PARTICIPANT_NOT_FOUND", `There is no ${userId} in the exam ${examId}.`);
  const isThere = ({ rooms, unseated }: ExamPerson): boolean => rooms.length > 0 || unseated !== undefined;

  return {
    async listUnseated(caller, { examId, pageSize, cursor }) {
      await access.wholeExam(caller, examId);
      return store.listUnseated(examId, { limit: pageSize, after: cursor });
    },
    async locate(caller, { examId, userId }) {
      await access.wholeExam(caller, examId);
      const person = await store.locate(examId, userId);
      if (!isThere(person)) throw notThere(examId, userId);
      return person;
    },
    async remove(caller, { examId, userId, withRecords }) {
      if (withRecords && caller.role === "admin" && (await store.isDeleted(examId))) {
        assertMayUseDeleted(caller, examId);
        const erased = await store.eraseFromDeleted(examId, userId, caller);
        if (!erased) throw examNotFound(examId);
        await erasure.finish();
        const { rooms, wasUnseated, records } = erased;
        if (rooms + records === 0 && !wasUnseated) throw notThere(examId, userId);
        return { rooms, records };
      }
      await access.wholeExam(caller, examId);
      if (withRecords) assertMayDeleteRecords(caller);
      rates.take({ caller, examId }, { writeRows: 0 });
      const person = { examId, userId, withRecords, now: clock(), author: caller };
      const { rooms, records } = await store.remove(person, (membership: ExamMembership) => {
        const isIn = membership.rooms.length > 0 || membership.isUnseated;
        // A person who left their last room may have records.
        if (!isIn && membership.records === 0) throw notThere(examId, userId);
        const ended = membership.rooms.find(({ status }) => status === "ended");
        if (ended) throw new InvigilError("ROOM_ENDED", `The room ${ended.roomId} has ended.`);
        if (membership.rooms.some(({ createTeacher }) => createTeacher === userId))
          throw participantConflict(userId, "removed", isCreatorReason);
        if (membership.records > 0 && !withRecords)
          throw participantConflict(userId, "removed", hasRecordsReason(membership.records));
      });
      rates.charge({ caller, examId }, { writeRows: rooms.length + records });
      if (withRecords) await erasure.finish();
      return { rooms: rooms.length, records };
    },
  };
};
