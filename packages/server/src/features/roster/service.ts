import type {
  Caller,
  ExamPerson,
  ListUnseatedInput,
  RemovedFromExam,
  RemoveFromExamInput,
  UnseatedPage,
} from "@invigil/schema";
import { InvigilError } from "../../errors.js";
import type { AccessService } from "../access/service.js";
import { assertMayDeleteRecords, conflict, holds, IS_CREATOR } from "../participant/service.js";
import type { RosterStore, Ties } from "./store.js";

/** The people of an exam, in its rooms and outside of them. */
export interface RosterService {
  /** @throws FORBIDDEN, EXAM_NOT_FOUND */
  listUnseated(caller: Caller, input: ListUnseatedInput): Promise<UnseatedPage>;
  /** @throws FORBIDDEN, EXAM_NOT_FOUND, PARTICIPANT_NOT_FOUND */
  locate(caller: Caller, ref: { examId: string; userId: string }): Promise<ExamPerson>;
  /**
   * Takes a person out of the exam: out of all its rooms, or from among those who have none.
   * @throws FORBIDDEN, EXAM_NOT_FOUND, PARTICIPANT_NOT_FOUND, PARTICIPANT_CONFLICT, ROOM_ENDED
   */
  remove(caller: Caller, input: RemoveFromExamInput): Promise<RemovedFromExam>;
}

export interface RosterServiceDeps {
  readonly store: RosterStore;
  readonly access: AccessService;
}

export const createRosterService = ({ store, access }: RosterServiceDeps): RosterService => {
  const assertThere = (examId: string, userId: string, { rooms, unseated }: ExamPerson): void => {
    if (rooms.length === 0 && !unseated)
      throw new InvigilError("PARTICIPANT_NOT_FOUND", `There is no ${userId} in the exam ${examId}.`);
  };

  return {
    async listUnseated(caller, { examId, pageSize, cursor }) {
      await access.wholeExam(caller, examId);
      return store.listUnseated(examId, { limit: pageSize, after: cursor });
    },
    async locate(caller, { examId, userId }) {
      await access.wholeExam(caller, examId);
      const person = await store.locate(examId, userId);
      assertThere(examId, userId, person);
      return person;
    },
    async remove(caller, { examId, userId, withRecords }) {
      await access.wholeExam(caller, examId);
      if (withRecords) assertMayDeleteRecords(caller);
      const { rooms, records } = await store.remove(examId, userId, (ties: Ties) => {
        assertThere(examId, userId, ties);
        const ended = ties.rooms.find(({ status }) => status === "ended");
        if (ended) throw new InvigilError("ROOM_ENDED", `The room ${ended.roomId} has ended.`);
        if (ties.created.length > 0) throw conflict(userId, "removed", IS_CREATOR);
        if (ties.records > 0 && !withRecords) throw conflict(userId, "removed", holds(ties.records));
      });
      return { rooms: rooms.length, records };
    },
  };
};
