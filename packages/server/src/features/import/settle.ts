import type { ImportResult } from "@invigil/schema";
import { examNotFound, InvigilError } from "../../platform/errors.js";
import { toNewPerson } from "../participant/rules.js";
import type { RoomSize } from "../participant/service.js";
import { createFaults, type FaultyFile, together } from "./faults.js";
import { differ, judge, type RosterPerson, type Verdict } from "./judge.js";
import type { Found } from "./read.js";
import type { Scope } from "./rooms.js";
import { type ImportStore, RoomsEnded, type Writing } from "./store.js";

const LISTED_CHANGES = 1000;

export interface Settlement {
  readonly people: readonly RosterPerson[];
  readonly examId: string;
  readonly dryRun: boolean;
  readonly scope: Scope;
  readonly found: Found;
  readonly now: Date;
  /** The maximum number of people in a room. Absent: no limit. */
  readonly size?: RoomSize | undefined;
  /** Aborts the import, up to its last step. */
  readonly signal?: AbortSignal | undefined;
}

/** Queues the writes for an action. */
const carryOut = (
  verdict: Verdict,
  { userId }: RosterPerson,
  { examId, now }: Settlement,
  writing: Writing,
): void => {
  switch (verdict.step) {
    case "refuse":
    case "keep":
      return;
    case "add":
    case "seat": {
      const { role, is, roomId } = verdict;
      const person = { userId, role, ...is };
      if (roomId === null) writing.wait(person);
      else writing.insert(toNewPerson(person, { id: roomId, examId }, now));
      return;
    }
    case "change":
      for (const { roomId, is } of verdict.places) writing.change(userId, roomId, is);
  }
};

/**
 * Decides what to do about each person of a file and imports them: all or, if any row is invalid, none. A dry
 * run writes nothing.
 * @throws EXAM_NOT_FOUND, EXAM_CONFLICT when rooms ended during the import or another change of the exam does
 *   not finish
 */
export const settle = (store: ImportStore, settlement: Settlement): Promise<ImportResult | FaultyFile> => {
  const { people, examId, now, found, scope, dryRun, size, signal } = settlement;
  // A file with invalid cells is compared with the exam, too, so that the caller gets all errors at once.
  const into = { examId, now, dryRun: dryRun || found.faults.count > 0 };
  const judging = store.settle<ImportResult | FaultyFile>(
    people,
    into,
    (rooms, writing) => {
      signal?.throwIfAborted();
      if (!rooms) throw examNotFound(examId);
      const visible = new Set(scope.rooms.map(({ id }) => id));
      const known = new Map(rooms.filter(({ id }) => visible.has(id)).map((room) => [room.id, room]));
      const faults = createFaults();
      const result: ImportResult = {
        rows: found.rows,
        added: 0,
        updated: 0,
        unchanged: 0,
        changes: [],
        moreChanges: 0,
        ...(found.unreadSheets.length > 0 && { unreadSheets: [...found.unreadSheets] }),
      };

      const count = ({ row, userId }: RosterPerson, verdict: Verdict): void => {
        if (verdict.step === "keep") result.unchanged += 1;
        if (verdict.step === "add") result.added += 1;
        if (verdict.step !== "seat" && verdict.step !== "change") return;
        result.updated += 1;
        const { was, is } = verdict;
        // A person who only got a room has no changed details.
        if (!differ(was, is)) return;
        if (result.changes.length < LISTED_CHANGES) result.changes.push({ row, userId, was, is });
        else result.moreChanges += 1;
      };

      return {
        each(person, places) {
          const verdict = judge(person, places, known);
          if (verdict.step === "refuse")
            for (const { field, reason } of verdict.faults)
              faults.add({ row: person.row, column: found.columns.title(field), reason });
          count(person, verdict);
          if (!into.dryRun && faults.count === 0) carryOut(verdict, person, settlement, writing);
        },
        end() {
          if (found.faults.count + faults.count > 0)
            return { keep: false, result: together(found.faults, faults) };
          return { keep: true, result };
        },
      };
    },
    size,
  );
  return judging.catch((error: unknown) => {
    if (!(error instanceof RoomsEnded)) throw error;
    throw new InvigilError(
      "EXAM_CONFLICT",
      `Rooms of the exam ${examId} ended while its people were imported: nothing was imported. Import them again.`,
      { cause: error },
    );
  });
};
