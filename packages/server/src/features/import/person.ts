import {
  extraMinutesSchema,
  newPersonSchema,
  type ParticipantRole,
  type RosterFaultCode,
} from "@invigil/schema";
import type { z } from "zod";
import { quoted } from "../../files/sheets/quoted.js";
import type { Row } from "../../files/sheets/rows.js";
import { halfWidth, minutesIn } from "./cells.js";
import { type Columns, type Field, roleOf } from "./columns.js";
import type { RoomFinder } from "./rooms.js";

/** A row of a roster. A field is undefined when its cell is empty or invalid. */
export interface ReadPerson {
  readonly userId: string | undefined;
  readonly name: string | undefined;
  readonly role: ParticipantRole | undefined;
  readonly extraMinutes: number | undefined;
  readonly roomId: string | undefined;
}

export interface RowReader {
  readonly columns: Columns;
  readonly findRoom: RoomFinder;
  /** The role of people whose role cell is empty. */
  readonly emptyRole: ParticipantRole;
}

/** @param detail see `RosterFault` */
export type Report = (
  field: Field | { column: number },
  code: RosterFaultCode,
  reason: string,
  detail?: string,
) => void;

const FIELDS: readonly Field[] = ["id", "name", "room", "role", "extraMinutes"];
const NONE: ReadonlySet<Field> = new Set();
/** The fault of a cell that its schema refuses. */
const INVALID = {
  id: "invalid_id",
  name: "invalid_name",
  extraMinutes: "invalid_minutes",
} as const satisfies Partial<Record<Field, RosterFaultCode>>;

/** A number that the spreadsheet has rounded. No id contains a `+`, but `5E12` may be an id. */
const SHORTENED = /^-?\d{1,3}(\.\d{1,20})?E\+\d{1,3}$/i;
/** A whole number shown with decimals: as an id, it would differ from the intended one. */
const DECIMALS = /^\d{1,20}\.0{1,20}$/;
/** A boolean of the spreadsheet. */
const BOOLEAN = /^(TRUE|FALSE)$/;

/** Returns why a cell cannot be an id that a person typed. The schema does not know about spreadsheets. */
const reasonAgainstId = (cell: string): [code: RosterFaultCode, reason: string] | undefined => {
  if (SHORTENED.test(cell))
    return ["lost_digits", "is a number whose last digits the spreadsheet has lost: make the column text"];
  if (DECIMALS.test(cell))
    return ["not_text", "is a number that is shown with decimals: make the column text"];
  return BOOLEAN.test(cell)
    ? ["not_text", "is a truth value of the spreadsheet: make the column text"]
    : undefined;
};

/** Reads a row of the file and reports every error in it. */
export const readPerson = (
  { cells, ambiguities }: Pick<Row, "cells" | "ambiguities">,
  { columns, findRoom, emptyRole }: RowReader,
  report: Report,
): ReadPerson => {
  const raw = (field: Field): string => {
    const at = columns.at[field];
    return at === undefined ? "" : (cells[at]?.trim() ?? "");
  };
  /** Identifies the row's person in a message. */
  const personLabel = (value: string) => ` (${quoted(value)}, of ${quoted(raw("name"))})`;
  /** Reports a cell whose displayed value is ambiguous. */
  const isAmbiguous = (field: Field): boolean => {
    const at = columns.at[field];
    const ambiguity = at === undefined ? undefined : ambiguities?.get(at);
    if (ambiguity !== undefined) report(field, "ambiguous", `${ambiguity}${personLabel(raw(field))}`);
    return ambiguity !== undefined;
  };
  const ambiguous = ambiguities ? new Set(FIELDS.filter(isAmbiguous)) : NONE;
  const cell = (field: Field): string => (ambiguous.has(field) ? "" : raw(field));
  const parsed = <T>(field: keyof typeof INVALID, schema: z.ZodType<T>, value: string): T | undefined => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const { message } of result.error.issues) report(field, INVALID[field], message);
    return undefined;
  };
  const required = <T>(field: keyof typeof INVALID, schema: z.ZodType<T>, value: string): T | undefined => {
    if (value !== "") return parsed(field, schema, value);
    if (!ambiguous.has(field)) report(field, "missing", "is missing");
    return undefined;
  };
  const id = (): string | undefined => {
    const value = halfWidth(cell("id"));
    const [code, reason] = reasonAgainstId(value) ?? [];
    if (code === undefined) return required("id", newPersonSchema.shape.userId, value);
    report("id", code, `${reason}${personLabel(value)}`);
    return undefined;
  };
  const role = (): ParticipantRole | undefined => {
    const value = cell("role");
    if (ambiguous.has("role")) return undefined;
    const found = value === "" ? emptyRole : roleOf(value);
    if (!found)
      report(
        "role",
        "unknown_role",
        `${quoted(value)} is none of 考生 (examinee), 老师 (teacher) and 巡考 (inspector)`,
      );
    return found;
  };
  const extraMinutes = (forRole: ParticipantRole | undefined): number | undefined => {
    const value = minutesIn(cell("extraMinutes"));
    const minutes = value === "" ? undefined : parsed("extraMinutes", extraMinutesSchema, value);
    if (minutes && forRole && forRole !== "examinee")
      report("extraMinutes", "minutes_of_staff", `is for examinees, not for a person who is ${forRole}`);
    return minutes;
  };
  const beyond = cells.findIndex((value, index) => index >= columns.width && value.trim() !== "");
  if (beyond >= 0) report({ column: beyond + 1 }, "no_header", "has content but no header");

  const userId = id();
  const name = required("name", newPersonSchema.shape.name, cell("name"));
  const readRole = role();
  return {
    userId,
    name,
    role: readRole,
    extraMinutes: extraMinutes(readRole),
    roomId: findRoom(cell("room"), (...why) => report("room", ...why)),
  };
};
