import type { PlanExamInput } from "@invigil/schema";
import type { Source } from "../../sheets/source.js";
import { type FaultyFile, together } from "./faults.js";
import { readFile, type Stage } from "./read.js";

export type Staff = PlanExamInput["teachers"];

/**
 * The teachers and inspectors of a file with a roster's columns; an empty role is a teacher's. Rooms may not be named:
 * a plan gives them.
 * @throws INVALID_INPUT for a file that is none
 */
export const readStaff = async (source: Source): Promise<Staff | FaultyFile> => {
  const staff: Staff = [];
  const examinees: number[] = [];
  const rows = new Map<string, number>();
  const stage: Stage = async (people) =>
    people.flatMap(({ row, userId, name, role }) => {
      const earlier = rows.get(userId);
      if (earlier !== undefined) return [{ row, earlier }];
      rows.set(userId, row);
      if (role === "examinee") examinees.push(row);
      else if (role !== null && name !== null) staff.push({ userId, name, role });
      return [];
    });
  const scope = { rooms: [], room: undefined, whole: true };
  const { faults, columns } = await readFile({ source }, { scope, stage, emptyRole: "teacher" });
  for (const row of examinees)
    faults.add({ row, column: columns.title("role"), reason: "must be a teacher or an inspector" });
  return faults.count > 0 ? together(faults) : staff;
};
