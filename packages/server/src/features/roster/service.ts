import {
  type Caller,
  type ExamPeopleInput,
  type ExamPerson,
  type ListUnseatedInput,
  type RemovedFromExam,
  type RemoveFromExamInput,
  type RosterPage,
  searchFor,
  type UnseatedPage,
} from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened } from "../../domain/opened.js";
import { LOOKED_AT_A_ROW, type RateLimits } from "../../limits/rates.js";
import { examNotFound, InvigilError, roomEnded } from "../../platform/errors.js";
import type { MaybePromise } from "../../platform/maybe-promise.js";
import type { AccessService } from "../access/service.js";
import type { ErasureService } from "../erasure/service.js";
import {
  assertMayDeleteRecords,
  hasRecordsReason,
  isCreatorReason,
  participantConflict,
} from "../participant/rules.js";

import type { PeoplePosition, PeopleStore } from "./people-store.js";
import type { ExamMembership, RosterStore } from "./store.js";

export interface RosterServiceDeps {
  readonly store: RosterStore;
  readonly people: PeopleStore;
  readonly access: Pick<AccessService, "open">;
  readonly erasure: ErasureService;
  readonly clock: () => Date;
  readonly rates: RateLimits;
}

const CURSORS = { seated: "r", unseated: "u" } as const satisfies Record<PeoplePosition["place"], string>;
const positionOf = (cursor: string): PeoplePosition => ({
  place: cursor.startsWith(CURSORS.seated) ? "seated" : "unseated",
  seq: Number(cursor.slice(1)),
});

export type RosterService = ReturnType<typeof createRosterService>;

/** The people of an exam, with and without a room. */
export const createRosterService = ({
  store,
  people: peopleStore,
  access,
  erasure,
  clock,
  rates,
}: RosterServiceDeps) => {
  const notThere = (examId: string, userId: string) =>
    new InvigilError("PARTICIPANT_NOT_FOUND", `There is no ${userId} in the exam ${examId}.`);
  const isThere = ({ rooms, unseated }: ExamPerson): boolean => rooms.length > 0 || unseated !== undefined;

  return {
    /** Returns a page of the people of an exam as they are now. The first page also has the rooms, and counts of all people. */
    async people(
      caller: Caller,
      { exam: { id: examId }, rooms: accessible }: Opened<"roomsToRun">,
      { roomId, search, pageSize, cursor }: ExamPeopleInput,
    ): Promise<RosterPage> {
      const all = { examId, rooms: accessible };
      const isOpen = roomId === undefined || accessible === "all" || accessible.includes(roomId);
      const scope = roomId === undefined ? all : { examId, rooms: isOpen ? [roomId] : [] };
      const after = cursor === undefined ? undefined : positionOf(cursor);
      const isFirst = after === undefined;
      const [page, rooms, counts] = await Promise.all([
        peopleStore.page(
          scope,
          { after, limit: pageSize },
          search === undefined ? undefined : searchFor(search),
        ),
        isFirst ? peopleStore.rooms(all) : undefined,
        isFirst ? peopleStore.counts(all) : undefined,
      ]);
      const { people, lastEventId, next, examined } = page;
      const lookedAt = examined + (counts?.people ?? 0);
      // The entries of the answer are charged where calls are answered.
      rates.charge({ caller }, { readRows: Math.ceil(lookedAt / LOOKED_AT_A_ROW) });
      return {
        people,
        lastEventId: String(lastEventId),
        ...(next && { nextCursor: `${CURSORS[next.place]}${next.seq}` }),
        ...(rooms && { rooms }),
        ...(counts && { counts }),
      };
    },
    listUnseated: (
      { id }: Opened<"wholeExam">,
      { pageSize, cursor }: ListUnseatedInput,
    ): Promise<UnseatedPage> => store.listUnseated(id, { limit: pageSize, after: cursor }),
    /** Returns the places of a person in an exam. Checks no permissions: for use by other services. */
    placesOf: (examId: string, userId: string): Promise<ExamPerson> => store.locate(examId, userId),
    async locate({ id: examId }: Opened<"wholeExam">, userId: string): Promise<ExamPerson> {
      const person = await store.locate(examId, userId);
      if (!isThere(person)) throw notThere(examId, userId);
      return person;
    },
    /**
     * Removes a person from all rooms of the exam and from the people without a room. With `withRecords`, a
     * person of whom only records are left is removed, too, and erased: no data of the exam names them any more,
     * except the events about the removal, until the event log expires. Administrators can erase people from a
     * deleted exam, too.
     */
    async remove(
      caller: ActingCaller,
      openExam: () => MaybePromise<Opened<"wholeExam">>,
      { examId, userId, withRecords }: RemoveFromExamInput,
    ): Promise<RemovedFromExam> {
      if (withRecords && caller.role === "admin" && (await store.isDeleted(examId))) {
        await access.open(caller, "deletedExam", { examId });
        const erased = await store.eraseFromDeleted(examId, userId, caller);
        if (!erased) throw examNotFound(examId);
        await erasure.finish();
        const { rooms, wasUnseated, records } = erased;
        if (rooms + records === 0 && !wasUnseated) throw notThere(examId, userId);
        return { rooms, records };
      }
      await openExam();
      if (withRecords) assertMayDeleteRecords(caller);
      rates.take({ caller, examId }, { writeRows: 0 });
      const person = { examId, userId, withRecords, now: clock(), author: caller };
      const { rooms, records } = await store.remove(person, (membership: ExamMembership) => {
        const isIn = membership.rooms.length > 0 || membership.isUnseated;
        // A person who left their last room may have records.
        if (!isIn && membership.records === 0) throw notThere(examId, userId);
        const ended = membership.rooms.find(({ status }) => status === "ended");
        if (ended) throw roomEnded(ended.roomId);
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
