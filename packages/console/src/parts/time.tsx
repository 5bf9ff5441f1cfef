import { use } from "react";
import { useFormatter, useTimeZone, useTranslations } from "use-intl";
import { useNow } from "./clock.js";
import { ZoneContext } from "./texts.js";

/** The zone in which the page shows times: the exam's, or the installation's. */
export const useZone = (): string => {
  const intl = useTimeZone();
  return use(ZoneContext) ?? intl ?? "UTC";
};

const dayIn = (timeZone: string, value: Date | number) =>
  new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" }).format(value);

/**
 * A time in the exam's zone, with tabular figures. The day stands before it unless it is today. The tooltip has the whole of it with its
 * zone.
 *
 * @param seconds - whether to show seconds. Default: true
 * @param relative - whether to say beside it how long ago or ahead it is
 */
export function Time({
  value,
  seconds = true,
  relative = false,
}: {
  value: Date | undefined;
  seconds?: boolean;
  relative?: boolean;
}) {
  const t = useTranslations("common.time");
  const format = useFormatter();
  const timeZone = useZone();
  const now = useNow("minute");
  if (!value) return <span>{t("unknown")}</span>;
  const clock = format.dateTime(value, {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(seconds && { second: "2-digit" }),
  });
  const isToday = dayIn(timeZone, value) === dayIn(timeZone, now);
  const isThisYear = dayIn(timeZone, value).slice(0, 4) === dayIn(timeZone, now).slice(0, 4);
  const day = format.dateTime(value, {
    timeZone,
    month: "short",
    day: "numeric",
    ...(!isThisYear && { year: "numeric" }),
  });
  const whole = format.dateTime(value, { timeZone, dateStyle: "full", timeStyle: "long", hourCycle: "h23" });
  return (
    <time dateTime={value.toISOString()} title={whole}>
      {isToday ? clock : `${day} ${clock}`}
      {relative && ` · ${format.relativeTime(value, now)}`}
    </time>
  );
}
