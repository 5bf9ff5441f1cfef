import {
  type Attempt,
  changedEndOf,
  type DetectorName,
  type ExamSummary,
  type RoomStatus,
  type UpdateExamInput,
  type VideoProfile,
} from "@invigil/schema";
import type { NewEntry, PersonOfChangedTimes } from "../../domain/decisions.js";
import { invalidInput } from "../../platform/errors.js";

/** An exam as stored. */
export type StoredExam = Omit<
  ExamSummary,
  "videoProfile" | "maxRoomMinutes" | "questionsUrl" | "detectors" | "mayManage" | "mayDuplicate" | "counts"
> & {
  readonly videoProfile: VideoProfile | null;
  readonly maxRoomMinutes: number | null;
  readonly questionsUrl: string | null;
  readonly detectors: readonly DetectorName[] | null;
  readonly createdBy: string;
};
type Changes = Pick<
  StoredExam,
  | "name"
  | "startTime"
  | "endTime"
  | "videoProfile"
  | "controlledBy"
  | "maxRoomMinutes"
  | "cameras"
  | "questionsUrl"
  | "detectors"
  | "updatedAt"
>;
/** A seat of an examinee in a room of an exam. */
export interface ExamineeSeat {
  readonly userId: string;
  readonly roomId: string;
  readonly status: RoomStatus;
  readonly extraMinutes: number;
  readonly attempt: Attempt;
}
/** A change of an exam, and the people for whom it changes times. */
export interface ExamChange {
  readonly changed: Changes;
  readonly people: readonly PersonOfChangedTimes[];
  readonly reason: Pick<NewEntry, "reason" | "note" | "message">;
}

type Times = Pick<StoredExam, "startTime" | "endTime">;

export const number = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;

/** The people for whom a change of an exam's times changes something, once each. Those whose room has ended are not concerned. */
const concernedBy = (
  seats: readonly ExamineeSeat[],
  before: Times,
  after: Times,
  now: Date,
): ExamChange["people"] => {
  const minutes = new Map<string, number>();
  for (const { userId, extraMinutes } of seats)
    minutes.set(userId, Math.max(extraMinutes, minutes.get(userId) ?? 0));
  const open = seats.filter(({ status }) => status === "in_progress");
  const isSameStart = before.startTime.getTime() === after.startTime.getTime();
  const starts = isSameStart ? undefined : { from: before.startTime, to: after.startTime };
  return [...new Map(open.map((seat) => [seat.userId, seat])).values()].flatMap(
    ({ userId, roomId, attempt }) => {
      const extraMinutes = minutes.get(userId) ?? 0;
      const ends = changedEndOf({ attempt, extraMinutes }, before, after, now);
      return ends ? [{ userId, roomId, starts, ends }] : [];
    },
  );
};

/** Says how many people a change of times concerns, and for how many of them the exam would be over. */
const whom = (people: ExamChange["people"], now: Date): string => {
  const over = people.filter(({ ends }) => ends.to <= now).length;
  const all = number(people.length, "person", "people");
  return over === 0 ? all : `${all}, for ${over} of whom it would be over at once`;
};

/** The changes that a call asks for, and the time of the call. */
export type WantedChanges = Omit<UpdateExamInput, "examId" | "audio"> & { readonly now: Date };

/**
 * What changes of an exam, and for whom.
 * @throws INVALID_INPUT when the end would not be after the start, or the reason is missing
 */
export const changeOf = (
  current: StoredExam,
  seats: readonly ExamineeSeat[],
  { reason: why, now, ...changes }: WantedChanges,
): ExamChange => {
  const startTime = changes.startTime ?? current.startTime;
  const endTime = changes.endTime ?? current.endTime;
  if (endTime <= startTime)
    throw invalidInput(changes.endTime ? "endTime" : "startTime", "would make the exam end before it starts");
  const people = concernedBy(seats, current, { startTime, endTime }, now);
  if (people.length > 0 && !why)
    throw invalidInput(
      "reason",
      `is required: the exam has begun, and its times change for ${whom(people, now)}`,
    );
  const changed = {
    name: changes.name ?? current.name,
    startTime,
    endTime,
    videoProfile: changes.videoProfile === undefined ? current.videoProfile : changes.videoProfile,
    controlledBy: changes.controlledBy ?? current.controlledBy,
    maxRoomMinutes: changes.maxRoomMinutes === undefined ? current.maxRoomMinutes : changes.maxRoomMinutes,
    cameras: changes.cameras ?? current.cameras,
    questionsUrl: changes.questionsUrl === undefined ? current.questionsUrl : changes.questionsUrl,
    detectors: changes.detectors === undefined ? current.detectors : changes.detectors,
    updatedAt: now,
  };
  const { code = null, note = null, message = null } = why ?? {};
  return { changed, people, reason: { reason: code, note, message } };
};
