import { quoted } from "../../files/sheets/quoted.js";

/** A room of the exam, as far as an import needs it. */
export interface ExamRoom {
  readonly id: string;
  readonly name: string;
  readonly ended: boolean;
}

/** What of the exam is the caller's. */
export interface Scope {
  /** The rooms that rows may name. */
  readonly rooms: readonly ExamRoom[];
  /** The room of those whose rows name none. */
  readonly room: ExamRoom | undefined;
  /** Whether all of the exam is. */
  readonly whole: boolean;
}

/** The room that a cell means: the one with that id or name, or the call's own when it is empty. */
export type RoomFinder = (cell: string, report: (reason: string) => void) => string | undefined;

/**
 * Finds rooms among those that the caller may fill: all of the exam's, or one.
 * Of rooms with one name, the one that has not ended is meant.
 */
export const createRoomFinder = ({ rooms, room: fallback, whole }: Scope): RoomFinder => {
  const known = new Map<string, ExamRoom[]>();
  for (const room of rooms)
    for (const name of new Set([room.id, room.name])) known.set(name, [...(known.get(name) ?? []), room]);

  return (cell, report) => {
    if (cell === "") return fallback?.id;
    const named = known.get(cell) ?? [];
    const open = named.filter(({ ended }) => !ended);
    const [room, another] = open.length > 0 ? open : named;
    if (room && !another) return room.id;
    if (room) report(`${quoted(cell)} is the name of more than one room of the exam: write the room's id`);
    else if (!whole) report(`must be empty or '${fallback?.name}': you may import into that room only`);
    else report(`there is no room ${quoted(cell)} in the exam`);
    return undefined;
  };
};
