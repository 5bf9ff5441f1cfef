import type { PlanExamInput } from "@invigil/schema";
import type { Source } from "../../files/sheets/source.js";
import { createFaults, type FaultyFile, mergeFaults, shownCell } from "./faults.js";
import { type AddPeople, readFile } from "./read.js";
import type { RoomFinder } from "./rooms.js";
import type { RosterPerson } from "./row-action.js";

export type Staff = PlanExamInput["teachers"];

const noRoom: RoomFinder = (cell, report) => {
  if (cell !== "")
    report("unknown_room", "must be empty: the plan gives teachers and inspectors their rooms");
  return undefined;
};

/**
 * Reads the teachers and inspectors of a file with the columns of a roster. An empty role cell means teacher.
 * The rows may not name rooms, because a plan assigns them.
 * @throws INVALID_INPUT for a file that is no roster
 */
export const readStaff = async (source: Source): Promise<Staff | FaultyFile> => {
  const staff: Staff = [];
  const examinees: RosterPerson[] = [];
  const rows = new Map<string, number>();
  const addPeople: AddPeople = async (people) =>
    people.flatMap((person) => {
      const { row, userId, name, role } = person;
      const earlier = rows.get(userId);
      if (earlier !== undefined) return [{ person, earlier }];
      rows.set(userId, row);
      if (role === "examinee") examinees.push(person);
      else if (role !== null && name !== null) staff.push({ userId, name, role });
      return [];
    });
  const { faults, columns } = await readFile(
    { source },
    { findRoom: noRoom, addPeople, emptyRole: "teacher" },
  );
  // Collected separately, so that the first hundred errors of all kinds are reported in the order of the rows.
  const roles = createFaults();
  for (const { row, userId, name } of examinees)
    roles.add({
      row,
      column: columns.title("role"),
      cell: columns.cell("role"),
      value: shownCell("examinee"),
      person: shownCell(name ?? userId),
      code: "unknown_role",
      reason: "must be a teacher or an inspector",
    });
  return faults.count + roles.count > 0 ? mergeFaults(faults, roles) : staff;
};
