import {
  type AttemptAction,
  type Caller,
  type Decided,
  type Decision,
  type ExtendAttemptsInput,
  endsAtOf,
  type FinishedAttempt,
  isOver,
  MAX_DECIDED,
  type PauseAttemptsInput,
  type TerminateAttemptsInput,
} from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import type { NewEntry } from "../../domain/decisions.js";
import { GIVES_BACK } from "../../domain/exam-entries.js";
import type { Opened } from "../../domain/opened.js";
import type { RateLimits } from "../../limits/rates.js";
import {
  forbidden,
  InvigilError,
  invalidInput,
  notInRoom,
  roomEnded,
  roomNotFound,
} from "../../platform/errors.js";
import type {
  AttemptStore,
  DecisionOutcome,
  DecisionRequest,
  ExamOfDecision,
  PersonOfDecision,
} from "./store.js";

/** How many people one transaction decides about. Each has about four rows. */
const DECIDED_AT_ONCE = 100;

/** The actions that a setting of the exam may leave to its creator. */
const CONTROLLED: readonly AttemptAction["kind"][] = ["extend", "terminate", "reopen"];

const isChange = ({ attempt, after }: DecisionOutcome): boolean =>
  typeof after !== "string" && after !== attempt;

export type AttemptService = ReturnType<typeof createAttemptService>;

export type { SittingService } from "./sitting.js";

/** Decides about the attempts of people, and keeps what was decided. */
export const createAttemptService = ({
  store,
  rates,
  clock,
  afterExamSeconds,
}: {
  store: AttemptStore;
  rates: RateLimits;
  clock: () => Date;
  /** How long links and tokens are valid after the end of the exam, in seconds. */
  afterExamSeconds: number;
}) => {
  /** @throws FORBIDDEN */
  const maxMinutesOf = (
    caller: Caller,
    kind: AttemptAction["kind"],
    { createdBy, controlledBy, maxRoomMinutes }: ExamOfDecision,
  ): number | undefined => {
    const isManager = caller.role === "admin" || caller.userId === createdBy;
    if (isManager || caller.role === "examinee") return undefined;
    if (controlledBy === "creator" && CONTROLLED.includes(kind))
      throw forbidden("The exam's creator alone extends, terminates and reopens attempts.");
    return maxRoomMinutes ?? undefined;
  };

  const assertPeople = (
    roomId: string,
    userIds: readonly string[] | undefined,
    found: readonly PersonOfDecision[],
  ): void => {
    const byId = new Map(found.map((person) => [person.userId, person]));
    for (const userId of userIds ?? []) {
      const role = byId.get(userId)?.role;
      if (role === undefined) throw notInRoom({ roomId, userId });
      if (role !== "examinee")
        throw new InvigilError(
          "PARTICIPANT_CONFLICT",
          `${userId} is in the room as ${role}, and only examinees have attempts.`,
        );
    }
  };
  /** @throws INVALID_INPUT if the key was used for something else */
  const assertSameKey = (entry: NewEntry, found: readonly PersonOfDecision[]): void => {
    const fields = ["kind", "detail", "minutes", "reason", "note", "message"] as const;
    for (const { userId, decided } of found)
      if (decided && fields.some((field) => (decided[field] ?? null) !== (entry[field] ?? null)))
        throw invalidInput("key", `was used for another decision about ${userId}`);
  };

  const resultOf = (outcome: DecisionOutcome, now: Date): Decided["people"][number] => {
    const { userId, times, attempt: before, after } = outcome;
    const isRefused = typeof after === "string";
    const attempt = isRefused ? before : after;
    const endsAt = endsAtOf(times, attempt, now);
    const lastLink = times.endTime.getTime() + times.extraMinutes * 60_000 + afterExamSeconds * 1000;
    return {
      userId,
      outcome: isRefused ? "refused" : after === before ? "unchanged" : "changed",
      ...(isRefused && { refusal: after }),
      attempt,
      endsAt,
      ...(endsAt.getTime() > lastLink && { needsLink: true }),
    };
  };

  const decide = async (
    caller: ActingCaller,
    room: { readonly examId: string; readonly roomId: string },
    { userIds, reason, key, dryRun }: Omit<Decision, "roomId">,
    action: AttemptAction,
    details: Pick<NewEntry, "detail" | "minutes"> = {},
  ): Promise<Decided> => {
    rates.takeChange({ caller, ...room }, { writeRows: 0 });
    const { code, note = null, message = null } = reason;
    const entry = { kind: action.kind, ...details, reason: code, note, message, key };
    const now = clock();
    const check: DecisionRequest["check"] = (exam, found) => {
      if (!exam) throw roomNotFound(room.roomId);
      const maxMinutes = maxMinutesOf(caller, action.kind, exam);
      assertSameKey(entry, found);
      if (exam.roomStatus === "ended") throw roomEnded(room.roomId);
      return { maxMinutes };
    };
    const request: DecisionRequest = { room, action, entry, author: caller, now, check };
    const { exam, people } = await store.people(room, userIds, key);
    assertPeople(room.roomId, userIds, people);
    const foreseen = store.foresee(request, exam, people);
    const open = foreseen.filter(isChange).map(({ userId }) => userId);
    const ids = open.slice(0, MAX_DECIDED);
    const later = new Set(open.slice(MAX_DECIDED));
    const outcomes = new Map<string, DecisionOutcome>();
    for (let from = 0; !dryRun && from < ids.length; from += DECIDED_AT_ONCE) {
      const some = await store.decide(request, ids.slice(from, from + DECIDED_AT_ONCE));
      for (const outcome of some) outcomes.set(outcome.userId, outcome);
      rates.charge({ caller, examId: room.examId }, { writeRows: some.filter(isChange).length });
    }
    const answered = foreseen.flatMap((outcome) => {
      if (later.has(outcome.userId)) return [];
      if (dryRun || !isChange(outcome)) return [outcome];
      return outcomes.get(outcome.userId) ?? { ...outcome, after: "notInRoom" as const };
    });
    return { people: answered.map((outcome) => resultOf(outcome, now)), remaining: later.size };
  };

  /** The exam and the room that a call names. */
  const placeOf = (
    of: Opened<"room" | "roomsToRun">,
    roomId: string,
  ): { readonly examId: string; readonly roomId: string } => {
    if (!("rooms" in of)) return { examId: of.examId, roomId: of.id };
    if (of.rooms !== "all" && !of.rooms.includes(roomId))
      throw forbidden(`The room ${roomId} is not open to you.`);
    return { examId: of.exam.id, roomId };
  };

  return {
    pause: (caller: ActingCaller, of: Opened<"room" | "roomsToRun">, input: PauseAttemptsInput) =>
      decide(
        caller,
        placeOf(of, input.roomId),
        input,
        { kind: "pause", givesBack: input.giveBack },
        { detail: input.giveBack ? GIVES_BACK : null },
      ),
    resume: (caller: ActingCaller, of: Opened<"room" | "roomsToRun">, input: Decision) =>
      decide(caller, placeOf(of, input.roomId), input, { kind: "resume" }),
    extend: (caller: ActingCaller, of: Opened<"room" | "roomsToRun">, input: ExtendAttemptsInput) =>
      decide(
        caller,
        placeOf(of, input.roomId),
        input,
        { kind: "extend", minutes: input.minutes },
        { minutes: input.minutes },
      ),
    terminate: (caller: ActingCaller, of: Opened<"room" | "roomsToRun">, input: TerminateAttemptsInput) =>
      decide(caller, placeOf(of, input.roomId), input, { kind: "terminate" }, { detail: input.answers }),
    reopen: (caller: ActingCaller, of: Opened<"room" | "roomsToRun">, input: Decision) =>
      decide(caller, placeOf(of, input.roomId), input, { kind: "reopen" }),

    /** Ends the caller's own attempt. Repeating it changes nothing. @throws EXAM_CONFLICT before the exam begins */
    async finish(caller: ActingCaller, room: Opened<"room">): Promise<FinishedAttempt> {
      const key = { examId: room.examId, roomId: room.id };
      rates.takeChange({ caller, ...key });
      const now = clock();
      const check: DecisionRequest["check"] = (exam, people) => {
        if (!exam) throw roomNotFound(room.id);
        if (now < exam.startTime && people.some(({ attempt }) => !isOver(attempt)))
          throw new InvigilError("EXAM_CONFLICT", `The exam ${room.examId} has not begun.`);
        return {};
      };
      const request: DecisionRequest = {
        room: key,
        action: { kind: "finish" },
        entry: { kind: "finish" },
        author: caller,
        now,
        check,
      };
      const [outcome] = await store.decide(request, [caller.userId]);
      // They were removed after their rights were read.
      if (!outcome)
        throw new InvigilError("PARTICIPANT_NOT_FOUND", `${caller.userId} is not in the room ${room.id}.`);
      const { attempt, endsAt } = resultOf(outcome, now);
      return { attempt, endsAt };
    },
  };
};
