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
import { inputOf, NO_FILTER, targetOf, useAudit } from "./use-audit.js";

/** Who changed or read what, and who was refused. */
export function Audit({ frame }: { frame: Frame }) {
  const t = useTranslations("administration");
  const roles = useTranslations("common.roles");
  const invigil = useInvigil();
  const zone = useZone();
  const route = useRouteSearch("/admin/{-$part}");
  const [search, change] = route;
  const { actor, person, procedure, exam, from, to, outcome, entry: open } = search;
  const query = useInfiniteQuery(
    invigil.audit.list.infiniteQueryOptions(inputOf(search, zone), {
      getNextPageParam: ({ nextCursor }) => nextCursor,
      ...ON_DEMAND,
    }),
  );
  const audit = useAudit(query, search);
  const { entries, shown, refresh } = audit;
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
        id: "actor",
        header: t("audit.actor"),
        width: "minmax(110px, 1.5fr)",
        cell: ({ actorId, operator, actorRole }) => (
          <>
            <strong className={styles.name}>{operator ?? actorId}</strong>{" "}
            <span className={styles.dim}>
              {operator === undefined ? roles(actorRole) : t("audit.command")}
            </span>
          </>
        ),
      },
      {
        id: "procedure",
        header: t("audit.procedure"),
        width: "minmax(150px, 1.5fr)",
        cell: ({ procedure, times }) => (
          <>
            {procedure}
            {times > 1 && <span className={styles.dim}> × {times}</span>}
          </>
        ),
      },
      {
        id: "target",
        header: t("audit.target"),
        width: "minmax(120px, 2fr)",
        from: 640,
        cell: (entry) => <span title={targetOf(entry)}>{targetOf(entry)}</span>,
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
    [t, roles],
  );
  const narrow = useCallback(
    (entry: AuditEntry) => (
      <>
        <span className={styles.split}>
          <span className={styles.first}>
            {entry.operator ?? entry.actorId} · {entry.procedure}
          </span>
          <Time value={entry.time} />
        </span>
        <span className={styles.second}>
          <Outcome entry={entry} /> {targetOf(entry)}
        </span>
      </>
    ),
    [],
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
        <AuditFilters audit={audit} search={route} onClear={clear} />
        <Listed query={query}>
          <WithPanel>
            <Table
              // Other filters begin at the top.
              key={JSON.stringify([actor, person, procedure, exam, from, to, outcome])}
              label={t("parts.audit")}
              rows={shown}
              keyOf={({ id }) => id}
              nameOf={({ procedure, actorId }) => `${procedure}, ${actorId}`}
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
              <EntryPanel entry={opened} onClose={() => change({ entry: undefined })} onFilter={change} />
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
