import type { CheatRecord, ListCheatRecordsInput } from "@invigil/client";
import { isInvigilError } from "@invigil/client";
import { useInvigil, useInvigilClient, useSession } from "@invigil/react";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useTranslations } from "use-intl";
import { Announce } from "../../components/announcer.js";
import { CsvMenu } from "../../components/csv-menu.js";
import { Empty, Skeleton } from "../../components/empty.js";
import { ErrorNote } from "../../components/error-note.js";
import { NoMatch } from "../../components/filter-bar.js";
import { useLabelsOf } from "../../components/labels.js";
import { momentOf } from "../../components/moment-field.js";
import { Page } from "../../components/page.js";
import { useRouteSearch } from "../../components/search.js";
import { WithPanel } from "../../components/side-panel.js";
import { ScreenTexts } from "../../components/texts.js";
import { useZone } from "../../components/time.js";
import { useTypeName } from "../../components/type-name.js";
import { lineOf } from "./filters.js";
import { RecordFilters } from "./record-filters.js";
import { RecordPanel } from "./record-panel.js";
import { RecordTable } from "./record-table.js";
import styles from "./records.module.css";
import { isFiltering, NO_FILTER } from "./search.js";
import { useRecords } from "./use-records.js";
import { Watch } from "./watch.js";

/** The detections in the rooms that the person may see. */
export function Screen() {
  return (
    <ScreenTexts of="watching">
      <Records />
    </ScreenTexts>
  );
}

function Records() {
  const t = useTranslations("records");
  const { examId } = useParams({ from: "/exams/$examId/records" });
  const { user } = useSession();
  const client = useInvigilClient();
  const invigil = useInvigil();
  const zone = useZone();
  const typeName = useTypeName();
  const route = useRouteSearch("/exams/$examId/records");
  const [search, change] = route;
  const { type, room, q, camera, from, to, sort, record: open } = search;
  const { data: exam } = useQuery(invigil.exam.get.queryOptions({ examId }));
  const read = useCallback(
    (input: ListCheatRecordsInput) => client.cheat.listRecords.query({ examId, ...input }),
    [client, examId],
  );
  const filter = useMemo(
    () => ({ type, room, person: q, camera, from: momentOf(zone, from), to: momentOf(zone, to) }),
    [type, room, q, camera, from, to, zone],
  );
  const found = useRecords({ read, filter, sort, typeName });
  const labels = useLabelsOf(found.names.people);
  const labelOf = useCallback((userId: string) => labels.get(userId) ?? userId, [labels]);
  const { records, shown, news, nameOf, roomOf, isReading, hasAll, error } = found;

  const opened = open === undefined ? undefined : records.find(({ id }) => String(id) === open);
  const clear = () => change(NO_FILTER);
  const toRow = (record: CheatRecord) => [
    String(record.id),
    typeName(record.detectType),
    record.detectType,
    nameOf(record.userId) ?? "",
    record.userId,
    roomOf(record.roomId),
    t(record.isMainMonitor ? "camera.main" : "camera.pc"),
    record.detectTime.toISOString(),
    record.createdAt.toISOString(),
    lineOf(record),
  ];
  const csv = () => [CSV.map((name) => t(`csv.${name}`)), ...shown.map(toRow)];

  const hasRecords = records.length > 0;
  const scope = t(user?.role === "admin" ? "scope.all" : "scope.own");
  return (
    <Page
      title={t("title")}
      of={exam?.name}
      aside={
        <span className={styles.aside}>
          {hasRecords && (
            <span data-numbers>{t("counts", { count: shown.length, people: found.people })}</span>
          )}
          {news > 0 && (
            <button type="button" className={styles.news} onClick={found.showNews}>
              {t("news", { count: news })}
            </button>
          )}
        </span>
      }
      actions={hasRecords && <CsvMenu name={t("csv.file")} rows={csv} />}
    >
      <Watch
        examId={examId}
        onArrival={found.onArrival}
        onNames={found.onNames}
        onRemoval={found.onRemoval}
        onRosterChange={found.onRosterChange}
      />
      {news > 0 && <Announce text={t("newsSpoken", { count: news })} />}
      {hasRecords && <RecordFilters found={found} search={route} onClear={clear} />}
      {error !== undefined && (
        <ErrorNote error={error} {...(!isRefused(error) && { onRetry: found.readAgain })} />
      )}
      {!hasRecords && isReading ? (
        <Skeleton />
      ) : !hasRecords && error !== undefined ? null : (
        <>
          <WithPanel>
            <RecordTable
              examId={examId}
              found={found}
              labelOf={labelOf}
              filter={filter}
              search={route}
              empty={
                hasRecords && isReading ? (
                  <Skeleton />
                ) : hasRecords ? (
                  <NoMatch hidden={hasAll ? records.length : undefined} onClear={clear} />
                ) : (
                  <Empty title={t("empty.title")}>
                    {t("empty.text")} {scope}
                  </Empty>
                )
              }
            />
            {opened && (
              <RecordPanel
                record={opened}
                name={labelOf(opened.userId)}
                room={roomOf(opened.roomId)}
                onFilter={change}
                onClose={() => change({ record: undefined })}
              />
            )}
          </WithPanel>
          {open !== undefined && !opened && hasAll && <p className={styles.foot}>{t("gone")}</p>}
          {hasRecords && (
            <p className={styles.foot}>
              {isReading
                ? t("reading", { count: records.length })
                : hasAll
                  ? scope
                  : !isFiltering(search)
                    ? t("partly", { count: records.length })
                    : found.hasAllFound
                      ? t("allFound")
                      : t("partlyFound", { count: shown.length })}
              {!isReading && !found.hasAllFound && (
                <Button variant="subtle" size="compact-xs" onClick={found.readOlder}>
                  {t("older")}
                </Button>
              )}
            </p>
          )}
        </>
      )}
    </Page>
  );
}

const CSV = [
  "id",
  "type",
  "rawType",
  "name",
  "userId",
  "room",
  "camera",
  "detected",
  "received",
  "extra",
] as const;

const isRefused = (error: unknown) =>
  isInvigilError(error) && ["FORBIDDEN", "EXAM_NOT_FOUND"].includes(error.data.reason);
