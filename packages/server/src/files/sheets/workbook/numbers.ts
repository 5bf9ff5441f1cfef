import { dateFromSerial, format, isDateFormat } from "numfmt";
import { quoted } from "../quoted.js";
import { MAX_FORMAT_CHARACTERS } from "./limits.js";

/** The displayed text of a cell with a number, and the reason if it is ambiguous. */
export interface DisplayedNumber {
  readonly text: string;
  readonly ambiguity?: string;
}

const GENERAL = "General";
const DATE = "yyyy/mm/dd";

/** The built-in formats, which workbooks reference by number. Source: ECMA-376 part 1, 18.8.30. */
const BUILT_IN: Readonly<Record<number, string>> = {
  0: GENERAL,
  1: "0",
  2: "0.00",
  3: "#,##0",
  4: "#,##0.00",
  9: "0%",
  10: "0.00%",
  11: "0.00E+00",
  12: "# ?/?",
  13: "# ??/??",
  37: "#,##0;(#,##0)",
  38: "#,##0;(#,##0)",
  39: "#,##0.00;(#,##0.00)",
  40: "#,##0.00;(#,##0.00)",
  48: "##0.0E+0",
  49: "@",
};
const isBuiltInDate = (id: number): boolean =>
  (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);

/** The pattern of a built-in number format. */
export const builtInFormat = (id: number): string => BUILT_IN[id] ?? (isBuiltInDate(id) ? DATE : GENERAL);

/** Spreadsheet programs store numbers with 15 digits. */
const EXACT = 1e15;
/**
 * Formats a number without a format. A number that spreadsheet programs cannot store exactly is shown as in
 * the sheet (`3.3E+17`). That is not a valid id, so no person gets a wrong one.
 */
const plainText = (value: number): string => {
  if (Math.abs(value) >= EXACT) return value.toExponential().replace("e", "E");
  const rounded = Number(value.toPrecision(15));
  // Rounding removes the error of 0.30000000000000004, but must not produce a whole number, which could be an
  // id.
  const exact = Number.isInteger(rounded) ? value : rounded;
  return String(exact).replace("e", "E");
};

/** The value of the last displayed digit of a number. */
const stepOf = (text: string): number => {
  if (text.includes("E")) return Math.abs(Number(text));
  const point = text.indexOf(".");
  return point < 0 ? 1 : 10 ** (point + 1 - text.length);
};

const DAYS_FROM_1900_TO_1904 = 1462;
const dateText = (value: number, from1904: boolean): string => {
  const day = dateFromSerial(from1904 ? value + DAYS_FROM_1900_TO_1904 : value);
  if (!day) return "";
  const [year, month, date] = day;
  if (year === undefined || month === undefined || date === undefined) return "";
  return `${year}/${String(month).padStart(2, "0")}/${String(date).padStart(2, "0")}`;
};

/**
 * Why a date is ambiguous: the cell may have been typed as something else, or depends on the reader's
 * language.
 */
export const dateAmbiguity = (text: string): string =>
  `is a date of the spreadsheet (${text}): format the column as text`;
const UNKNOWN_FORMAT = "has a number format that cannot be read: format the column as text";

/**
 * How a pattern is displayed: as a plain number, as a date, as a whole number with leading zeros, or by the
 * library.
 */
type Kind = "general" | "date" | "zeros" | "pattern" | "unknown";

const kindOf = (pattern: string): Kind => {
  if (pattern.length > MAX_FORMAT_CHARACTERS) return "unknown";
  const plainName = pattern.trim().toLowerCase();
  if (plainName === "" || plainName === "@" || plainName === "general" || plainName === "g/通用格式")
    return "general";
  try {
    if (isDateFormat(pattern)) return "date";
    format(pattern, 1);
  } catch {
    return "unknown";
  }
  return /^0+$/.test(pattern) ? "zeros" : "pattern";
};

/** Formats numbers as the workbook displays them. It caches the kind of each pattern. */
export const createNumberFormatter = ({ from1904 }: { from1904: boolean }) => {
  const kinds = new Map<string, Kind>();
  const cachedKindOf = (pattern: string): Kind => {
    const known = kinds.get(pattern) ?? kindOf(pattern);
    kinds.set(pattern, known);
    return known;
  };

  const formatWithPattern = (value: number, pattern: string): DisplayedNumber => {
    const held = plainText(value);
    const number = Number(held);
    const step = stepOf(held);
    const text = format(pattern, number).trim();
    // If a neighboring number is displayed with the same text, the text does not identify the number.
    const isShared = [number - step, number + step].some((next) => format(pattern, next).trim() === text);
    return isShared
      ? { text, ambiguity: `shows ${quoted(text)} but contains ${held}: format the column as text` }
      : { text };
  };

  return (value: number, pattern: string): DisplayedNumber => {
    const kind = cachedKindOf(pattern);
    if (kind === "date") {
      const text = dateText(value, from1904);
      return { text, ambiguity: dateAmbiguity(text) };
    }
    if (kind === "general" || Math.abs(value) >= EXACT) return { text: plainText(value) };
    if (kind === "unknown") return { text: plainText(value), ambiguity: UNKNOWN_FORMAT };
    if (kind === "zeros" && Number.isInteger(value) && value >= 0)
      return { text: String(value).padStart(pattern.length, "0") };
    try {
      return formatWithPattern(value, pattern);
    } catch {
      return { text: plainText(value), ambiguity: UNKNOWN_FORMAT };
    }
  };
};
export type FormatNumber = ReturnType<typeof createNumberFormatter>;
