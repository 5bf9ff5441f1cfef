import type { Attempt, Sitting } from "@invigil/client";
import { useTranslations } from "use-intl";
import styles from "./during/during.module.css";
import { useReason } from "./reason.js";

/** Says that the exam of the person is paused, also before they have entered it. */
export function Paused({
  sitting: { decision },
  attempt,
  text,
}: {
  sitting: Sitting;
  attempt: Attempt;
  text: "text" | "before";
}) {
  const t = useTranslations("paused");
  const reasonOf = useReason();
  const reason = decision?.kind === "pause" ? reasonOf(decision) : undefined;
  return (
    <section className={styles.paused} role="alert">
      <h2>{t("title")}</h2>
      <p>{t(text)}</p>
      <p>{t(attempt.givesBack ? "givesBack" : "givesNothing")}</p>
      {reason && <p>{reason}</p>}
    </section>
  );
}
