import type { ImportResult } from "@invigil/schema";
import type { Author } from "../../domain/calls.js";
import { examNotFound, InvigilError, invalidInput } from "../../platform/errors.js";
import { toNewPerson } from "../participant/rules.js";
import type { Columns } from "./columns.js";
import { createFaults, type FaultyFile, mergeFaults, shownCell } from "./faults.js";
import { warnOfSameNames } from "./namesakes.js";
import { warnOfOddIds } from "./odd-ids.js";
import type { ReadResult } from "./read.js";
import type { Scope } from "./rooms.js";
import { actionFor, differ, type Place, type RosterPerson, type RowAction } from "./row-action.js";
import { type ImportStore, type PersonWriter, RoomsEnded } from "./store.js";

/** How many changes and new people are listed. */
const LISTED = 1000;
const LISTED_COLUMNS = 100;
const PREVIEWED = 10;

export interface ImportPlan {
  readonly people: readonly RosterPerson[];
  /** The people of the exam who are not in the file, as far as they were asked for. */
  readonly others: Iterable<{ readonly userId: string; readonly name: string }>;
  readonly examId: string;
  readonly dryRun: boolean;
  /** The rows to leave out. Each must have an error. */
  readonly skip: ReadonlySet<number>;
  readonly scope: Scope;
  readonly file: ReadResult;
  readonly now: Date;
  /** The maximum number of people in a room. Absent: no limit. */
  readonly mostPeople?: number | undefined;
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

/** The columns that were not read. */
export const unreadOf = ({ unread }: Columns): Pick<ImportResult, "unreadColumns" | "moreUnreadColumns"> => ({
  ...(unread.length > 0 && { unreadColumns: unread.slice(0, LISTED_COLUMNS) }),
  ...(unread.length > LISTED_COLUMNS && { moreUnreadColumns: unread.length - LISTED_COLUMNS }),
});

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
  const { people, others, examId, now, file, scope, dryRun, skip, mostPeople, signal, author } = plan;
  // A file with invalid cells is compared with the exam, too, so that the caller gets all errors at once.
  const into = { examId, now, author, dryRun: dryRun || file.faults.count > 0 };
  const applied = store.apply<Imported | FaultyRoster>(
    people,
    into,
    (rooms, writer) => {
      if (!rooms) throw examNotFound(examId);
      const visible = new Set(scope.rooms.map(({ id }) => id));
      const visibleRooms = new Map(rooms.filter(({ id }) => visible.has(id)).map((room) => [room.id, room]));
      const faults = createFaults(skip);
      const taken = people.filter(({ row }) => !skip.has(row));
      const named = taken.flatMap(({ userId, name }) => (name === null ? [] : [{ userId, name }]));
      const result: Imported = {
        rows: file.rows,
        added: 0,
        updated: 0,
        unchanged: 0,
        changes: [],
        moreChanges: 0,
        ...(skip.size > 0 && { skipped: skip.size }),
        ...(file.totalRows.length > 0 && { totalRows: [...file.totalRows] }),
        ...(file.unreadSheets.length > 0 && { unreadSheets: [...file.unreadSheets] }),
        ...unreadOf(file.columns),
        ...warnOfOddIds(taken, file.columns.title("id"), file.numberRows),
        ...warnOfSameNames([...named, ...others]),
      };
      const preview: NonNullable<ImportResult["preview"]> = [];
      const newPeople: NonNullable<ImportResult["newPeople"]> = [];
      let moreNewPeople = 0;
      const withExtraMinutes: NonNullable<ImportResult["withExtraMinutes"]> = [];
      let moreWithExtraMinutes = 0;

      const show = (person: RosterPerson, places: readonly Place[]): void => {
        const isNew = places.length === 0;
        const { row, userId, name, role, extraMinutes, roomId } = person;
        if (name === null || role === null) return;
        const room = roomId === null ? undefined : visibleRooms.get(roomId)?.name;
        if (preview.length < PREVIEWED)
          preview.push({
            row,
            userId,
            name,
            role,
            ...(extraMinutes !== null && { extraMinutes }),
            ...(room !== undefined && { room }),
          });
        if (isNew && newPeople.length < LISTED) newPeople.push({ row, userId, name });
        else if (isNew) moreNewPeople += 1;
        const minutes = extraMinutes ?? Math.max(0, ...places.map((place) => place.extraMinutes));
        if (minutes === 0) return;
        if (withExtraMinutes.length < LISTED)
          withExtraMinutes.push({ row, userId, name, extraMinutes: minutes });
        else moreWithExtraMinutes += 1;
      };
      const count = ({ row, userId }: RosterPerson, action: RowAction): void => {
        if (action.kind === "keep") result.unchanged += 1;
        if (action.kind === "add") result.added += 1;
        if (action.kind !== "seat" && action.kind !== "change") return;
        result.updated += 1;
        const { was, is } = action;
        // A person who only got a room has no changed details.
        if (!differ(was, is)) return;
        if (result.changes.length < LISTED) result.changes.push({ row, userId, was, is });
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
          if (skip.has(person.row)) return;
          count(person, action);
          if (dryRun) show(person, places);
          if (!into.dryRun && faults.count === 0) applyAction(action, person, plan, writer);
        },
        end() {
          const spared = [...skip].find((row) => !file.faults.skipped.has(row) && !faults.skipped.has(row));
          if (spared !== undefined)
            throw invalidInput("skip", `names the row ${spared}, which has no fault: read the file again`);
          if (file.faults.count + faults.count > 0)
            return {
              keep: false,
              result: { ...mergeFaults(file.faults, faults), rows: file.rows, columns: file.columns },
            };
          const shown = {
            preview,
            newPeople,
            ...(moreNewPeople > 0 && { moreNewPeople }),
            withExtraMinutes,
            ...(moreWithExtraMinutes > 0 && { moreWithExtraMinutes }),
          };
          return { keep: true, result: dryRun ? { ...result, ...shown } : result };
        },
      };
    },
    mostPeople,
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
