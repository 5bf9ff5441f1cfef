import type { RestorableExam } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import { Empty, Skeleton } from "../../components/empty.js";
import { ErrorNote } from "../../components/error-note.js";
import { matching } from "../../components/matching.js";
import { useNotify } from "../../components/notify.js";
import { type Column, Table } from "../../components/table.js";
import { Time } from "../../components/time.js";
import { useAction } from "../../components/use-action.js";
import type { RestoredExam } from "./dialogs.js";
import styles from "./exams.module.css";

/** The deleted exams, which administrators can restore. */
export function DeletedExams({
  search,
  revision,
  onChanged,
  onRestored,
}: {
  search: string;
  /** Another number with each thing that the person did to the exams. */
  revision: number;
  onChanged: () => Promise<unknown>;
  onRestored: (exam: RestoredExam) => void;
}) {
  const t = useTranslations("exams");
  const invigil = useInvigil();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery(
    invigil.exam.listDeleted.infiniteQueryOptions(
      { pageSize: 100 },
      { getNextPageParam: ({ nextCursor }) => nextCursor },
    ),
  );
  const rows = useMemo(() => {
    const matches = matching(search);
    const all = data?.pages.flatMap(({ exams }) => exams) ?? [];
    return all.filter(({ name }) => matches(name));
  }, [data, search]);
  const columns = useMemo<readonly Column<RestorableExam>[]>(
    () => [
      {
        id: "name",
        header: t("columns.name"),
        width: "minmax(140px, 3fr)",
        cell: ({ name }) => <span className={styles.name}>{name}</span>,
      },
      {
        id: "deletedAt",
        header: t("columns.deletedAt"),
        width: "minmax(110px, 1fr)",
        cell: ({ deletedAt }) => <Time value={deletedAt} seconds={false} />,
      },
      {
        id: "eraseAt",
        header: t("columns.eraseAt"),
        width: "minmax(110px, 1fr)",
        from: 560,
        cell: ({ eraseAt }) => <Time value={eraseAt} seconds={false} />,
      },
      {
        id: "createdBy",
        header: t("columns.deletedBy"),
        width: "minmax(90px, 1fr)",
        from: 800,
        cell: ({ createdBy }) => createdBy,
      },
      {
        id: "actions",
        header: t("columns.actions"),
        width: "96px",
        align: "end",
        isAction: true,
        cell: (exam) => <Restore exam={exam} onChanged={onChanged} onRestored={onRestored} />,
      },
    ],
    [t, onChanged, onRestored],
  );
  if (error && !data) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton />;
  return (
    <>
      <Table
        label={t("views.deleted")}
        rows={rows}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        columns={columns}
        arrangement={`${search} ${revision}`}
        empty={<Empty title={t("empty.deletedTitle")}>{t("empty.deleted")}</Empty>}
      />
      {hasNextPage && (
        <Button variant="subtle" loading={isFetching} onClick={() => void fetchNextPage()}>
          {t("more")}
        </Button>
      )}
    </>
  );
}

function Restore({
  exam: { id, name },
  onChanged,
  onRestored,
}: {
  exam: RestorableExam;
  onChanged: () => Promise<unknown>;
  onRestored: (exam: RestoredExam) => void;
}) {
  const t = useTranslations("exams");
  const failed = useTranslations("common.error");
  const client = useInvigilClient();
  const notify = useNotify();
  const { run } = useAction(async () => {
    try {
      const restored = await client.exam.restore.mutate({ examId: id });
      notify.done(t("restored", { name }));
      onRestored(restored);
      await onChanged();
    } catch (error) {
      notify.failed(failed("notDone"), error);
    }
  });
  return (
    <Button variant="default" size="compact-xs" onClick={() => run()}>
      {t("menu.restore")}
    </Button>
  );
}
