import type { LivePerson, Room } from "@invigil/client";

/** A candidate, as far as actions need to know. */
export type ActPerson = Pick<
  LivePerson,
  "id" | "userId" | "name" | "extraMinutes" | "roomId" | "hand" | "attempt"
> &
  // Absent: a candidate.
  Partial<Pick<LivePerson, "role">> & {
    /** What tells them from others of their name. */
    readonly label: string;
  };
export type ActRoom = Pick<Room, "id" | "name">;

/**
 * Finds people as they are now, because others may move, remove and change them while a dialog is open. Undefined: they are not there any
 * more, as far as the view knows.
 */
export type FindNow = (person: ActPerson) => Pick<ActPerson, "roomId" | "extraMinutes" | "hand"> | undefined;

/** The actions for candidates, one or many. */
export const PERSON_ACTS = [
  "message",
  "clip",
  "link",
  "minutes",
  "time",
  "move",
  "unseat",
  "terminate",
  "reopen",
  "remove",
] as const;
export type PersonAct = (typeof PERSON_ACTS)[number];

/** The actions that decide about attempts. `time`: gives or takes minutes, pauses and resumes. */
export const CONTROL_ACTS = ["time", "reopen", "terminate"] as const;
export type ControlAct = (typeof CONTROL_ACTS)[number];

/** An action that a person asked for, and whom it is for. */
export type Act =
  | {
      readonly kind: PersonAct;
      readonly people: readonly ActPerson[];
      /** Whether they are everybody in their room. */
      readonly isWholeRoom?: boolean;
    }
  | { readonly kind: "hand" | "identity" | "note" | "talk"; readonly person: ActPerson }
  | { readonly kind: "note"; readonly room: ActRoom }
  | { readonly kind: "message" | "clip" | ControlAct; readonly rooms: readonly ActRoom[] }
  | { readonly kind: "endRoom" | "mute" | "voice"; readonly room: ActRoom }
  | {
      readonly kind: "endExam";
      readonly name: string;
      readonly underWay: { readonly rooms: number; readonly here: number };
    };

/** A person in a room, from what its views know of them. */
export const actPersonOf = (
  {
    userId,
    name,
    label,
    extraMinutes,
    hand,
    attempt,
  }: Pick<ActPerson, "userId" | "name" | "label" | "extraMinutes" | "hand" | "attempt">,
  roomId: string,
): ActPerson => ({ id: userId, userId, name, label, extraMinutes, roomId, hand, attempt });
