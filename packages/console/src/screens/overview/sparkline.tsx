import { useFormatter, useTranslations } from "use-intl";
import styles from "./overview.module.css";

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

/** What a number was in each minute, the last one at the time that is given. */
export function Sparkline({
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
