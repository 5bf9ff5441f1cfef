import type { ImportResult } from "@invigil/schema";
import type { Author } from "../../domain/calls.js";
import { examNotFound, InvigilError } from "../../platform/errors.js";
import { toNewPerson } from "../participant/rules.js";
import type { RoomSize } from "../participant/service.js";
import type { Columns } from "./columns.js";
import { createFaults, type FaultyFile, mergeFaults, shownCell } from "./faults.js";
import { warnOfOddIds } from "./odd-ids.js";
import type { ReadResult } from "./read.js";
import type { Scope } from "./rooms.js";
import { actionFor, differ, type RosterPerson, type RowAction } from "./row-action.js";
import { type ImportStore, type PersonWriter, RoomsEnded } from "./store.js";

const LISTED_CHANGES = 1000;

export interface ImportPlan {
  readonly people: readonly RosterPerson[];
  readonly examId: string;
  readonly dryRun: boolean;
  readonly scope: Scope;
  readonly file: ReadResult;
  readonly now: Date;
  /** The maximum number of people in a room. Absent: no limit. */
  readonly size?: RoomSize | undefined;
  readonly author: Author;
  /** Aborts the import, up to its last step. */
  readonly signal?: AbortSignal | undefined;
}

/** The outcome of an import. */
export type Imported = Omit<ImportResult, "faults" | "moreFaults" | "sheet">;

/** Why a roster was not imported. */
export interface FaultyRoster extends FaultyFile {
  /** The number of rows with a person. */
  readonly rows: number;
  readonly columns: Columns;
}

/** The value in a row that a fault is about. */
const shownValue = (
  { role, roomId }: RosterPerson,
  field: "role" | "room",
  rooms: ReadonlyMap<string, { readonly name: string }>,
): string => (field === "role" ? role : roomId && (rooms.get(roomId)?.name ?? roomId)) ?? "";

/** Queues the writes for an action. */
const applyAction = (
  action: RowAction,
  { userId }: RosterPerson,
  { examId, now }: ImportPlan,
  writer: PersonWriter,
): void => {
  switch (action.kind) {
    case "refuse":
    case "keep":
      return;
    case "add":
    case "seat": {
      const { role, is, roomId } = action;
      const person = { userId, role, ...is };
      if (roomId === null) writer.addUnseated(person);
      else writer.insert(toNewPerson(person, { id: roomId, examId }, now));
      return;
    }
    case "change":
      for (const { roomId, is } of action.places) writer.change(userId, roomId, is);
  }
};

/**
 * Decides what to do with each person of a file and imports them: all or, if any row is invalid, none. A dry run writes nothing.
 * @throws EXAM_NOT_FOUND, EXAM_CONFLICT when rooms ended during the import or another change of the exam does
 *   not finish
 */
export const applyImport = (store: ImportStore, plan: ImportPlan): Promise<Imported | FaultyRoster> => {
  const { people, examId, now, file, scope, dryRun, size, signal, author } = plan;
  // A file with invalid cells is compared with the exam, too, so that the caller gets all errors at once.
  const into = { examId, now, author, dryRun: dryRun || file.faults.count > 0 };
  const applied = store.apply<Imported | FaultyRoster>(
    people,
    into,
    (rooms, writer) => {
      if (!rooms) throw examNotFound(examId);
      const visible = new Set(scope.rooms.map(({ id }) => id));
      const visibleRooms = new Map(rooms.filter(({ id }) => visible.has(id)).map((room) => [room.id, room]));
      const faults = createFaults();
      const result: Imported = {
        rows: file.rows,
        added: 0,
        updated: 0,
        unchanged: 0,
        changes: [],
        moreChanges: 0,
        ...(file.unreadSheets.length > 0 && { unreadSheets: [...file.unreadSheets] }),
        ...warnOfOddIds(people, file.columns.title("id"), file.numberRows),
      };

      const count = ({ row, userId }: RosterPerson, action: RowAction): void => {
        if (action.kind === "keep") result.unchanged += 1;
        if (action.kind === "add") result.added += 1;
        if (action.kind !== "seat" && action.kind !== "change") return;
        result.updated += 1;
        const { was, is } = action;
        // A person who only got a room has no changed details.
        if (!differ(was, is)) return;
        if (result.changes.length < LISTED_CHANGES) result.changes.push({ row, userId, was, is });
        else result.moreChanges += 1;
      };

      return {
        each(person, places) {
          signal?.throwIfAborted();
          const action = actionFor(person, places, visibleRooms);
          if (action.kind === "refuse")
            for (const { field, ...refusal } of action.faults)
              faults.add({
                row: person.row,
                column: file.columns.title(field),
                cell: file.columns.cell(field),
                value: shownCell(shownValue(person, field, visibleRooms)),
                person: shownCell(person.name ?? person.userId),
                ...refusal,
              });
          count(person, action);
          if (!into.dryRun && faults.count === 0) applyAction(action, person, plan, writer);
        },
        end() {
          if (file.faults.count + faults.count > 0)
            return {
              keep: false,
              result: { ...mergeFaults(file.faults, faults), rows: file.rows, columns: file.columns },
            };
          return { keep: true, result };
        },
      };
    },
    size,
  );
  return applied.catch((error: unknown) => {
    if (!(error instanceof RoomsEnded)) throw error;
    throw new InvigilError(
      "EXAM_CONFLICT",
      `Rooms of the exam ${examId} ended while its people were imported: nothing was imported. Import them again.`,
      { cause: error },
    );
  });
};
