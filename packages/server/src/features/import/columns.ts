import type { ParticipantRole } from "@invigil/schema";
import { quoted } from "./quoted.js";

/** What a roster says about a person. */
export type Field = "id" | "name" | "room" | "role" | "extraMinutes";

const FIELDS: Readonly<Record<Field, readonly string[]>> = {
  id: ["学号", "考号", "准考证号", "id", "user id", "student id"],
  name: ["姓名", "name"],
  room: ["考场", "考场号", "room"],
  role: ["角色", "role"],
  extraMinutes: ["加时", "加时(分钟)", "extra minutes", "extra"],
};
const ROLES: Readonly<Record<ParticipantRole, readonly string[]>> = {
  examinee: ["考生", "学生", "examinee", "candidate", "student"],
  teacher: ["老师", "教师", "监考", "监考员", "teacher", "invigilator"],
  inspector: ["巡考", "督导", "inspector"],
};

/** Full-width forms as the plain ones, small letters, single spaces. */
const folded = (text: string): string => text.normalize("NFKC").trim().toLowerCase().replace(/\s+/g, " ");

const finderOf = <Key extends string>(names: Readonly<Record<Key, readonly string[]>>) => {
  // Safe: the keys are those of the record.
  const keys = Object.keys(names) as Key[];
  const known = new Map(keys.flatMap((key) => names[key].map((name) => [name, key] as const)));
  return (text: string): Key | undefined => known.get(folded(text));
};
const fieldOf = finderOf(FIELDS);
/** The role that a text means, in Chinese or English. */
export const roleOf = finderOf(ROLES);

/** Where the columns are. */
export interface Columns {
  /** From 0. */
  readonly at: Readonly<Partial<Record<Field, number>>>;
  /** How many columns have a header. */
  readonly width: number;
  /** A column's header as it stands in the file; a column that is not there is its person's id. */
  title(field: Field): string;
}

/** The columns that a header names, or what is wrong with it. */
export const columnsOf = (header: readonly string[]): Columns | { faults: string[] } => {
  const at: Partial<Record<Field, number>> = {};
  const faults: string[] = [];
  const titleAt = (index: number) => header[index]?.trim() ?? "";
  header.forEach((cell, index) => {
    const field = fieldOf(cell);
    if (field === undefined) return;
    const first = at[field];
    if (first === undefined) at[field] = index;
    else
      faults.push(
        `has two columns for the same thing: ${quoted(titleAt(first))} and ${quoted(titleAt(index))}`,
      );
  });
  for (const field of ["id", "name"] as const)
    if (at[field] === undefined)
      faults.push(`has no column for the ${field}: its header must be one of ${FIELDS[field].join(", ")}`);
  if (faults.length > 0) return { faults };
  return {
    at,
    width: header.findLastIndex((cell) => cell.trim() !== "") + 1,
    title: (field) => titleAt(at[field] ?? at.id ?? 0),
  };
};
