import { DateTime } from "luxon";
import { invalidInput } from "../platform/errors.js";

/** How to interpret a time that was entered. */
export interface TimeOptions {
  /** The option of the time, for error messages: `--start`. */
  readonly option: string;
  /** The time zone of times without an offset. */
  readonly timeZone: string;
  readonly now: Date;
  /** A time on the day of a time without a date (`11:30`). Without it, such a time is refused. */
  readonly day?: Date | undefined;
  /** Whether the time selects what has happened. A day alone then means its beginning. */
  readonly past?: true;
}

const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?\s*(Z|[+-]\d{2}:?\d{2})$/i;
const LOCAL =
  /^(?:(\d{4})-(\d{2})-(\d{2})[T ]|(yesterday|today|tomorrow)\s+)?([01]?\d|2[0-3]):(\d{2})(?::(\d{2}))?$/i;

const DAY = /^(?:\d{4}-\d{2}-\d{2}|yesterday|today|tomorrow)$/i;
const DAYS_AFTER = new Map([
  ["yesterday", -1],
  ["today", 0],
  ["tomorrow", 1],
]);

/** Returns the day of a word, seen from a time. */
const dayOf = (word: string, from: Date, zone: string): DateTime =>
  DateTime.fromJSDate(from, { zone }).plus({ days: DAYS_AFTER.get(word.toLowerCase()) ?? 0 });

/** Parses a local date and time. Undefined if the text has another format. */
const localFields = (text: string, { timeZone, now, day, past }: TimeOptions) => {
  const [match, year, month, date, word, hour, minute, second = "0"] = LOCAL.exec(text) ?? [];
  if (match === undefined || (word?.toLowerCase() === "yesterday" && !past)) return undefined;
  const time = { hour: Number(hour), minute: Number(minute), second: Number(second) };
  if (year !== undefined) return { year: Number(year), month: Number(month), day: Number(date), ...time };
  const from = word === undefined ? day : now;
  if (!from) return undefined;
  const named = dayOf(word ?? "today", from, timeZone);
  return { year: named.year, month: named.month, day: named.day, ...time };
};

/**
 * Parses a time: ISO 8601 with an offset, or in the time zone `2026-06-07 09:00` with optional seconds,
 * `yesterday 09:00`, `today 09:00`, `tomorrow 09:00`, and `11:30` if the day is known. What selects the past may be a day alone.
 * @throws INVALID_INPUT also for a time that does not exist or occurs twice because of a clock change
 */
export const parseTime = (typed: string, reader: TimeOptions): Date => {
  const { option, timeZone, now, day, past } = reader;
  const text = typed.trim();
  const refused = (what: string) => invalidInput(option, what);
  const words = past ? "yesterday, 'today 09:00'" : `'tomorrow 09:00'${day ? ", '11:30'" : ""}`;
  const unreadable = refused(
    `must be a time like '2026-06-07 09:00', ${words} or 2026-06-07T09:00:00+08:00, not '${text}'`,
  );

  if (WITH_OFFSET.test(text)) {
    const time = DateTime.fromISO(text.replace(/(\d)\s{1,10}([Z+-])/i, "$1$2").replace(" ", "T"), {
      setZone: true,
    });
    if (!time.isValid) throw unreadable;
    return time.toJSDate();
  }
  if (past && DAY.test(text)) {
    const named = /^\d/.test(text) ? DateTime.fromISO(text, { zone: timeZone }) : dayOf(text, now, timeZone);
    if (!named.isValid) throw unreadable;
    return named.startOf("day").toJSDate();
  }
  const fields = localFields(text, reader);
  if (!fields) throw unreadable;
  const time = DateTime.fromObject(fields, { zone: timeZone });
  if (!time.isValid) throw unreadable;
  // For a time that a clock change skips, luxon returns another time.
  if (time.day !== fields.day || time.hour !== fields.hour || time.minute !== fields.minute)
    throw refused(`'${text}' does not exist in ${timeZone}: the clocks are set forward then`);
  const both = time.getPossibleOffsets();
  if (both.length > 1)
    throw refused(
      `'${text}' occurs twice in ${timeZone}, because the clocks are set back then: specify ${both
        .map((one) => one.toISO({ suppressMilliseconds: true }))
        .join(" or ")}`,
    );
  return time.toJSDate();
};

/** Formats times in a time zone. */
export const timeFormatter =
  (zone: string) =>
  (time: Date, format = "yyyy-MM-dd HH:mm"): string =>
    DateTime.fromJSDate(time, { zone }).toFormat(format);
export type TimeFormatter = ReturnType<typeof timeFormatter>;

/** Formats a time for people: the local time, and the instant in UTC. */
export const formatTime = (time: Date, timeZone: string): string => {
  const local = DateTime.fromJSDate(time, { zone: timeZone });
  const format = local.second === 0 ? "yyyy-MM-dd HH:mm" : "yyyy-MM-dd HH:mm:ss";
  const instant = time.toISOString().replace(".000Z", "Z");
  return `${local.toFormat(format)} ${timeZone} (${instant})`;
};
