import { Button } from "@mantine/core";
import { type ReactNode, useCallback, useState } from "react";
import { useTranslations } from "use-intl";
import { Skeleton } from "../../components/empty.js";
import { ErrorNote } from "../../components/error-note.js";
import { type Pages, useFirstPages } from "../../components/first-pages.js";
import { Time } from "../../components/time.js";
import styles from "./administration.module.css";

/**
 * How lists of the administration are read: when they are opened, and when the person asks for it. The audit has an entry of each read,
 * so a page that is left open must not repeat it.
 */
export const ON_DEMAND = { staleTime: 5000, refetchOnWindowFocus: false, refetchOnReconnect: false } as const;

/** The state of a query. */
interface Read {
  readonly isFetching: boolean;
  readonly dataUpdatedAt: number;
}

export interface ListQuery extends Pages {
  readonly refetch: () => Promise<unknown>;
}

/** Reads the first pages of a query. */
export const usePages = (
  query: ListQuery,
  most = 50,
): {
  readonly refresh: () => Promise<void>;
  /** Another number after each `refresh`: what the person did themselves is shown even under their pointer. */
  readonly revision: number;
} => {
  useFirstPages(query, most);
  const { refetch } = query;
  const [revision, setRevision] = useState(0);
  const refresh = useCallback(async () => {
    await refetch();
    setRevision((before) => before + 1);
  }, [refetch]);
  return { refresh, revision };
};

/** When a list was read, which does not change by itself, and a button that reads it again. */
export function ReadAt({
  query: { dataUpdatedAt, isFetching },
  onRead,
}: {
  query: Read;
  onRead: () => Promise<unknown>;
}) {
  const t = useTranslations("administration");
  return (
    <span className={styles.readAt}>
      {dataUpdatedAt > 0 && (
        <span className={styles.readText}>
          {t.rich("readAt", { time: () => <Time value={new Date(dataUpdatedAt)} /> })}
        </span>
      )}
      <Button variant="default" loading={isFetching} onClick={() => void onRead()}>
        {t("readAgain")}
      </Button>
    </span>
  );
}

/** The rows that a query has read, with its filters; or why it could not be read, or that it is being read. */
export function Listed({
  query: { data, error, refetch, hasNextPage, isFetching, fetchNextPage },
  filters,
  children,
}: {
  query: ListQuery;
  filters?: ReactNode;
  children: ReactNode;
}) {
  const t = useTranslations("administration");
  const failure = Boolean(error) && <ErrorNote error={error} onRetry={() => void refetch()} />;
  if (!data) return failure || <Skeleton />;
  return (
    <>
      {filters}
      {failure}
      {children}
      {hasNextPage && (
        <div className={styles.more}>
          <Button variant="subtle" loading={isFetching} onClick={() => void fetchNextPage()}>
            {t("more")}
          </Button>
        </div>
      )}
    </>
  );
}
