import { type ReactNode, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import styles from "./empty.module.css";

/** Stands in place of an empty list: it says what would be there, and what to do for it. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={styles.empty}>
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
      {action}
    </div>
  );
}

/** Grey lines where rows will be. They come only if the wait is long enough to be seen. */
export function Skeleton({ rows = 8 }: { rows?: number }) {
  const t = useTranslations("common.table");
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLate(true), 200);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={styles.skeleton} role="status" aria-label={t("loading")}>
      {isLate &&
        Array.from({ length: rows }, (_, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all the same.
          <div key={row} className={styles.line}>
            <span className={styles.bar} style={{ width: `${14 + ((row * 7) % 9)}%` }} />
            <span className={styles.bar} style={{ width: `${8 + ((row * 5) % 6)}%` }} />
            <span className={styles.bar} style={{ width: `${18 + ((row * 3) % 11)}%` }} />
          </div>
        ))}
    </div>
  );
}
