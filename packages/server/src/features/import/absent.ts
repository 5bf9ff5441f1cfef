import {
  type AbsentPerson,
  type ImportResult,
  MAX_REMOVED_PEOPLE,
  type ParticipantRole,
} from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import { LOOKED_AT_A_ROW, type RateLimits } from "../../limits/rates.js";
import { InvigilError, invalidInput } from "../../platform/errors.js";
import { isRecordedReason, participantConflict } from "../participant/rules.js";
import type { ExamRoom } from "./rooms.js";
import type { RosterPerson } from "./row-action.js";
import type { ImportStore } from "./store.js";

// The people of the exam who are not in a file.

interface Absent extends Pick<AbsentPerson, "userId" | "name" | "role"> {
  readonly rooms: ExamRoom[];
}
type AbsentPeople = ReadonlyMap<string, Absent>;
type Stays = NonNullable<AbsentPerson["stays"]>;

interface RemovalRequest {
  readonly examId: string;
  readonly remove: readonly string[];
  readonly now: Date;
  readonly author: ActingCaller;
  /** Ends the removal. The rest of the people stay. */
  readonly signal?: AbortSignal | undefined;
}

const REASONS: Readonly<Record<Stays, string>> = {
  entered: "they have entered the exam",
  recorded: isRecordedReason,
  room_ended: "their room has ended",
  room_creator: "the examinees of a room answer to them",
};

/** Thrown in the removal of a person who may no longer be removed. */
class Stayed extends Error {}

const staysInRooms = (
  userId: string,
  rooms: readonly { readonly ended: boolean; readonly createTeacher: string }[],
): Stays | undefined => {
  if (rooms.some(({ createTeacher }) => createTeacher === userId)) return "room_creator";
  return rooms.some(({ ended }) => ended) ? "room_ended" : undefined;
};

export const createAbsentPeople = ({ store, rates }: { store: ImportStore; rates: RateLimits }) => {
  const reasonsOf = async (
    examId: string,
    people: readonly Absent[],
  ): Promise<readonly (Stays | undefined)[]> => {
    const userIds = people.map(({ userId }) => userId);
    const traces = await store.traces(examId, userIds);
    return people.map(({ userId, rooms }, index) => traces[index] ?? staysInRooms(userId, rooms));
  };

  return {
    /** Finds the people of the exam who are not among `people`, of the roles that these have. */
    async find(
      caller: ActingCaller,
      examId: string,
      people: readonly RosterPerson[],
      rooms: readonly ExamRoom[],
    ): Promise<AbsentPeople> {
      const present = new Set(people.map(({ userId }) => userId));
      const roles = new Set<ParticipantRole | null>(people.map(({ role }) => role));
      const roomsById = new Map(rooms.map((room) => [room.id, room]));
      const absent = new Map<string, Absent>();
      let read = 0;
      for await (const { userId, name, role, roomId = "" } of store.people(examId)) {
        read += 1;
        if (present.has(userId) || !roles.has(role)) continue;
        const room = roomsById.get(roomId);
        const known = absent.get(userId) ?? { userId, name, role, rooms: [] };
        if (room) known.rooms.push(room);
        absent.set(userId, known);
      }
      rates.charge({ caller }, { readRows: Math.ceil(read / LOOKED_AT_A_ROW) });
      return absent;
    },
    /** Lists the first of them, and says who has to stay. */
    async list(examId: string, absent: AbsentPeople): Promise<Pick<ImportResult, "absent" | "moreAbsent">> {
      const listed = [...absent.values()].slice(0, MAX_REMOVED_PEOPLE);
      const reasons = await reasonsOf(examId, listed);
      return {
        absent: listed.map(({ rooms, ...person }, index) => ({
          ...person,
          ...(rooms[0] && { room: rooms[0].name }),
          ...(reasons[index] && { stays: reasons[index] }),
        })),
        ...(absent.size > listed.length && { moreAbsent: absent.size - listed.length }),
      };
    },
    /** @throws INVALID_INPUT, PARTICIPANT_CONFLICT for a person who is in the file or not in the exam, or has to stay */
    async assertRemovable(
      { examId, remove }: Pick<RemovalRequest, "examId" | "remove">,
      absent: AbsentPeople,
      unreadRow: number | undefined,
    ): Promise<void> {
      if (unreadRow !== undefined)
        throw invalidInput(
          "remove",
          `cannot be used with a file whose row ${unreadRow} has no id that can be read: it may be that of a person to remove`,
        );
      const people = remove.map((userId) => {
        const person = absent.get(userId);
        if (!person) throw invalidInput("remove", `names ${userId}, who is in the file or not in the exam`);
        return person;
      });
      const reasons = await reasonsOf(examId, people);
      people.forEach(({ userId }, index) => {
        const reason = reasons[index];
        if (reason) throw participantConflict(userId, "removed", REASONS[reason]);
      });
    },
    /** Removes people, each in a change of its own. Those who have entered or were recorded by now stay. */
    async remove({
      examId,
      remove,
      now,
      author,
      signal,
    }: RemovalRequest): Promise<{ removed: number; kept?: string[] }> {
      const kept: string[] = [];
      for (const userId of new Set(remove)) {
        const removal = { examId, userId, withRecords: false, withTrace: true, now, author };
        const isRemoved =
          !signal?.aborted &&
          (await store
            .remove(removal, ({ rooms, isUnseated, records, trace }) => {
              const inRooms = rooms.map((room) => ({ ...room, ended: room.status === "ended" }));
              const isThere = rooms.length > 0 || isUnseated;
              if (!isThere || records > 0 || trace || staysInRooms(userId, inRooms)) throw new Stayed();
            })
            .then(
              () => true,
              (error: unknown) => {
                if (error instanceof Stayed || error instanceof InvigilError) return false;
                throw error;
              },
            ));
        if (!isRemoved) kept.push(userId);
      }
      return { removed: new Set(remove).size - kept.length, ...(kept.length > 0 && { kept }) };
    },
  };
};
