import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import { Empty } from "../../parts/empty.js";
import styles from "./administration.module.css";

/** What stands in place of rows that filters hide. */
export function NoMatch({ hidden, onClear }: { hidden: number; onClear: () => void }) {
  const t = useTranslations("common.filter");
  return (
    <Empty
      title={t("noMatchTitle")}
      action={
        <Button variant="default" onClick={onClear}>
          {t("clear")}
        </Button>
      }
    >
      {hidden > 0 && t("noMatch", { count: hidden })}
    </Empty>
  );
}

/** A button that reads further rows, if there are any. */
export function MoreRows({
  hasMore,
  isReading,
  onMore,
}: {
  hasMore: boolean;
  isReading: boolean;
  onMore: () => void;
}) {
  const t = useTranslations("administration");
  return (
    hasMore && (
      <div className={styles.more}>
        <Button variant="subtle" loading={isReading} onClick={onMore}>
          {t("more")}
        </Button>
      </div>
    )
  );
}
