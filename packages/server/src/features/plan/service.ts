import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type ExamPlan,
  type ExamPlans,
  type ParticipantRole,
  PLANNED_PEOPLE_LISTED,
  type PlanExamInput,
  type PlannedRoom,
  type UndonePlan,
  type UndoPlanInput,
} from "@invigil/schema";
import type { Quotas } from "../../config/config.js";
import type { ActingCaller, Author } from "../../domain/calls.js";
import type { Opened } from "../../domain/opened.js";
import type { NewRoom } from "../../domain/people.js";
import { quotaExceeded } from "../../limits/quotas.js";
import type { RateLimits } from "../../limits/rates.js";
import { InvigilError, invalidInput } from "../../platform/errors.js";
import type { Ids } from "../../platform/ids.js";
import { createPace, inTurns } from "../../platform/pace.js";
import type { GroupService } from "../message-groups/service.js";
import { toNewPerson } from "../participant/rules.js";
import { undoRefused } from "./rules.js";
import {
  roomNamer,
  type Seats,
  seatPeople,
  type TeacherCount,
  tooFewTeachers,
  type UnseatedPerson,
} from "./seating.js";
import type { ExamPeople, PlanStore } from "./store.js";

export interface PlanServiceDeps {
  readonly store: PlanStore;
  readonly groups: GroupService;
  readonly clock: () => Date;
  readonly ids: Ids;
  readonly rates: RateLimits;
  /** Absent: no quotas. */
  readonly quotas: Quotas | undefined;
}

/** The message service of the rooms that a plan creates. */
const IM_SERVER = "aliyun_new";
/** The number of people to process in one turn of the event loop. */
const PEOPLE_A_TURN = 2000;
/** The maximum length of a room's name, in characters. */
const MAX_ROOM_NAME = 63;

/**
 * Returns the unseated people and those named in the call, each once, without those who have a room.
 * @throws PARTICIPANT_CONFLICT when a person is in the exam with another role
 */
const unseatedOf = async (
  { rooms, unseated: imported }: ExamPeople,
  named: readonly UnseatedPerson[],
): Promise<UnseatedPerson[]> => {
  const pace = createPace(PEOPLE_A_TURN);
  const roles = new Map<string, Set<ParticipantRole>>();
  for (const { people } of rooms) {
    for (const { userId, role } of people) roles.set(userId, (roles.get(userId) ?? new Set()).add(role));
    await pace(people.length);
  }
  const unseated: UnseatedPerson[] = [];
  for (const list of [imported, named])
    for (let at = 0; at < list.length; at += PEOPLE_A_TURN) {
      for (const person of list.slice(at, at + PEOPLE_A_TURN)) {
        const { userId, role } = person;
        const rolesInExam = roles.get(userId);
        if (rolesInExam && !rolesInExam.has(role))
          throw new InvigilError(
            "PARTICIPANT_CONFLICT",
            `${userId} is in the exam as ${[...rolesInExam].join(" and ")}, and cannot be its ${role} too.`,
          );
        if (rolesInExam) continue;
        roles.set(userId, new Set([role]));
        unseated.push(person);
      }
      await nextTurn();
    }
  return unseated;
};

/** Returns people in the order in which they are added to their room. */
const seatedIn = ({ teacher, spares, inspectors, examinees }: Seats) => [
  ...(teacher ? [{ person: teacher, spare: false }] : []),
  ...spares.map((person) => ({ person, spare: true })),
  ...[...inspectors, ...examinees].map((person) => ({ person, spare: false })),
];

/** A room of the plan, and the people that the plan adds to it. */
interface Draft {
  readonly id: string;
  readonly name: string;
  /** The number of examinees before the plan. */
  readonly examinees: number;
  readonly seats: Seats;
  /** Set for a room that the plan creates. */
  readonly made?: { readonly createTeacher: string };
}

const toPlanned = ({ id, name, made, examinees, seats }: Draft, dryRun: boolean): PlannedRoom => ({
  ...((!made || !dryRun) && { roomId: id }),
  name,
  isNew: made !== undefined,
  examinees: examinees + seats.examinees.length,
  seated: seatedIn(seats).map(({ person, spare }) => ({
    userId: person.userId,
    name: person.name,
    role: person.role,
    spare,
  })),
});

export type PlanService = ReturnType<typeof createPlanService>;

export const createPlanService = ({ store, groups, clock, ids, rates, quotas }: PlanServiceDeps) => {
  const draft = async (
    exam: ExamPeople,
    unseated: readonly UnseatedPerson[],
    { roomSize, seed, roomName, dryRun, withoutTeachers }: PlanExamInput,
    coordinator: string,
  ): Promise<{ readonly drafts: Draft[]; readonly teachers: TeacherCount }> => {
    const rooms = exam.rooms.filter(({ status }) => status === "in_progress");
    const seating = await inTurns(seatPeople({ rooms, unseated, roomSize, seed }), PEOPLE_A_TURN);
    const { teachers } = seating;
    if (teachers.available < teachers.needed && !dryRun && !withoutTeachers) throw tooFewTeachers(teachers);
    const taken = exam.rooms.map(({ name }) => name);
    const nextName = roomNamer(roomName, taken, seating.newRooms.length);
    const drafts: Draft[] = [
      ...seating.rooms.map(({ room: { id, name, people }, seats }) => {
        const examinees = people.filter(({ role }) => role === "examinee").length;
        return { id, name, examinees, seats };
      }),
      ...seating.newRooms.map((seats) => {
        const name = nextName();
        if (name.length > MAX_ROOM_NAME)
          throw invalidInput("roomName", `would make names of more than ${MAX_ROOM_NAME} characters`);
        const createTeacher = seats.teacher?.userId ?? coordinator;
        return { id: ids.next(), name, examinees: 0, seats, made: { createTeacher } };
      }),
    ];
    return { drafts, teachers };
  };

  const assertQuotas = (examId: string, { rooms }: ExamPeople, drafts: readonly Draft[]): void => {
    if (!quotas) return;
    const made = drafts.filter(({ made }) => made).length;
    const { roomsPerExam: most } = quotas;
    if (made > 0 && rooms.length + made > most)
      throw quotaExceeded({ whose: `The exam ${examId}`, what: "rooms", held: rooms.length, most });
    const sizes = new Map(rooms.map(({ id, people }) => [id, people.length]));
    for (const { id, name, seats } of drafts) {
      const held = sizes.get(id) ?? 0;
      const size = held + seatedIn(seats).length;
      if (size > quotas.peoplePerRoom && size > held)
        throw quotaExceeded({ whose: `The room ${name}`, what: "people", held, most: quotas.peoplePerRoom });
    }
  };

  const apply = async (
    examId: string,
    author: Author,
    seen: ExamPeople,
    drafts: readonly Draft[],
  ): Promise<number | undefined> => {
    const now = clock();
    if (drafts.every(({ seats }) => seatedIn(seats).length === 0)) return undefined;
    function* people() {
      for (const { id, seats } of drafts)
        for (const { person } of seatedIn(seats)) yield toNewPerson(person, { id, examId }, now);
    }
    const rooms = drafts.flatMap(({ id, name, made }): NewRoom[] =>
      made ? [{ id, examId, name, imServer: [IM_SERVER], ...made, now }] : [],
    );
    const seatsOf = new Map(drafts.map(({ id, seats }) => [id, seats]));
    const members = (id: string): string[] => {
      const seats = seatsOf.get(id);
      return seats ? seatedIn(seats).map(({ person }) => person.userId) : [];
    };
    const groupRequests = rooms.map(({ id, name, createTeacher, imServer }) => ({
      examId,
      roomId: id,
      name,
      creatorId: createTeacher,
      imServer,
      members: () => members(id),
      caller: author,
    }));
    const handedOn = drafts.flatMap(({ id: roomId, made, seats: { teacher } }) =>
      teacher && !made ? [{ roomId, createTeacher: teacher.userId }] : [],
    );
    return groups.open(groupRequests, async ({ undo }) => {
      const plan = await store.apply(examId, seen, { now, rooms, people, handedOn, undo, author });
      if (plan === undefined)
        throw new InvigilError(
          "EXAM_CONFLICT",
          `The people or rooms of the exam ${examId} changed while it was planned: plan it again.`,
        );
      return plan;
    });
  };

  return {
    /**
     * Seats the people of an exam who have no room, and creates the rooms that they need: everything or nothing.
     * Repeating the call changes nothing.
     * @param listed the approximate number of people and rooms in the answer; default: 5,000
     * @param coordinator the `createTeacher` of new rooms for which there is no teacher; default: the caller
     * @throws EXAM_CONFLICT when there are too few teachers without `withoutTeachers`, or the exam changes during the call
     */
    async plan(
      caller: ActingCaller,
      { id: examId }: Opened<"wholeExam">,
      input: PlanExamInput,
      listed: number = PLANNED_PEOPLE_LISTED,
      coordinator: string = caller.userId,
    ): Promise<ExamPlan> {
      rates.take({ caller, examId }, { writeRows: 0 });
      const seen = await store.read(examId);
      const inRooms = seen.rooms.reduce((sum, { people }) => sum + people.length, 0);
      rates.charge({ caller }, { readRows: inRooms + seen.unseated.length });
      const unseated = await unseatedOf(seen, input.teachers);
      const { drafts, teachers } = await draft(seen, unseated, input, coordinator);
      assertQuotas(examId, seen, drafts);
      const pace = createPace(PEOPLE_A_TURN);
      const placed = new Set<string>();
      for (const { seats } of drafts) {
        const people = seatedIn(seats);
        for (const { person } of people) placed.add(person.userId);
        await pace(people.length);
      }
      const newRooms = drafts.filter(({ made }) => made).length;
      let plan: number | undefined;
      if (!input.dryRun) {
        plan = await apply(examId, caller, seen, drafts);
        rates.charge({ caller, examId }, { writeRows: placed.size + newRooms });
      }

      const rooms: PlannedRoom[] = [];
      let left = listed;
      for (const one of drafts.slice(input.skipRooms)) {
        const room = toPlanned(one, input.dryRun);
        left -= room.seated.length + 1;
        if (left < 0 && rooms.length > 0) break;
        rooms.push(room);
        await pace(room.seated.length);
      }
      const moreRooms = Math.max(0, drafts.length - input.skipRooms - rooms.length);
      return {
        ...(plan !== undefined && { plan }),
        teachers,
        rooms,
        ...(moreRooms > 0 && { moreRooms }),
        newRooms,
        seated: drafts.reduce((sum, { seats }) => sum + seats.examinees.length, 0),
        waiting: unseated.length - unseated.filter(({ userId }) => placed.has(userId)).length,
      };
    },

    list: ({ id: examId }: Opened<"wholeExam">): Promise<ExamPlans> => store.list(examId),

    /**
     * Unseats the people whom a plan seated, and deletes the rooms that it made, some of them in each transaction. A call that was cut off is
     * repeated: it goes on with what is left.
     * @throws EXAM_CONFLICT if people have entered, or others are in the rooms: before anything is changed, unless they come during the call
     */
    async undo(
      caller: ActingCaller,
      { id: examId }: Opened<"wholeExam">,
      { plan }: UndoPlanInput,
    ): Promise<UndonePlan> {
      rates.take({ caller, examId }, { writeRows: 0 });
      const undone = { unseated: 0, deletedRooms: 0 };
      const undoneAt = await store.undoneAt(examId, plan);
      if (undoneAt === undefined)
        throw invalidInput("plan", `must be the number of a plan of the exam ${examId}`);
      if (undoneAt) return undone;
      const obstacle = await store.obstacleTo(examId, plan);
      if (obstacle) throw undoRefused(plan, obstacle);
      // The first transaction leaves the entry in the audit.
      for (let author: Author | undefined = caller, isDone = false; !isDone; author = undefined) {
        const part = await store.undoSome(examId, plan, { now: clock(), author });
        rates.charge({ caller, examId }, { writeRows: part.unseated + part.deletedRooms });
        undone.unseated += part.unseated;
        undone.deletedRooms += part.deletedRooms;
        ({ isDone } = part);
      }
      return undone;
    },
  };
};
