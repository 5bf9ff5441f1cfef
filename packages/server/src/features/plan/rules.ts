import type { Trace } from "../../domain/traces.js";
import type { Seat } from "../../domain/unseating.js";
import { InvigilError } from "../../platform/errors.js";

/**
 * Why a plan cannot be undone: what this person has left or, without `trace`, that the plan did not seat them. Without a person: people have
 * left something in the room.
 */
export interface Obstacle {
  readonly room: string;
  readonly userId?: string;
  readonly trace?: Trace;
}
export const obstacleIn = (
  seats: readonly Seat[],
  made: readonly { readonly name: string; readonly isUsed: boolean; readonly other: string | null }[],
): Obstacle | undefined => {
  for (const { roomName, userId, trace } of seats) if (trace) return { room: roomName, userId, trace };
  for (const { name: room, isUsed: wasUsed, other } of made) {
    if (wasUsed) return { room };
    if (other !== null) return { room, userId: other };
  }
  return undefined;
};

export const undoRefused = (plan: number, { room, userId, trace }: Obstacle): InvigilError => {
  const reasons = {
    entered: `${userId} has entered the room ${room}`,
    recorded: `something is recorded about ${userId} in the room ${room}`,
    other: `${userId} is in the room ${room}, but the plan did not seat them there; unseat or move them, or undo the later plan first`,
    used: `a person has entered the room ${room}, or something was recorded or written in it`,
  };
  const reason = reasons[trace ?? (userId === undefined ? "used" : "other")];
  return new InvigilError("EXAM_CONFLICT", `The plan ${plan} cannot be undone: ${reason}.`);
};
