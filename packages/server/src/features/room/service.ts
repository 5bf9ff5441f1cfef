import {
  type Caller,
  type CreateRoomInput,
  type EndedExam,
  type ListRoomsInput,
  MAX_ROOMS_ENDED,
  type NewParticipant,
  type RenameRoomInput,
  type Room,
  type RoomPage,
  type RoomWithCheatConfig,
  type SetAudioStatusInput,
  type SetTeacherInput,
  userIdSchema,
} from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Quotas } from "../../config/config.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened } from "../../domain/opened.js";
import type { NewExam } from "../../domain/people.js";
import { createQuotaCheck, quotaExceeded } from "../../limits/quotas.js";
import type { RateLimits } from "../../limits/rates.js";
import { examNotFound, InvigilError, invalidInput, roomEnded, roomNotFound } from "../../platform/errors.js";
import type { Ids } from "../../platform/ids.js";
import { defaultService } from "../../providers/older-apps.js";
import type { MessageProviders } from "../../providers/types.js";
import type { Queries } from "../../storage/port.js";
import type { CheatService } from "../cheat/service.js";
import type { GroupService } from "../message-groups/service.js";
import { toNewPerson } from "../participant/rules.js";
import type { RoomStore } from "./store.js";

/** The start of an exam that is created along with a room, after the room's creation. It lasts two hours. */
const EXAM_START_DELAY_MS = 30 * 60 * 1000;
const LASTS_MS = 2 * 60 * 60 * 1000;

/**
 * In milliseconds. The vendor's teacher page ends the room and then sends the end signal to the group three
 * times in six seconds. At vendors' groups, the server's signal follows after that, for those who are still
 * there.
 */
const END_SIGNAL_DELAY_MS = 10_000;

/** How many rooms of an exam one transaction ends. Each writes about five rows. */
const ENDED_AT_ONCE = 25;

/** Why a room is not deleted. */
const KEPT = {
  used: "a person has entered it, or something was recorded or written in it",
  people: "people are in it besides its createTeacher; unseat, move or remove them first",
} as const;

export interface RoomServiceDeps {
  readonly store: RoomStore;
  readonly together: Queries["together"];
  readonly cheat: CheatService;
  readonly groups: GroupService;
  readonly messages: MessageProviders;
  readonly clock: () => Date;
  readonly ids: Ids;
  readonly rates: RateLimits;
  /** Absent: no quotas. */
  readonly quotas: Quotas | undefined;
  /** The number of demo examinees in a room that is created without an exam and without people. */
  readonly demoExaminees: number;
  readonly log: FastifyBaseLogger;
}

export type RoomService = ReturnType<typeof createRoomService>;

export const createRoomService = ({
  store,
  together,
  cheat,
  groups,
  messages,
  clock,
  ids,
  rates,
  quotas,
  demoExaminees,
  log,
}: RoomServiceDeps) => {
  const newExam = (caller: Caller, name: string, now: Date): NewExam => {
    const startTime = new Date(now.getTime() + EXAM_START_DELAY_MS);
    const endTime = new Date(startTime.getTime() + LASTS_MS);
    return {
      id: ids.next(),
      name,
      startTime,
      endTime,
      createdBy: caller.userId,
      createdAt: now,
      updatedAt: now,
    };
  };

  const creator = (caller: Caller): NewParticipant => {
    const userId = userIdSchema.safeParse(caller.userId);
    if (!userId.success)
      throw invalidInput(
        "sub",
        "of the token cannot be a participant's id: it must be 1 to 61 letters, digits, '_', '-' or '.'",
      );
    return { userId: userId.data, role: "teacher", name: caller.name ?? userId.data };
  };

  const demoPeople = (roomId: string): NewParticipant[] =>
    Array.from({ length: demoExaminees }, (_, index) => ({
      userId: `examinee${index + 1}_${roomId}`,
      role: "examinee",
      name: `学生${index + 1}`,
    }));

  /** Puts the creator first. They may also be in the list, as a teacher. */
  const withCreator = (caller: Caller, people: readonly NewParticipant[]): NewParticipant[] => {
    const index = people.findIndex(({ userId }) => userId === caller.userId);
    if (people[index] && people[index].role !== "teacher")
      throw invalidInput(`participants[${index}].role`, "must be 'teacher': it is the creator of the room");
    return [people[index] ?? creator(caller), ...people.filter((_, at) => at !== index)];
  };

  const assertBelow = createQuotaCheck();
  /** Parallel calls may exceed a quota slightly, since calls in progress are not counted. */
  const assertQuotas = async (caller: Caller, examId: string | undefined, people: number): Promise<void> => {
    if (!quotas) return;
    const { peoplePerRoom, roomsPerExam, roomsPerTeacher, examsPerTeacher } = quotas;
    if (people > peoplePerRoom)
      throw quotaExceeded({ whose: "A room", what: "people", held: people, most: peoplePerRoom });
    const { role, userId: whose } = caller;
    const isTeacher = role === "teacher";
    await together(() =>
      Promise.all([
        examId !== undefined &&
          assertBelow({ whose: `The exam ${examId}`, what: "rooms", most: roomsPerExam }, (most) =>
            store.countOfExam(examId, most),
          ),
        isTeacher &&
          assertBelow({ whose, what: "rooms", most: roomsPerTeacher }, (most) =>
            store.countOfTeacher(whose, most),
          ),
        isTeacher &&
          examId === undefined &&
          assertBelow({ whose, what: "exams", most: examsPerTeacher }, (most) =>
            store.countExamsOf(whose, most),
          ),
      ]),
    );
  };

  return {
    /** Creates a room with its message groups. The caller becomes its `createTeacher`. */
    async create(
      caller: ActingCaller,
      place: Opened<"allRooms" | "unbound">,
      { name, imServer: requestedServices, participants }: CreateRoomInput,
    ): Promise<Room> {
      const examId = "exam" in place ? place.exam.id : undefined;
      const imServer = requestedServices ?? [defaultService(messages)];
      const now = clock();
      const exam = examId === undefined ? newExam(caller, name, now) : undefined;
      const about = { examId: examId ?? exam?.id ?? "", name, imServer, createTeacher: caller.userId, now };
      const invented = examId === undefined && participants.length === 0;
      const peopleOf = (roomId: string) => withCreator(caller, invented ? demoPeople(roomId) : participants);

      const group = {
        examId: about.examId,
        roomId: ids.next(),
        name,
        creatorId: caller.userId,
        imServer,
        members: (roomId: string) => peopleOf(roomId).map(({ userId }) => userId),
        caller,
      };
      // Refuse before requesting a group.
      const people = group.members(group.roomId).length;
      rates.take({ caller, examId }, { rooms: 1, people, events: 0 });
      await assertQuotas(caller, examId, people);
      return groups.open([group], async ({ roomIds: [id = group.roomId], undo }) => {
        const room = { id, ...about };
        const people = peopleOf(id).map((person) => toNewPerson(person, room, now));
        const created = await store.create({ exam, room, people, undo, author: caller });
        if (!created) throw examNotFound(room.examId);
        return created;
      });
    },

    /** Includes the exam's cheat config, except for an examinee of an ended room. */
    async get(caller: Caller, room: Opened<"room">): Promise<RoomWithCheatConfig> {
      // Nothing is detected in an ended room, so its examinees need no config.
      const isOver = caller.role === "examinee" && room.status === "ended";
      const cheatConfig = isOver ? undefined : await cheat.configOf(room.examId);
      return { ...room, ...(cheatConfig && { cheatConfig }) };
    },

    async rename(
      caller: ActingCaller,
      { id: examId }: Opened<"wholeExam">,
      { roomId, name }: RenameRoomInput,
    ): Promise<Room> {
      rates.takeChange({ caller, roomId, examId });
      const renamed = await store.rename({ examId, roomId }, name, clock(), caller);
      if (!renamed) throw roomNotFound(roomId);
      return renamed;
    },

    /** Hands a room on to another teacher of the exam. The previous one stays in the room, if they are in it. */
    async setTeacher(
      caller: ActingCaller,
      { id: examId }: Opened<"wholeExam">,
      { roomId, userId }: SetTeacherInput,
    ): Promise<Room> {
      rates.takeChange({ caller, roomId, examId }, { people: 1 });
      const now = clock();
      const outcome = await store.setTeacher({ examId, roomId }, userId, {
        toPerson: (name) => toNewPerson({ userId, role: "teacher", name }, { id: roomId, examId }, now),
        mostPeople: quotas?.peoplePerRoom,
        now,
        author: caller,
      });
      switch (outcome) {
        case "no_room":
          throw roomNotFound(roomId);
        case "ended":
          throw roomEnded(roomId);
        case "no_teacher":
          throw new InvigilError(
            "PARTICIPANT_NOT_FOUND",
            `There is no teacher ${userId} in the exam ${examId}.`,
          );
        case "other_role":
          throw new InvigilError("PARTICIPANT_CONFLICT", `${userId} is in the room, but not as its teacher.`);
        default:
          return outcome;
      }
    },

    /** Deletes a room that was not used, with its message groups. */
    async delete(caller: ActingCaller, { id: examId }: Opened<"wholeExam">, roomId: string): Promise<true> {
      rates.takeChange({ caller, roomId, examId });
      const outcome = await store.delete({ examId, roomId }, clock(), caller);
      if (outcome === "no_room") throw roomNotFound(roomId);
      if (outcome !== "deleted")
        throw new InvigilError("EXAM_CONFLICT", `The room ${roomId} cannot be deleted: ${KEPT[outcome]}.`);
      log.info({ ...caller.origin, by: caller.userId, examId, roomId }, "room deleted");
      return true;
    },

    /** Sends the signal `endRoom` to everyone in the room. Ending an ended room changes nothing. */
    async end(caller: ActingCaller, { id: roomId, examId }: Opened<"room">): Promise<true> {
      rates.takeChange({ caller, roomId, examId });
      const now = clock();
      const signalAt = caller.role === "teacher" ? new Date(now.getTime() + END_SIGNAL_DELAY_MS) : now;
      await store.end({ examId, roomId }, { now, signalAt }, caller);
      return true;
    },

    /**
     * Ends the rooms of an exam that are in progress, as `end` does, some of them in each call. A call that was cut off is repeated: rooms that
     * have ended stay as they are.
     */
    async endAll(caller: ActingCaller, { id: examId }: Opened<"wholeExam">): Promise<EndedExam> {
      rates.takeChange({ caller, examId }, { writeRows: 0 });
      let ended = 0;
      for (let left = MAX_ROOMS_ENDED; left > 0; ) {
        const now = clock();
        // No page sends the signal itself, as the teacher's does that ends one room.
        const more = await store.endSome(
          examId,
          { now, signalAt: now },
          Math.min(left, ENDED_AT_ONCE),
          caller,
        );
        if (more === 0) break;
        ended += more;
        left -= more;
      }
      rates.charge({ caller, examId }, { writeRows: ended });
      const { ended: allEnded, inProgress } = await store.countByStatus(examId);
      if (ended > 0)
        log.info({ ...caller.origin, by: caller.userId, examId, ended, remaining: inProgress }, "exam ended");
      return { ended, alreadyEnded: allEnded - ended, remaining: inProgress };
    },

    /**
     * Reopens a room that has ended, with its message groups. Services of vendors create their groups again, if
     * they were deleted. Reopening a room in progress changes nothing.
     * @throws EXAM_CONFLICT while the groups are being deleted
     */
    async reopen(caller: ActingCaller, opened: Opened<"room">): Promise<Room> {
      const { endedAt: _, ...room } = opened;
      if (room.status === "in_progress") return room;
      const { id: roomId, examId, name, createTeacher: creatorId } = room;
      rates.takeChange({ caller, roomId, examId });
      const group = { examId, roomId, name, creatorId, caller };
      return groups.reopen(group, async ({ undo }) => {
        const reopened = await store.reopen({ examId, roomId }, { undo, now: clock() }, caller);
        if (!reopened) throw roomNotFound(roomId);
        log.info({ ...caller.origin, by: caller.userId, examId, roomId }, "room reopened");
        return reopened;
      });
    },

    async setAudioStatus(
      caller: ActingCaller,
      { id: roomId, examId }: Opened<"room">,
      audioStatus: SetAudioStatusInput["audioStatus"],
    ): Promise<true> {
      rates.takeChange({ caller, roomId, examId });
      const changed = await store.setAudioStatus({ examId, roomId }, audioStatus, clock(), caller);
      if (!changed) throw roomEnded(roomId);
      return true;
    },

    /** Administrators list all rooms, teachers those in which they are a teacher. */
    async list(
      caller: Caller,
      { bound }: Opened<"ownRooms">,
      { examId, status, pageSize, cursor }: ListRoomsInput,
    ): Promise<RoomPage> {
      if (bound) {
        const { endedAt: _, ...room } = bound;
        const matches = (examId ?? room.examId) === room.examId && (status ?? room.status) === room.status;
        return { rooms: matches && cursor === undefined ? [room] : [] };
      }
      const teacher = caller.role === "teacher" ? caller.userId : undefined;
      const requestedExam = examId ?? caller.examId;
      if (caller.examId !== undefined && requestedExam !== caller.examId) return { rooms: [] };
      return store.list({ examId: requestedExam, status, teacher }, { limit: pageSize, before: cursor });
    },
  };
};
