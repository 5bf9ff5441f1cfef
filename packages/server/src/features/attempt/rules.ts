import {
  type Attempt,
  type AttemptAction,
  attemptAfter,
  type Caller,
  type ControlSettings,
  controlRightsOf,
  type Decided,
  type ExamTimes,
  isControlled,
  isOver,
  type ParticipantRole,
  type RoomStatus,
} from "@invigil/schema";
import type { NewEntry } from "../../domain/decisions.js";
import type { RoomKey } from "../../domain/room-exams.js";
import { forbidden, InvigilError, invalidInput, roomEnded, roomNotFound } from "../../platform/errors.js";

/** The exam and the room in which people are decided about. */
export interface ExamOfDecision extends ControlSettings {
  readonly startTime: Date;
  readonly endTime: Date;
  readonly createdBy: string;
  readonly roomStatus: RoomStatus;
}

/** A seat of a person in the exam. */
export interface SeatOfDecision {
  readonly roomId: string;
  readonly userId: string;
  readonly role: ParticipantRole;
  readonly attempt: Attempt;
  readonly extraMinutes: number;
  /** The entry that was written about the person with the key of the call. */
  readonly decided: Required<NewEntry> | null;
}

export interface DecisionRequest {
  readonly room: RoomKey;
  /** The people whom the call names. Undefined: all examinees of the room. */
  readonly userIds: readonly string[] | undefined;
  readonly action: AttemptAction;
  readonly entry: NewEntry;
  readonly author: Pick<Caller, "userId" | "role">;
  readonly now: Date;
}

/** What becomes of a person. */
export interface DecisionOutcome extends Pick<Decided["people"][number], "userId" | "outcome" | "refusal"> {
  /** Their attempt afterwards, and what its end depends on. Absent: they are no examinee of the room. */
  readonly sitting?: { readonly attempt: Attempt; readonly times: ExamTimes };
  /** Whether the call changes their attempt. False: it stays, or an earlier call with the same key has changed it. */
  readonly isNew: boolean;
}

/**
 * Returns the most minutes in total that the author may give.
 * @throws FORBIDDEN, EXAM_CONFLICT
 */
const maxMinutesOf = (
  { room: { examId }, action: { kind }, author, now }: DecisionRequest,
  exam: ExamOfDecision,
  seats: readonly SeatOfDecision[],
): number | undefined => {
  if (kind === "finish") {
    if (now < exam.startTime && seats.some(({ attempt }) => !isOver(attempt)))
      throw new InvigilError("EXAM_CONFLICT", `The exam ${examId} has not begun.`);
    return undefined;
  }
  const isManager = author.role === "admin" || author.userId === exam.createdBy;
  const { mayControl, maxMinutes } = controlRightsOf(exam, isManager);
  if (!mayControl && isControlled(kind))
    throw forbidden("The exam's creator alone extends, terminates and reopens attempts.");
  return maxMinutes;
};

const FIELDS = ["kind", "detail", "minutes", "reason", "note", "message"] as const;

/** @throws INVALID_INPUT if the key was used for something else */
const assertSameKey = (entry: NewEntry, seats: readonly SeatOfDecision[]): void => {
  for (const { userId, decided } of seats)
    if (decided && FIELDS.some((field) => (decided[field] ?? null) !== (entry[field] ?? null)))
      throw invalidInput("key", `was used for another decision about ${userId}`);
};

/**
 * Returns what becomes of each person of a decision: those of the room in its order, then those who are named and not in the room.
 * @param seats the seats of these people in the exam, in the order in which they were added
 * @throws ROOM_NOT_FOUND, ROOM_ENDED, FORBIDDEN, EXAM_CONFLICT, INVALID_INPUT
 */
export const outcomesOf = (
  request: DecisionRequest,
  exam: ExamOfDecision | undefined,
  seats: readonly SeatOfDecision[],
): DecisionOutcome[] => {
  const { room, userIds = [], action, entry, now } = request;
  if (!exam) throw roomNotFound(room.roomId);
  const maxMinutes = maxMinutesOf(request, exam, seats);
  assertSameKey(entry, seats);
  if (action.kind !== "finish" && exam.roomStatus === "ended") throw roomEnded(room.roomId);

  const outcomeOf = ({ userId, role, attempt, extraMinutes, decided }: SeatOfDecision): DecisionOutcome => {
    if (role !== "examinee") return { userId, outcome: "refused", refusal: "noExaminee", isNew: false };
    const times = { startTime: exam.startTime, endTime: exam.endTime, extraMinutes };
    const stays = { userId, sitting: { attempt, times }, isNew: false };
    if (decided) return { ...stays, outcome: "changed" };
    const after = attemptAfter(attempt, action, {
      exam: times,
      now,
      ...(maxMinutes !== undefined && { maxMinutes }),
    });
    if (typeof after === "string") return { ...stays, outcome: "refused", refusal: after };
    if (after === attempt) return { ...stays, outcome: "unchanged" };
    return { userId, outcome: "changed", sitting: { attempt: after, times }, isNew: true };
  };
  // Those who finish may have been moved since their rights were read. Their attempt belongs to the exam.
  const own = action.kind === "finish" ? seats.filter(({ role }) => role === "examinee").slice(0, 1) : [];
  const inRoom = (own.length > 0 ? own : seats.filter(({ roomId }) => roomId === room.roomId)).map(outcomeOf);
  const found = new Set(inRoom.map(({ userId }) => userId));
  const elsewhere = [...new Set(userIds)]
    .filter((userId) => !found.has(userId))
    .map(
      (userId): DecisionOutcome =>
        seats
          .filter((seat) => seat.userId === userId && seat.decided)
          .map(outcomeOf)
          .find(({ outcome }) => outcome === "changed") ?? {
          userId,
          outcome: "refused",
          refusal: "notInRoom",
          isNew: false,
        },
    );
  return [...inRoom, ...elsewhere];
};

/** Keeps the first outcomes with at most so many that the call changes. Returns also how many people are left. */
export const firstOf = (
  outcomes: readonly DecisionOutcome[],
  most: number,
): { readonly outcomes: readonly DecisionOutcome[]; readonly remaining: number } => {
  const later = new Set(outcomes.filter(({ isNew }) => isNew).slice(most));
  return { outcomes: outcomes.filter((outcome) => !later.has(outcome)), remaining: later.size };
};
