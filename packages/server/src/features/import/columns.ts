import {
  COLUMN_TITLE_LENGTH,
  type ColumnMeaning,
  type ParticipantRole,
  type RosterField,
} from "@invigil/schema";
import { quoted } from "../../files/sheets/quoted.js";
import type { Row } from "../../files/sheets/rows.js";
import { invalidInput } from "../../platform/errors.js";

/** A field of a person in a roster. */
export type Field = RosterField;

/** What callers say that columns contain. */
export type Meanings = readonly ColumnMeaning[];

/**
 * The known headers of a field. The primary ones always identify the field. The others do so only in a file
 * without a primary one, because many lists use them for something else: a list of pupils has their 学号 beside
 * their teacher's 工号.
 */
interface HeaderNames {
  readonly first: readonly string[];
  readonly others: readonly string[];
}

const FIELDS: Readonly<Record<Field, HeaderNames>> = {
  id: {
    first: ["学号", "考号", "准考证号", "id", "user id", "student id"],
    others: [
      "工号",
      "职工号",
      "教工号",
      "员工号",
      "教师工号",
      "教师编号",
      "教职工号",
      "职工编号",
      "员工编号",
      "监考编号",
      "准考证",
      "准考证号码",
      "考生号",
      "考生编号",
      "考生考号",
      "学生学号",
      "学籍号",
      "报名号",
      "报名序号",
      "用户ID",
      "candidate id",
      "candidate number",
      "candidate no",
      "student number",
      "student no",
      "exam number",
      "admission number",
      "admission no",
      "registration number",
      "registration no",
      "matriculation number",
      "staff id",
      "staff number",
      "staff no",
      "employee id",
      "employee number",
      "employee no",
      "teacher id",
    ],
  },
  name: {
    first: ["姓名", "name"],
    others: [
      "名字",
      "考生姓名",
      "学生姓名",
      "教师姓名",
      "老师姓名",
      "监考姓名",
      "监考员姓名",
      "职工姓名",
      "员工姓名",
      "full name",
      "student name",
      "candidate name",
      "teacher name",
      "staff name",
      "employee name",
    ],
  },
  room: {
    first: ["考场", "考场号", "room"],
    others: ["考场名称", "考场编号", "考室", "试室", "exam room", "room name", "room id", "exam hall"],
  },
  role: { first: ["角色", "role"], others: ["人员角色", "user role"] },
  extraMinutes: {
    first: ["加时", "加时分钟", "extra minutes", "extra"],
    others: ["延时", "延长时间", "extra time", "additional minutes", "additional time"],
  },
};
const ROLES: Readonly<Record<ParticipantRole, readonly string[]>> = {
  examinee: ["考生", "学生", "examinee", "candidate", "student"],
  teacher: ["老师", "教师", "监考", "监考员", "监考老师", "监考教师", "teacher", "invigilator", "proctor"],
  inspector: ["巡考", "巡考员", "督导", "inspector"],
};

/** Suffixes that forms add to a header: `姓名（必填）`, `加时(分钟)`. */
const ADDED = new Set([
  "必填",
  "必填项",
  "选填",
  "可选",
  "分钟",
  "文本",
  "required",
  "optional",
  "minutes",
  "min",
  "text",
]);
/** Longer than any known header with its suffixes. */
const LONGEST_HEADER = 100;
const BETWEEN = /[\s_.:*、-]/g;

/**
 * Normalizes a text to its lowercase letters and digits, so that `姓 名` equals `*姓名：` and `studentId` equals
 * `Student-ID`.
 */
const normalized = (text: string): string => {
  if (text.length > LONGEST_HEADER) return text;
  const plain = text.normalize("NFKC").toLowerCase().replace(BETWEEN, "");
  const opened = plain.lastIndexOf("(");
  const isAdded = opened > 0 && plain.endsWith(")") && ADDED.has(plain.slice(opened + 1, -1));
  return isAdded ? plain.slice(0, opened) : plain;
};

const finderOf = <Key extends string>(names: readonly (readonly [key: Key, names: readonly string[]])[]) => {
  const keys = new Map(names.flatMap(([key, some]) => some.map((name) => [normalized(name), key] as const)));
  return (text: string): Key | undefined => keys.get(normalized(text));
};
// Safe: the keys are those of the records.
const FIELD_NAMES = Object.entries(FIELDS) as [Field, HeaderNames][];
const ROLE_NAMES = Object.entries(ROLES) as [ParticipantRole, readonly string[]][];
const firstFieldOf = finderOf(FIELD_NAMES.map(([field, { first }]) => [field, first] as const));
const otherFieldOf = finderOf(FIELD_NAMES.map(([field, { others }]) => [field, others] as const));
/** Returns the role that a text names, in Chinese or English. */
export const roleOf = finderOf(ROLE_NAMES);

/** The part of a title that is compared and listed. */
const titleOf = (cell = ""): string => cell.trim().slice(0, COLUMN_TITLE_LENGTH);

/** The indexes of the columns with a title: those that have it literally, or else those that are equal once normalized. */
const columnsTitled = (header: readonly string[], title: string): readonly number[] => {
  const indexesWhere = (isSame: (cell: string) => boolean) =>
    header.flatMap((cell, index) => (cell.trim() !== "" && isSame(titleOf(cell)) ? [index] : []));
  const same = indexesWhere((cell) => cell === titleOf(title));
  return same.length > 0 ? same : indexesWhere((cell) => normalized(cell) === normalized(titleOf(title)));
};

/**
 * Checks that no meaning contradicts another.
 * @throws INVALID_INPUT
 */
export const assertMeanings = (meanings: Meanings): void => {
  for (const [index, { column, field }] of meanings.entries())
    for (const earlier of meanings.slice(0, index)) {
      if (earlier.field === field)
        throw invalidInput(
          "columns",
          `has two columns for ${field}: ${quoted(earlier.column)} and ${quoted(column)}`,
        );
      if (normalized(titleOf(earlier.column)) === normalized(titleOf(column)))
        throw invalidInput("columns", `gives ${quoted(column)} two meanings: ${earlier.field} and ${field}`);
    }
};

/**
 * The columns that may hold each field, as indexes from 0. What the caller says goes before what titles mean.
 */
const candidatesIn = (
  header: readonly string[],
  meanings: Meanings,
): Readonly<Record<Field, readonly number[]>> => {
  const said = new Map(meanings.map(({ column, field }) => [field, columnsTitled(header, column)] as const));
  const taken = new Set([...said.values()].flat());
  const none = () => ({ first: [] as number[], others: [] as number[] });
  const found = { id: none(), name: none(), room: none(), role: none(), extraMinutes: none() };
  header.forEach((cell, index) => {
    if (taken.has(index)) return;
    const first = firstFieldOf(cell);
    const other = first ? undefined : otherFieldOf(cell);
    if (first) found[first].first.push(index);
    if (other) found[other].others.push(index);
  });
  const of = (field: Field): readonly number[] => {
    const { first, others } = found[field];
    const given = said.get(field) ?? [];
    if (given.length > 0) return given;
    return first.length > 0 ? first : others;
  };
  return {
    id: of("id"),
    name: of("name"),
    room: of("room"),
    role: of("role"),
    extraMinutes: of("extraMinutes"),
  };
};

/** Counts the fields that a row names if it is read as a header. */
export const fieldsNamed = (cells: readonly string[], meanings: Meanings): number =>
  Object.values(candidatesIn(cells, meanings)).filter(({ length }) => length > 0).length;

/** Whether a row is the header of a roster: it names the two required columns. */
export const isHeader = (cells: readonly string[], meanings: Meanings): boolean => {
  const { id, name } = candidatesIn(cells, meanings);
  return id.length > 0 && name.length > 0;
};

/** The positions of the columns. */
export interface Columns {
  /** Indexes from 0. */
  readonly at: Readonly<Partial<Record<Field, number>>>;
  /** The row of the header. */
  readonly header: Row;
  /** The number of columns with a header. */
  readonly width: number;
  /** The titles of the columns that are not read. */
  readonly unread: readonly string[];
  /**
   * The title of a field's column as written in the file. Without such a column, the title of the id column.
   */
  title(field: Field): string;
  /** The index of the same column. */
  cell(field: Field): number;
}

/** Describes the position of a header, for a reader of the workbook. */
const placeOf = ({ row, sheet }: Row): string => {
  const where = sheet === undefined ? `row ${row}` : `row ${row} of the sheet ${quoted(sheet)}`;
  return ` (${where} was taken for the header)`;
};

/**
 * Returns the columns that a header names, or its errors.
 * @throws INVALID_INPUT for a meaning of a column that is not there
 */
export const columnsOf = (row: Row, meanings: Meanings): Columns | { faults: string[] } => {
  const { cells: header, ambiguities, hidden, sheet } = row;
  const candidates = candidatesIn(header, meanings);
  const at: Partial<Record<Field, number>> = {};
  const faults: string[] = [];
  const place = placeOf(row);
  for (const { column } of meanings) {
    const { length } = columnsTitled(header, column);
    if (length === 0)
      throw invalidInput("columns", `names ${quoted(column)}, which is not in the file${place}`);
    if (length > 1)
      throw invalidInput(
        "columns",
        `names ${quoted(column)}, which is the title of ${length} columns${place}`,
      );
  }
  const report = (fault: string) => faults.push(sheet === undefined ? fault : `${fault}${place}`);
  const titleAt = (index: number) => header[index]?.trim() ?? "";
  if (hidden) report("has a header that is hidden: show its row");
  for (const [field] of FIELD_NAMES) {
    const [first, ...others] = candidates[field];
    if (first === undefined) continue;
    at[field] = first;
    const ambiguity = ambiguities?.get(first);
    if (ambiguity !== undefined) report(`has a header ${quoted(titleAt(first))} that ${ambiguity}`);
    for (const other of others)
      report(`has two columns for the same field: ${quoted(titleAt(first))} and ${quoted(titleAt(other))}`);
  }
  for (const field of ["id", "name"] as const) {
    if (at[field] !== undefined) continue;
    const { first, others } = FIELDS[field];
    const names = [...first, ...others.slice(0, 1)].join(", ");
    faults.push(`has no column for the ${field}: its header must be one of ${names}${place}`);
  }
  if (faults.length > 0) return { faults };
  const cell = (field: Field): number => at[field] ?? at.id ?? 0;
  const read = new Set(Object.values(at));
  return {
    at,
    header: row,
    unread: header.map(titleOf).filter((title, index) => title !== "" && !read.has(index)),
    width: header.findLastIndex((cell) => cell.trim() !== "") + 1,
    title: (field) => titleAt(cell(field)),
    cell,
  };
};
