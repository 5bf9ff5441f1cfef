import { useTranslations } from "use-intl";
import { useNow } from "../../parts/clock.js";
import { Mark } from "../../parts/state-mark.js";
import { useDuration } from "./duration.js";
import styles from "./exams.module.css";
import { phaseOf } from "./phase.js";

const MARKS = { running: "publishing", upcoming: "expected", past: "ended" } as const;
const DAY_MS = 86_400_000;

/** Whether an exam runs, comes or is over, and for how long. */
export function PhaseMark({ exam }: { exam: { readonly startTime: Date; readonly endTime: Date } }) {
  const t = useTranslations("exams");
  const duration = useDuration();
  const now = useNow("minute");
  const phase = phaseOf(exam, now);
  const ahead = exam.startTime.getTime() - now;
  return (
    <span className={styles.phase}>
      <Mark state={MARKS[phase]} tone={phase === "running" ? "blue" : phase === "past" ? "grey" : "quiet"} />
      <span>
        {t(`phase.${phase}`)}
        {phase === "running" && (
          <span className={styles.more}>, {t("left", { time: duration(exam.endTime.getTime() - now) })}</span>
        )}
        {phase === "upcoming" && ahead < 7 * DAY_MS && (
          <span className={styles.more}>, {t("startsIn", { time: duration(ahead) })}</span>
        )}
      </span>
    </span>
  );
}
