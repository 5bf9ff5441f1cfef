import { type Attempt, isOver, RUNNING } from "@invigil/client";

/** `before`: checks and consent. `during`: the camera is published. `after`: nothing is. */
export type Stage = "before" | "during" | "after";

/** How long before the start of an exam people may enter, in milliseconds. They may check their devices days before. */
const ENTER_BEFORE_MS = 60 * 60_000;

interface Facts {
  readonly room: "in_progress" | "ended";
  readonly attempt: Pick<Attempt, "status"> | undefined;
  /** When the exam ends for the person. */
  readonly endsAt: Date;
  readonly hasEntered: boolean;
}

export const stageOf = ({ room, attempt = RUNNING, endsAt, hasEntered }: Facts, now: Date): Stage => {
  if (room === "ended" || isOver(attempt) || now >= endsAt) return "after";
  return hasEntered ? "during" : "before";
};

/** How long before the end people are told once that it is near, in milliseconds. */
const NEAR_MS = 5 * 60_000;

/** Whether the exam ends soon for the person. */
export const isNearEnd = (endsAt: Date, now: Date): boolean =>
  now < endsAt && endsAt.getTime() - now.getTime() <= NEAR_MS;

/** From when on people may enter. */
export const entryOf = ({ startTime }: { readonly startTime: Date }): Date =>
  new Date(startTime.getTime() - ENTER_BEFORE_MS);
