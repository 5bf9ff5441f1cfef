import type { AuditEntry } from "@invigil/client";
import { useInvigil } from "@invigil/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslations } from "use-intl";
import { CsvMenu } from "../../components/csv-menu.js";
import { Empty } from "../../components/empty.js";
import { NoMatch } from "../../components/filter-bar.js";
import { useRouteSearch } from "../../components/search.js";
import { WithPanel } from "../../components/side-panel.js";
import { type Column, Table } from "../../components/table.js";
import { Time, useZone } from "../../components/time.js";
import styles from "./administration.module.css";
import { AuditFilters } from "./audit-filters.js";
import { EntryPanel, Outcome } from "./audit-panel.js";
import type { Frame } from "./frame.js";
import { Listed, ON_DEMAND, ReadAt } from "./listed.js";
import { useSentences } from "./sentences.js";
import { inputOf, NO_FILTER, useAudit } from "./use-audit.js";

/** Who changed or read what, and who was refused. */
export function Audit({ frame }: { frame: Frame }) {
  const t = useTranslations("administration");
  const invigil = useInvigil();
  const zone = useZone();
  const route = useRouteSearch("/admin/{-$part}");
  const [search, change] = route;
  const { actor, person, procedure, exam, from, to, outcome, reads, entry: open } = search;
  const query = useInfiniteQuery(
    invigil.audit.list.infiniteQueryOptions(inputOf(search, zone), {
      getNextPageParam: ({ nextCursor }) => nextCursor,
      ...ON_DEMAND,
    }),
  );
  const audit = useAudit(query, search);
  const { entries, shown, refresh, names } = audit;
  const sentences = useSentences(names);
  const { sentenceOf } = sentences;
  const opened = entries.find(({ id }) => id === open);

  const columns = useMemo<readonly Column<AuditEntry>[]>(
    () => [
      {
        id: "time",
        header: t("audit.time"),
        width: "minmax(116px, 1fr)",
        cell: ({ time }) => <Time value={time} />,
      },
      {
        id: "sentence",
        header: t("audit.procedure"),
        width: "minmax(180px, 4fr)",
        cell: (entry) => (
          <span title={sentenceOf(entry)}>
            {sentenceOf(entry)}
            {entry.times > 1 && <span className={styles.dim}> × {entry.times}</span>}
          </span>
        ),
      },
      {
        id: "exam",
        header: t("audit.exam"),
        width: "minmax(110px, 1.5fr)",
        from: 760,
        cell: ({ examId }) => examId && (names.exams.get(examId) ?? examId),
      },
      {
        id: "outcome",
        header: t("audit.outcome"),
        width: "minmax(110px, 1fr)",
        cell: (entry) => <Outcome entry={entry} />,
      },
      {
        id: "address",
        header: t("audit.address"),
        width: "minmax(110px, 1fr)",
        from: 960,
        cell: ({ address }) => address,
      },
    ],
    [t, sentenceOf, names],
  );
  const narrow = useCallback(
    (entry: AuditEntry) => (
      <>
        <span className={styles.split}>
          <span className={styles.first}>{sentenceOf(entry)}</span>
          <Time value={entry.time} />
        </span>
        <span className={styles.second}>
          <Outcome entry={entry} /> {entry.examId && (names.exams.get(entry.examId) ?? entry.examId)}
        </span>
      </>
    ),
    [sentenceOf, names],
  );
  const clear = () => change(NO_FILTER);
  const csv = () => [
    CSV.map((name) => t(`audit.${name}`)),
    ...shown.map((entry) => [
      entry.time.toISOString(),
      entry.operator ?? entry.actorId,
      entry.actorRole,
      entry.procedure,
      entry.examId ?? "",
      entry.roomId ?? "",
      entry.personId ?? "",
      entry.subject ?? "",
      entry.outcome,
      String(entry.times),
      entry.address,
      entry.entryPoint,
      entry.requestId,
    ]),
  ];
  return frame({
    actions: (
      <>
        <ReadAt query={query} onRead={refresh} />
        {shown.length > 0 && <CsvMenu name={t("audit.file")} rows={csv} />}
      </>
    ),
    children: (
      <>
        <AuditFilters audit={audit} sentences={sentences} search={route} onClear={clear} />
        <Listed query={query}>
          <WithPanel>
            <Table
              // Other filters begin at the top.
              key={JSON.stringify([actor, person, procedure, exam, from, to, outcome, reads])}
              label={t("parts.audit")}
              rows={shown}
              keyOf={({ id }) => id}
              nameOf={sentenceOf}
              columns={columns}
              narrow={narrow}
              onOpen={({ id }) => change({ entry: id })}
              openKey={open}
              arrangement={`${entries.length} ${audit.revision}`}
              empty={
                audit.isPart || entries.length > 0 ? (
                  <NoMatch hidden={entries.length} onClear={clear} />
                ) : (
                  <Empty title={t("audit.emptyTitle")}>{t("audit.empty")}</Empty>
                )
              }
            />
            {opened && (
              <EntryPanel
                entry={opened}
                title={sentenceOf(opened)}
                names={names}
                onClose={() => change({ entry: undefined })}
                onFilter={change}
              />
            )}
          </WithPanel>
        </Listed>
      </>
    ),
  });
}

const CSV = [
  "time",
  "actor",
  "role",
  "procedure",
  "exam",
  "room",
  "person",
  "subject",
  "outcome",
  "times",
  "address",
  "entryPoint",
  "request",
] as const;
