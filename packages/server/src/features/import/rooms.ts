import type { RosterFaultCode } from "@invigil/schema";
import { quoted } from "../../files/sheets/quoted.js";
import { halfWidth } from "./cells.js";

export interface ExamRoom {
  readonly id: string;
  readonly name: string;
  readonly ended: boolean;
  readonly createTeacher: string;
}

/** The part of the exam that the caller may import into. */
export interface Scope {
  /** The rooms that rows may name. */
  readonly rooms: readonly ExamRoom[];
  /** The room of people whose row names none. */
  readonly room: ExamRoom | undefined;
  /** Whether the caller may import into the whole exam. */
  readonly whole: boolean;
}

/** Returns the room with the id or name in a cell, or the default room for an empty cell. */
export type RoomFinder = (
  cell: string,
  report: (code: RosterFaultCode, reason: string, detail?: string) => void,
) => string | undefined;

/**
 * Finds rooms among those that the caller may import into.
 * If several rooms have the same name, prefers the one that has not ended.
 */
export const createRoomFinder = ({ rooms, room: fallback, whole }: Scope): RoomFinder => {
  const roomsByName = new Map<string, ExamRoom[]>();
  for (const room of rooms)
    for (const name of new Set([room.id, room.name]))
      roomsByName.set(name, [...(roomsByName.get(name) ?? []), room]);

  return (cell, report) => {
    if (cell === "") return fallback?.id;
    const named = roomsByName.get(cell) ?? roomsByName.get(halfWidth(cell)) ?? [];
    const open = named.filter(({ ended }) => !ended);
    const [room, another] = open.length > 0 ? open : named;
    if (room && !another) return room.id;
    if (room)
      report(
        "several_rooms",
        `${quoted(cell)} is the name of more than one room of the exam: write the room's id`,
      );
    else if (!whole)
      report(
        "not_your_room",
        `must be empty or '${fallback?.name}': you may import into that room only`,
        fallback?.name,
      );
    else report("unknown_room", `there is no room ${quoted(cell)} in the exam`);
    return undefined;
  };
};
