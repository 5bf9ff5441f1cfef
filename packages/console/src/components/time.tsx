import { use } from "react";
import { useFormatter, useLocale, useTimeZone, useTranslations } from "use-intl";
import { useNow } from "./clock.js";
import { ZoneContext } from "./texts.js";

/** The zone in which the page shows times: the exam's, or the installation's. */
export const useZone = (): string => {
  const intl = useTimeZone();
  return use(ZoneContext) ?? intl ?? "UTC";
};

/** Making a formatter takes much longer than using it, and so does looking for one by its options. A list shows hundreds of times. */
const formats = new Map<string, Intl.DateTimeFormat>();
const formatOf = (
  locale: string,
  timeZone: string,
  parts: "minutes" | "seconds" | "day",
): Intl.DateTimeFormat => {
  const key = `${locale} ${timeZone} ${parts}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, {
      timeZone,
      ...(parts === "day"
        ? { dateStyle: "short" }
        : {
            hour: "2-digit",
            minute: "2-digit",
            hourCycle: "h23",
            ...(parts === "seconds" && { second: "2-digit" }),
          }),
    });
    formats.set(key, format);
  }
  return format;
};
const dayIn = (timeZone: string, value: Date | number): string =>
  formatOf("sv-SE", timeZone, "day").format(value);

/** Writes times of a day in this zone. */
export const useTimeOfDay = (): ((value: Date | number, seconds?: boolean) => string) => {
  const locale = useLocale();
  const timeZone = useZone();
  return (value, seconds = false) =>
    formatOf(locale, timeZone, seconds ? "seconds" : "minutes").format(value);
};

/**
 * A time in the exam's zone, with tabular figures. The day stands before it unless it is today. The tooltip has the whole of it with its
 * zone.
 *
 * @param seconds - whether to show seconds. Default: true
 */
export function Time({ value, seconds = true }: { value: Date | undefined; seconds?: boolean }) {
  const t = useTranslations("common.time");
  const format = useFormatter();
  const timeZone = useZone();
  const timeOfDay = useTimeOfDay();
  const now = useNow("minute");
  if (!value) return <span>{t("unknown")}</span>;
  const clock = timeOfDay(value, seconds);
  const [then, today] = [dayIn(timeZone, value), dayIn(timeZone, now)];
  const day = () =>
    format.dateTime(value, {
      timeZone,
      month: "short",
      day: "numeric",
      ...(then.slice(0, 4) !== today.slice(0, 4) && { year: "numeric" }),
    });
  const whole = () =>
    format.dateTime(value, { timeZone, dateStyle: "full", timeStyle: "long", hourCycle: "h23" });
  return (
    <time
      dateTime={value.toISOString()}
      onPointerEnter={({ currentTarget }) => {
        currentTarget.title = whole();
      }}
    >
      {then === today ? clock : `${day()} ${clock}`}
    </time>
  );
}
