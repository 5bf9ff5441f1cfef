import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { useNow } from "../../components/clock.js";
import { useLength } from "../../components/duration.js";
import { Mark } from "../../components/state-mark.js";
import styles from "./exams.module.css";
import { phaseOf } from "./phase.js";

const MARKS = { running: "publishing", upcoming: "expected", past: "ended" } as const;
const more = (words: ReactNode) => <span className={styles.more}>{words}</span>;
const DAY_MS = 86_400_000;

/** Whether an exam runs, comes or is over, and for how long. */
export function PhaseMark({ exam }: { exam: { readonly startTime: Date; readonly endTime: Date } }) {
  const t = useTranslations("exams");
  const duration = useLength();
  const now = useNow("minute");
  const phase = phaseOf(exam, now);
  const ahead = exam.startTime.getTime() - now;
  return (
    <span className={styles.phase}>
      <Mark state={MARKS[phase]} tone={phase === "running" ? "blue" : phase === "past" ? "grey" : "quiet"} />
      <span>
        {phase === "running"
          ? t.rich("runningFor", { time: duration(exam.endTime.getTime() - now), more })
          : phase === "upcoming" && ahead < 7 * DAY_MS
            ? t.rich("startsIn", { time: duration(ahead), more })
            : t(`phase.${phase}`)}
      </span>
    </span>
  );
}
