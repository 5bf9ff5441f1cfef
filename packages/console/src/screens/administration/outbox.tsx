import type { RouterOutputs } from "@invigil/client";
import { useInvigil, useInvigilClient } from "@invigil/react";
import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Empty } from "../../components/empty.js";
import { useNotify } from "../../components/notify.js";
import { type Column, Table } from "../../components/table.js";
import { Time } from "../../components/time.js";
import { useAction } from "../../components/use-action.js";
import styles from "./administration.module.css";
import type { Frame } from "./frame.js";
import { Listed, ON_DEMAND, ReadAt, usePages } from "./listed.js";

type DeadLetter = RouterOutputs["outbox"]["list"]["letters"][number];

const KINDS = ["send", "leave", "delete_group"] as const;

/** Calls to message services that the server gave up, and can try again. */
export function Outbox({ frame }: { frame: Frame }) {
  const t = useTranslations("administration.outbox");
  const parts = useTranslations("administration.parts");
  const failed = useTranslations("common.error");
  const invigil = useInvigil();
  const client = useInvigilClient();
  const notify = useNotify();
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set());
  const query = useInfiniteQuery(
    invigil.outbox.list.infiniteQueryOptions(
      { pageSize: 100 },
      { getNextPageParam: ({ nextCursor }) => nextCursor, ...ON_DEMAND },
    ),
  );
  const { refresh, revision } = usePages(query, 5);
  const { data } = query;
  const letters = useMemo(() => data?.pages.flatMap((page) => page.letters) ?? [], [data]);
  const chosen = letters.filter(({ id }) => selection.has(id));
  const retry = useAction(async () => {
    let count = 0;
    try {
      // In the order in which they were added, because those of a group are done in the order in which they are tried again.
      for (const { id } of chosen.toReversed()) {
        const { retried } = await client.outbox.retry.mutate({ id });
        if (retried) count += 1;
      }
    } catch (error) {
      notify.failed(failed("notDone"), error);
    }
    if (count > 0) notify.done(t("retried", { count }));
    setSelection(new Set());
    await refresh();
  });
  const whatOf = useCallback(
    ({ kind }: DeadLetter) => {
      const known = KINDS.find((one) => one === kind);
      return known ? t(`kinds.${known}`) : kind;
    },
    [t],
  );
  const whyOf = useCallback(
    ({ reason, lastError, attempts }: DeadLetter) =>
      `${t(`reasons.${reason}`, { attempts })}${lastError ? `: ${lastError}` : ""}`,
    [t],
  );
  const columns = useMemo<readonly Column<DeadLetter>[]>(
    () => [
      {
        id: "diedAt",
        header: t("diedAt"),
        width: "minmax(116px, 1fr)",
        cell: ({ diedAt }) => <Time value={diedAt} />,
      },
      { id: "what", header: t("what"), width: "minmax(150px, 1.5fr)", cell: whatOf },
      { id: "service", header: t("service"), width: "minmax(100px, 1fr)", cell: ({ queue }) => queue },
      {
        id: "exam",
        header: t("exam"),
        width: "minmax(110px, 1.5fr)",
        from: 760,
        cell: ({ examId }) => <ExamLink examId={examId} />,
      },
      {
        id: "why",
        header: t("why"),
        width: "minmax(160px, 3fr)",
        cell: (letter) => <span title={whyOf(letter)}>{whyOf(letter)}</span>,
      },
    ],
    [t, whatOf, whyOf],
  );
  const narrow = useCallback(
    (letter: DeadLetter) => (
      <>
        <span className={styles.split}>
          <span className={styles.first}>{whatOf(letter)}</span>
          <Time value={letter.diedAt} />
        </span>
        <span className={styles.second}>{whyOf(letter)}</span>
      </>
    ),
    [whatOf, whyOf],
  );
  return frame({
    actions: (
      <>
        <ReadAt query={query} onRead={refresh} />
        {letters.length > 0 && (
          <Button disabled={chosen.length === 0} loading={retry.isRunning} onClick={retry.run}>
            {t("retry", { count: chosen.length })}
          </Button>
        )}
      </>
    ),
    children: (
      <>
        {letters.length > 0 && <p className={styles.intro}>{t("intro")}</p>}
        <Listed query={query}>
          <Table
            label={parts("outbox")}
            rows={letters}
            keyOf={({ id }) => id}
            nameOf={(letter) => `${whatOf(letter)}, ${letter.queue}`}
            columns={columns}
            narrow={narrow}
            selection={selection}
            onSelect={setSelection}
            arrangement={`${letters.length} ${revision}`}
            empty={<Empty title={t("emptyTitle")}>{t("empty")}</Empty>}
          />
        </Listed>
      </>
    ),
  });
}

/** The name of an exam, which leads there. Of a deleted one, its id. */
function ExamLink({ examId }: { examId: string }) {
  const invigil = useInvigil();
  const { data: exam } = useQuery(invigil.exam.get.queryOptions({ examId }, { ...ON_DEMAND, retry: false }));
  return exam ? (
    <Link to="/exams/$examId" params={{ examId }}>
      {exam.name}
    </Link>
  ) : (
    examId
  );
}
