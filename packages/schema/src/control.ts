import type { AttemptAction } from "./attempts.js";

// Who decides about attempts in the rooms of an exam. The server and the console use it.

/** The settings of an exam that say what its rooms decide. */
export interface ControlSettings {
  readonly controlledBy: "rooms" | "creator";
  readonly maxRoomMinutes?: number | null | undefined;
}
export interface ControlRights {
  /** Whether they extend, terminate and reopen attempts, besides pausing and resuming them. */
  readonly mayControl: boolean;
  /** The most minutes in total that they may give a person. Undefined: as many as anyone. */
  readonly maxMinutes: number | undefined;
}

const CONTROLLED: readonly AttemptAction["kind"][] = ["extend", "terminate", "reopen"];

/** Whether an exam may leave an action to its creator. */
export const isControlled = (kind: AttemptAction["kind"]): boolean => CONTROLLED.includes(kind);

/**
 * Returns what staff may decide about attempts in rooms that they may run.
 * @param isManager whether they created the exam, or are an administrator
 */
export const controlRightsOf = (
  { controlledBy, maxRoomMinutes }: ControlSettings,
  isManager: boolean,
): ControlRights =>
  isManager
    ? { mayControl: true, maxMinutes: undefined }
    : { mayControl: controlledBy === "rooms", maxMinutes: maxRoomMinutes ?? undefined };
