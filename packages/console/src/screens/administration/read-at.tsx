import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import { Time } from "../../parts/time.js";
import styles from "./administration.module.css";

/** When a list was read, which does not change by itself, and a button that reads it again. */
export function ReadAt({
  at,
  isReading,
  onRead,
}: {
  /** In milliseconds since 1970. 0: never. */
  at: number;
  isReading: boolean;
  onRead: () => void;
}) {
  const t = useTranslations("administration");
  return (
    <span className={styles.readAt}>
      {at > 0 && (
        <span className={styles.readText}>
          {t.rich("readAt", { time: () => <Time value={new Date(at)} /> })}
        </span>
      )}
      <Button variant="default" loading={isReading} onClick={onRead}>
        {t("readAgain")}
      </Button>
    </span>
  );
}
