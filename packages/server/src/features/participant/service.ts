import type {
  AddParticipantsInput,
  AddParticipantsResult,
  Caller,
  MoveParticipantInput,
  Participant,
  ParticipantRole,
  RemovedParticipant,
  RemoveParticipantInput,
  SetExtraMinutesInput,
  SetExtraMinutesResult,
  StreamUrls,
  UnseatParticipantInput,
} from "@invigil/schema";
import type { Quotas } from "../../config/config.js";
import type { PersonTimes } from "../../domain/attempts.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened, StoredRoom } from "../../domain/opened.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { RateLimits } from "../../limits/rates.js";
import { forbidden, InvigilError, invalidInput, notInRoom } from "../../platform/errors.js";
import { createPace } from "../../platform/pace.js";
import type { StreamSigner } from "../../providers/types.js";
import type { AccessService } from "../access/service.js";
import type { ErasureService } from "../erasure/service.js";
import {
  assertMayDeleteRecords,
  hasRecordsReason,
  isCreatorReason,
  openRoomOf,
  participantConflict,
  streamNamesOf,
  toNewPerson,
} from "./rules.js";
import type { ParticipantStore, RoomMember, RoomState, StoredParticipant } from "./store.js";

export type { RoomMember };

/** How many people of a list get their stream URLs in one turn of the event loop. Signing them takes longer than reading the people. */
const SHOWN_A_TURN = 200;

export interface ParticipantServiceDeps {
  readonly store: ParticipantStore;
  readonly access: AccessService;
  readonly streams: StreamSigner;
  readonly erasure: ErasureService;
  readonly clock: () => Date;
  readonly rates: RateLimits;
  /** Absent: no quotas. */
  readonly quotas: Quotas | undefined;
}

const withoutPush = (urls: StreamUrls): StreamUrls => ({ ...urls, pushUrl: null });

export type ParticipantService = ReturnType<typeof createParticipantService>;

export const createParticipantService = ({
  store,
  access,
  streams,
  erasure,
  clock,
  rates,
  quotas,
}: ParticipantServiceDeps) => {
  const most = quotas?.peoplePerRoom;
  /** Limits what a list shows of people's other rooms to those of this exam that the caller may see. */
  const stateFor = ({ roomId, userId, role }: Caller, { id, examId, status }: StoredRoom): RoomState => {
    // A caller who is bound to a room sees no other.
    const isKnown = status === "in_progress" || roomId !== undefined;
    return {
      examId,
      roomId: id,
      hasRoomInProgress: isKnown ? status === "in_progress" : { userId, role },
    };
  };

  /**
   * A push URL gives its owner the right to publish as that person. Examinees of an ended room do not publish
   * any more.
   */
  const mayPublishAs = (caller: Caller, room: StoredRoom, userId: string): boolean =>
    caller.role === "admin" ||
    caller.role === "teacher" ||
    (caller.userId === userId && (caller.role !== "examinee" || room.status === "in_progress"));

  /** Returns the function that adds their streams to people of this role. */
  const withStreams = (caller: Caller, room: StoredRoom, role: ParticipantRole) => {
    const urlsOf = streams.inRoom({ examId: room.examId, roomId: room.id }, { twin: role === "examinee" });
    return (person: StoredParticipant): Participant => {
      const { main, pc } = urlsOf(person.userId);
      const cameras = mayPublishAs(caller, room, person.userId)
        ? { main, pc }
        : { main: withoutPush(main), pc: withoutPush(pc) };
      // Lists the fields explicitly: a copy takes five times as long.
      return {
        userId: person.userId,
        roomId: person.roomId,
        role: person.role,
        name: person.name,
        hasRoomInProgress: person.hasRoomInProgress,
        extraMinutes: person.extraMinutes,
        publishStatus: person.publishStatus,
        streams: cameras,
        createdAt: person.createdAt,
        updatedAt: person.updatedAt,
      };
    };
  };

  return {
    /** Sorted by when they were added. Checks no permissions: for use by other services. */
    members: (room: RoomKey, role: ParticipantRole): Promise<RoomMember[]> => store.members(room, role),
    /** Returns a person with their streams. An examinee may read themselves and the room's teacher. */
    async get(caller: Caller, room: Opened<"room">, userId: string): Promise<Participant> {
      if (caller.role === "examinee" && userId !== caller.userId && userId !== room.createTeacher) {
        throw forbidden(`An examinee may read only themselves and the room's teacher, not ${userId}.`);
      }
      const person = await store.get(stateFor(caller, room), userId);
      if (!person) throw notInRoom({ roomId: room.id, userId });
      return withStreams(caller, room, person.role)(person);
    },
    async list(caller: Caller, room: Opened<"room">, role: ParticipantRole): Promise<Participant[]> {
      const people = await store.list(stateFor(caller, room), role);
      const toShown = withStreams(caller, room, role);
      const pace = createPace(SHOWN_A_TURN);
      const shown: Participant[] = [];
      for (const person of people) {
        shown.push(toShown(person));
        const turn = pace(1);
        if (turn) await turn;
      }
      return shown;
    },
    async add(
      caller: ActingCaller,
      room: Opened<"roomToRun">,
      participants: AddParticipantsInput["participants"],
    ): Promise<AddParticipantsResult> {
      const { id: roomId } = room;
      openRoomOf(roomId, room);
      rates.takeChange({ caller, roomId, examId: room.examId }, { people: participants.length });
      const now = clock();
      const people = participants.map((person) => toNewPerson(person, room, now));
      const result = await store.add({ examId: room.examId, roomId }, people, most, caller);
      if ("conflict" in result) {
        const { userId, role } = result.conflict;
        throw new InvigilError(
          "PARTICIPANT_CONFLICT",
          `${userId} is in the room as ${result.role}, and cannot be added as ${role}.`,
        );
      }
      const many = (outcome: string) => result.outcomes.filter((one) => one === outcome).length;
      return { added: many("added"), updated: many("updated"), unchanged: many("unchanged") };
    },
    /** Changes the extra minutes of examinees of a room: all or none. Unlike `add`, it never puts a person into the room who has left it. */
    async setExtraMinutes(
      caller: ActingCaller,
      room: Opened<"roomToRun">,
      participants: SetExtraMinutesInput["participants"],
    ): Promise<SetExtraMinutesResult> {
      const { id: roomId, examId } = openRoomOf(room.id, room);
      rates.takeChange({ caller, roomId, examId }, { people: participants.length });
      const result = await store.setExtraMinutes({ examId, roomId }, participants, {
        now: clock(),
        author: caller,
      });
      if ("updated" in result) return result;
      if ("notFound" in result) throw notInRoom({ roomId, userId: result.notFound });
      const { userId, role } = result.notExaminee;
      throw new InvigilError(
        "PARTICIPANT_CONFLICT",
        `${userId} is in the room as ${role}, and only examinees have extra minutes.`,
      );
    },
    /** Moves a person to another room of the exam. Their records stay in the room where they were made. */
    async move(
      caller: ActingCaller,
      room: Opened<"roomToRun">,
      { roomId, userId, toRoomId }: MoveParticipantInput,
    ): Promise<true> {
      openRoomOf(roomId, room);
      const target = await access.open(caller, "roomToRun", { roomId: toRoomId });
      openRoomOf(toRoomId, target);
      if (target.examId !== room.examId)
        throw invalidInput("toRoomId", `must be a room of the exam ${room.examId}`);
      if (userId === room.createTeacher) throw participantConflict(userId, "moved", isCreatorReason);
      rates.take({ roomId: toRoomId }, { events: 0 });
      rates.takeChange({ caller, roomId, examId: room.examId });
      const owner = { examId: target.examId, roomId: target.id, userId };
      const to = { roomId: target.id, streams: streamNamesOf(owner), now: clock() };
      const key = { examId: room.examId, roomId };
      const outcome = await store.move(key, userId, to, most, caller);
      if (outcome === "not_found") throw notInRoom({ roomId, userId });
      if (outcome === "there_already")
        throw participantConflict(userId, "moved", `it is in the room ${toRoomId} already`);
      return true;
    },
    /**
     * Removes a person from a room. If there are records about them in the room, the call must also delete the
     * records. A removal from their last room in the exam deletes those of all the exam's rooms. A removal with
     * records erases everything that names the person there.
     */
    async remove(
      caller: ActingCaller,
      room: Opened<"roomToRun">,
      { roomId, userId, withRecords }: RemoveParticipantInput,
    ): Promise<RemovedParticipant> {
      openRoomOf(roomId, room);
      if (withRecords) assertMayDeleteRecords(caller);
      if (userId === room.createTeacher) throw participantConflict(userId, "removed", isCreatorReason);
      rates.takeChange({ caller, roomId, examId: room.examId });
      const outcome = await store.remove({ examId: room.examId, roomId }, userId, {
        withRecords,
        now: clock(),
        author: caller,
      });
      if (!outcome) throw notInRoom({ roomId, userId });
      if (!outcome.removed) throw participantConflict(userId, "removed", hasRecordsReason(outcome.records));
      if (withRecords) await erasure.finish();
      return { records: outcome.records };
    },
    /**
     * Removes a person from a room that they have not entered. Without another room in the exam, they are unseated again, and the next plan
     * seats them.
     */
    async unseat(
      caller: ActingCaller,
      { id: examId }: Opened<"wholeExam">,
      { roomId, userId }: UnseatParticipantInput,
    ): Promise<true> {
      rates.takeChange({ caller, roomId, examId });
      await store.unseat({ examId, roomId }, userId, { now: clock(), author: caller });
      return true;
    },
    /** Returns what decides when the exam ends for an examinee. Checks no permissions: for use by other services. */
    timesOf: async (examId: string, userId: string): Promise<PersonTimes> => store.times(examId, userId),
  };
};
