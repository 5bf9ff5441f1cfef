import type { ExamSeries } from "@invigil/client";
import { useInvigil } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { useFormatter, useTranslations } from "use-intl";
import { useNow } from "../../components/clock.js";
import { useTimeOfDay } from "../../components/time.js";
import styles from "./overview.module.css";

const MINUTE_MS = 60_000;
/** How much of the time before the start is shown, in milliseconds. */
const BEFORE_MS = 60 * MINUTE_MS;

/**
 * How many were here and published in each minute, up to now, and how many detections each whole minute brought.
 *
 * @param present - how many are here now
 * @param publishing - how many publish now
 */
export function Series({
  examId,
  since,
  present,
  publishing,
}: {
  examId: string;
  since: Date | undefined;
  present: number;
  publishing: number;
}) {
  const t = useTranslations("overview.series");
  // Once for each of their minutes.
  const { data } = useQuery(
    useInvigil().exam.series.queryOptions({ examId }, { refetchInterval: MINUTE_MS }),
  );
  const timeOfDay = useTimeOfDay();
  const now = useNow("minute");
  const from = since ? since.getTime() - BEFORE_MS : 0;
  const cut = data && later(data, from);
  if (!cut || cut.present.length < 2)
    return (
      <section className={styles.sparklines} aria-label={t("title")}>
        <p className={styles.hint}>{t("empty")}</p>
      </section>
    );
  // The server counts once a minute, which may be another number than the one of now.
  const lastMinute = timeOfDay(cut.start.getTime() + (cut.detections.length - 1) * MINUTE_MS);
  return (
    <section className={styles.sparklines} aria-label={t("title")}>
      <Sparkline name={t("present")} values={[...cut.present, present]} at={timeOfDay(now)} />
      <Sparkline name={t("publishing")} values={[...cut.publishing, publishing]} at={timeOfDay(now)} />
      <Sparkline name={t("detections", { time: lastMinute })} values={cut.detections} at={lastMinute} />
    </section>
  );
}

/** The part of a series from a time on. */
const later = ({ start, present, publishing, detections }: ExamSeries, from: number): ExamSeries => {
  const skip = Math.max(0, Math.ceil((from - start.getTime()) / MINUTE_MS));
  return {
    start: new Date(start.getTime() + skip * MINUTE_MS),
    present: present.slice(skip),
    publishing: publishing.slice(skip),
    detections: detections.slice(skip),
  };
};

const WIDTH = 240;
const HEIGHT = 36;

/** The line of a series, with gaps where nothing was counted. */
const pathOf = (values: readonly (number | null)[], most: number): string => {
  const step = WIDTH / Math.max(1, values.length - 1);
  let isDown = false;
  return values
    .map((value, index) => {
      const point =
        value === null
          ? ""
          : `${isDown ? "L" : "M"}${(index * step).toFixed(1)} ${(HEIGHT - 2 - (value / Math.max(1, most)) * (HEIGHT - 4)).toFixed(1)}`;
      isDown = value !== null;
      return point;
    })
    .join("");
};

/** The number in each minute, the last one at the time that is given. */
function Sparkline({
  name,
  values,
  at: time,
}: {
  name: string;
  values: readonly (number | null)[];
  at: string;
}) {
  const t = useTranslations("overview.series");
  const format = useFormatter();
  const last = values.at(-1) ?? 0;
  const most = Math.max(...values.map((value) => value ?? 0));
  return (
    <figure className={styles.series}>
      <figcaption>
        {name} <strong data-numbers>{format.number(last)}</strong>
      </figcaption>
      <svg
        role="img"
        aria-label={t("summary", { name, last, most, time })}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
      >
        <title>{t("summary", { name, last, most, time })}</title>
        <path d={pathOf(values, most)} vectorEffect="non-scaling-stroke" />
      </svg>
    </figure>
  );
}
