import { type Attempt, endsAtOf, type LivePerson, RUNNING } from "@invigil/client";
import type { ControlFacts } from "./attention.js";

/** A person, as far as what was decided about their attempt goes. */
export interface Controlled {
  readonly extraMinutes: number;
  readonly attempt?: Attempt | undefined;
}
interface Times {
  readonly startTime: Date;
  readonly endTime: Date;
}

export const isPaused = ({ attempt }: Pick<Controlled, "attempt">): boolean => attempt?.status === "paused";

/** When the exam ends for a person, in milliseconds since 1970. */
export const endOf = (
  { extraMinutes, attempt = RUNNING }: Controlled,
  { startTime, endTime }: Times,
  now: number,
): number => endsAtOf({ startTime, endTime, extraMinutes }, attempt, new Date(now)).getTime();

/** The facts that follow from what was decided about a person. */
export type Control = Pick<ControlFacts, "pausedSince" | "endsAt">;
export type ControlOf = (person: LivePerson, now: number) => Control;

/** The facts about a person now. Without the times of the exam, its end is not known. */
export const controlOf = (person: Controlled, times: Times | undefined, now: number): Control => ({
  pausedSince: isPaused(person) ? person.attempt?.since?.getTime() : undefined,
  endsAt: times && endOf(person, times, now),
});
