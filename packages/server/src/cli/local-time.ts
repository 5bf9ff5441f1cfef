import { DateTime } from "luxon";

/** Writes instants as the people of a time zone read them. */
export const localTime =
  (zone: string) =>
  (time: Date, format = "yyyy-MM-dd HH:mm"): string =>
    DateTime.fromJSDate(time, { zone }).toFormat(format);
export type LocalTime = ReturnType<typeof localTime>;
