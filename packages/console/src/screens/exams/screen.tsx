import type { ExamCounts, ExamSummary } from "@invigil/client";
import { useInvigil } from "@invigil/react";
import { Button } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Suspense, useCallback, useMemo, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { useNow } from "../../components/clock.js";
import { useLength } from "../../components/duration.js";
import { Empty, Skeleton } from "../../components/empty.js";
import { ErrorNote } from "../../components/error-note.js";
import { Choices, FilterBar, NoMatch, SearchField } from "../../components/filter-bar.js";
import { useFirstPages } from "../../components/first-pages.js";
import { PlusIcon } from "../../components/icons.js";
import { lazyComponent } from "../../components/lazy.js";
import { matching } from "../../components/matching.js";
import { Page } from "../../components/page.js";
import { useRouteSearch } from "../../components/search.js";
import { type Column, Table } from "../../components/table.js";
import { Time } from "../../components/time.js";
import { usePermissions } from "../../components/use-permissions.js";
import { DeletedExams } from "./deleted.js";
import type { Asked, RestoredExam } from "./dialogs.js";
import { ExamMenu } from "./exam-menu.js";
import styles from "./exams.module.css";
import { byNeed, phaseOf } from "./phase.js";
import { PhaseMark } from "./phase-mark.js";
import { SORTABLE } from "./search.js";

const Dialogs = lazyComponent(() => import("./dialogs.js"));

/** How many pages of 100 exams are loaded without being asked for. */
const PAGES = 10;

/** The exams that the person may see: what runs, what comes, what was. */
export function Screen() {
  const t = useTranslations("exams");
  const may = usePermissions();
  const invigil = useInvigil();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const duration = useLength();
  const now = useNow("minute");
  const [{ view, q, sort }, change] = useRouteSearch("/");
  const [revision, setRevision] = useState(0);
  const [asked, setAsked] = useState<Asked>();
  const restored = useCallback((exam: RestoredExam) => {
    if (exam.endedRooms.length > 0) setAsked({ kind: "restored", exam });
  }, []);

  const query = useInfiniteQuery(
    invigil.exam.list.infiniteQueryOptions(
      { pageSize: 100, withCounts: true },
      { getNextPageParam: ({ nextCursor }) => nextCursor },
    ),
  );
  const { data, error, hasNextPage, isFetching, fetchNextPage, refetch } = query;
  const pages = useFirstPages(query, PAGES);
  const exams = useMemo(() => data?.pages.flatMap((page) => page.exams) ?? [], [data]);

  const counts = useMemo(() => {
    const counted = { running: 0, upcoming: 0, past: 0 };
    for (const exam of exams) counted[phaseOf(exam, now)] += 1;
    return counted;
  }, [exams, now]);
  const shown = useMemo(() => {
    const matches = matching(q);
    const found = exams.filter(
      (exam) => (view === "all" || phaseOf(exam, now) === view) && matches(exam.name),
    );
    const orders = {
      need: byNeed(now),
      name: (one: ExamSummary, other: ExamSummary) =>
        one.name.localeCompare(other.name, undefined, { numeric: true }),
      start: (one: ExamSummary, other: ExamSummary) => one.startTime.getTime() - other.startTime.getTime(),
      end: (one: ExamSummary, other: ExamSummary) => one.endTime.getTime() - other.endTime.getTime(),
      rooms: bySize("rooms"),
      candidates: bySize("examinees"),
    };
    const ordered = found.sort(orders[sort.column]);
    return sort.descending ? ordered.reverse() : ordered;
  }, [exams, q, view, sort, now]);

  const open = useCallback(
    ({ id }: ExamSummary) => void navigate({ to: "/exams/$examId", params: { examId: id } }),
    [navigate],
  );
  const columns = useMemo<readonly Column<ExamSummary>[]>(
    () => [
      {
        id: "name",
        header: t("columns.name"),
        width: "minmax(160px, 3fr)",
        isSortable: true,
        cell: ({ id, name }) => (
          <Link to="/exams/$examId" params={{ examId: id }} className={styles.name}>
            {name}
          </Link>
        ),
      },
      {
        id: "need",
        header: t("columns.phase"),
        width: "minmax(180px, 2fr)",
        isSortable: true,
        cell: (exam) => <PhaseMark exam={exam} />,
      },
      {
        id: "start",
        header: t("columns.start"),
        width: "minmax(110px, 1fr)",
        isSortable: true,
        cell: ({ startTime }) => <Time value={startTime} seconds={false} />,
      },
      {
        id: "end",
        header: t("columns.end"),
        width: "minmax(110px, 1fr)",
        isSortable: true,
        from: 760,
        cell: ({ endTime }) => <Time value={endTime} seconds={false} />,
      },
      {
        id: "length",
        header: t("columns.length"),
        width: "minmax(90px, 1fr)",
        from: 900,
        cell: ({ startTime, endTime }) => duration(endTime.getTime() - startTime.getTime()),
      },
      {
        id: "rooms",
        header: t("columns.rooms"),
        width: "minmax(64px, 0.600fr)",
        from: 640,
        align: "end",
        isSortable: true,
        cell: ({ counts }) => counts && <Count of={counts.rooms} />,
      },
      {
        id: "candidates",
        header: t("columns.candidates"),
        width: "minmax(84px, 0.700fr)",
        from: 640,
        align: "end",
        isSortable: true,
        cell: ({ counts }) => counts && <Count of={counts.examinees} />,
      },
      ...(may.act
        ? [
            {
              id: "actions",
              header: t("columns.actions"),
              width: "32px",
              isAction: true,
              cell: (exam: ExamSummary) => <ExamMenu exam={exam} onAsk={setAsked} />,
            },
          ]
        : []),
    ],
    [t, may.act, duration],
  );
  const narrow = useCallback(
    (exam: ExamSummary) => (
      <span className={styles.narrow}>
        <span className={styles.first}>
          <Link to="/exams/$examId" params={{ examId: exam.id }} className={`${styles.name} ${styles.line}`}>
            {exam.name}
          </Link>
          {exam.counts && <span className={styles.size}>{t("size", exam.counts)}</span>}
        </span>
        <span className={styles.second}>
          <PhaseMark exam={exam} />
          <Time value={exam.startTime} seconds={false} />
        </span>
        {may.act && (
          <span className={styles.menu}>
            <ExamMenu exam={exam} onAsk={setAsked} />
          </span>
        )}
      </span>
    ),
    [t, may.act],
  );
  const refresh = useCallback(async () => {
    await Promise.all([
      queryClient.invalidateQueries(invigil.exam.list.pathFilter()),
      queryClient.invalidateQueries(invigil.exam.listDeleted.pathFilter()),
    ]);
    // A change that the person made themselves is shown even under their pointer.
    setRevision((before) => before + 1);
  }, [queryClient, invigil]);

  const createButton = may.act && (
    <Button leftSection={<PlusIcon size={14} />} onClick={() => setAsked({ kind: "create" })}>
      {t("create")}
    </Button>
  );
  const clear = () => change({ q: "", view: "all" });
  const hasExams = exams.length > 0;
  const isDeleted = may.administer && view === "deleted";
  const views = [
    { value: "all", label: t("views.all"), count: exams.length },
    { value: "running", label: t("views.running"), count: counts.running },
    { value: "upcoming", label: t("views.upcoming"), count: counts.upcoming },
    { value: "past", label: t("views.past"), count: counts.past },
    ...(may.administer ? [{ value: "deleted", label: t("views.deleted") } as const] : []),
  ] as const;
  return (
    <Page title={t("title")} actions={createButton}>
      {(hasExams || may.administer) && (
        <FilterBar shown={isDeleted ? 0 : shown.length} total={isDeleted ? 0 : exams.length} onClear={clear}>
          <Choices
            label={t("views.label")}
            choices={views}
            value={view}
            onChange={(next) => change({ view: next })}
          />
          <SearchField
            value={q}
            onChange={(next) => change({ q: next }, { replace: true })}
            placeholder={t("search")}
          />
        </FilterBar>
      )}
      {isDeleted ? (
        <DeletedExams search={q} revision={revision} onChanged={refresh} onRestored={restored} />
      ) : error && !hasExams ? (
        <ErrorNote error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Skeleton />
      ) : (
        <>
          {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
          <Table
            label={t("title")}
            rows={shown}
            keyOf={({ id }) => id}
            nameOf={({ name }) => name}
            columns={columns}
            narrow={narrow}
            sorting={sort}
            onSort={({ column, descending }) =>
              change({ sort: { column: SORTABLE.find((name) => name === column) ?? "need", descending } })
            }
            onOpen={open}
            arrangement={`${view} ${q} ${revision}`}
            empty={
              hasExams ? (
                <NoMatch hidden={exams.length} onClear={clear} />
              ) : (
                <Empty title={t("empty.title")} action={createButton}>
                  {t(may.act ? "empty.manager" : "empty.inspector")}
                </Empty>
              )
            }
          />
          {hasNextPage && pages >= PAGES && (
            <Button variant="subtle" loading={isFetching} onClick={() => void fetchNextPage()}>
              {t("more")}
            </Button>
          )}
        </>
      )}
      {asked && (
        <Suspense>
          <Dialogs
            key={asked.kind}
            asked={asked}
            exams={exams}
            onClose={() => setAsked(undefined)}
            onChanged={refresh}
            onRestored={restored}
          />
        </Suspense>
      )}
    </Page>
  );
}

const bySize = (what: keyof ExamCounts) => (one: ExamSummary, other: ExamSummary) =>
  (one.counts?.[what] ?? 0) - (other.counts?.[what] ?? 0);

/** From this number on, the server does not count: `MAX_COUNTED` of the schema. */
const MOST_COUNTED = 10_000;

function Count({ of }: { of: number }) {
  const format = useFormatter();
  return (
    <span data-numbers>
      {format.number(of)}
      {of >= MOST_COUNTED && "+"}
    </span>
  );
}
