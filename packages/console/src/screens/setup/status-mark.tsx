import { useTranslations } from "use-intl";
import { Mark } from "../../components/state-mark.js";
import styles from "./setup.module.css";

/** Whether something is ready, by mark, word and colour. */
export function StatusMark({ status }: { status: "missing" | "attention" | "ok" | undefined }) {
  const t = useTranslations("setup.status");
  if (!status) return <span className={styles.mark} />;
  return (
    <span className={styles.mark} role="img" aria-label={t(status)}>
      {status === "ok" ? (
        <Mark state="publishing" tone="quiet" />
      ) : (
        <Mark
          state={status === "missing" ? "expected" : "idle"}
          tone={status === "missing" ? "red" : "amber"}
        />
      )}
    </span>
  );
}
