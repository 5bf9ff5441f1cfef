import "@mantine/core/styles/Combobox.css";
import type { AuditEntry } from "@invigil/client";
import { useInvigil } from "@invigil/react";
import { NativeSelect, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { CsvMenu } from "../../parts/csv-menu.js";
import { Empty } from "../../parts/empty.js";
import { FilterBar, MoreFilters, NoMatch } from "../../parts/filter-bar.js";
import { MomentField, momentOf } from "../../parts/moment-field.js";
import { useRouteSearch } from "../../parts/search.js";
import { Facts, SidePanel, WithPanel } from "../../parts/side-panel.js";
import { type Column, Table } from "../../parts/table.js";
import { Time, useZone } from "../../parts/time.js";
import styles from "./administration.module.css";
import { isRefused, targetOf } from "./audit-entry.js";
import type { Frame } from "./frame.js";
import { Listed, ON_DEMAND, ReadAt, usePages } from "./listed.js";
import { OUTCOMES } from "./search.js";

const FIELDS = ["actor", "person", "procedure", "exam"] as const;
const NO_FILTER = {
  actor: "",
  person: "",
  procedure: "",
  exam: "",
  from: "",
  to: "",
  outcome: "all",
} as const;

/** Who changed or read what, and who was refused. */
export function Audit({ frame }: { frame: Frame }) {
  const t = useTranslations("administration");
  const roles = useTranslations("common.roles");
  const invigil = useInvigil();
  const zone = useZone();
  const [{ actor, person, procedure, exam, from, to, outcome, entry: open }, change] =
    useRouteSearch("/admin/{-$part}");
  const query = useInfiniteQuery(
    invigil.audit.list.infiniteQueryOptions(
      {
        pageSize: 100,
        actorId: actor || undefined,
        personId: person || undefined,
        procedure: procedure || undefined,
        examId: exam || undefined,
        since: momentOf(zone, from),
        until: momentOf(zone, to),
      },
      { getNextPageParam: ({ nextCursor }) => nextCursor, ...ON_DEMAND },
    ),
  );
  const { refresh, revision } = usePages(query, 5);
  const { data } = query;
  const entries = useMemo(() => data?.pages.flatMap((page) => page.entries) ?? [], [data]);
  const shown = useMemo(
    () => entries.filter((entry) => outcome === "all" || isRefused(entry) === (outcome === "refused")),
    [entries, outcome],
  );
  const procedures = useMemo(() => [...new Set(entries.map((entry) => entry.procedure))].sort(), [entries]);
  const isFiltered = [actor, person, procedure, exam, from, to].some((value) => value !== "");
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
        <FilterBar shown={shown.length} total={entries.length} onClear={clear}>
          <MoreFilters
            active={
              [actor, person, procedure, exam, from, to, outcome === "all" ? "" : outcome].filter(Boolean)
                .length
            }
          >
            {FIELDS.map((name) => (
              <FilterField
                key={name}
                label={t(`audit.filters.${name}`)}
                value={{ actor, person, procedure, exam }[name]}
                onChange={(value) => change({ [name]: value }, { replace: true })}
                {...(name === "procedure" && { suggestions: procedures })}
              />
            ))}
            <NativeSelect
              aria-label={t("audit.outcome")}
              value={outcome}
              onChange={({ currentTarget }) =>
                change({ outcome: OUTCOMES.find((one) => one === currentTarget.value) ?? "all" })
              }
              data={OUTCOMES.map((value) => ({
                value,
                label: t(`audit.outcomes.${value}`),
              }))}
            />
            {(["from", "to"] as const).map((name) => (
              <MomentField
                key={name}
                label={t(`audit.filters.${name}`)}
                value={name === "from" ? from : to}
                onChange={(value) => change({ [name]: value }, { replace: true })}
              />
            ))}
          </MoreFilters>
        </FilterBar>
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
              arrangement={`${entries.length} ${revision}`}
              empty={
                isFiltered || entries.length > 0 ? (
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

function Outcome({ entry }: { entry: AuditEntry }) {
  const t = useTranslations("administration.audit.outcomes");
  const refused = isRefused(entry);
  return (
    <span className={styles.mark} data-tone={refused ? "amber" : "quiet"}>
      <svg aria-hidden="true" width="12" height="12" viewBox="0 0 12 12" stroke="currentColor" fill="none">
        <path
          d={refused ? "M3 3l6 6M9 3l-6 6" : "M2.500 6.500l2.500 2.200L9.500 3.500"}
          strokeWidth="1.400"
          strokeLinecap="round"
        />
      </svg>
      {refused ? t("refusedWith", { code: entry.outcome }) : t(entry.outcome === "ended" ? "ended" : "done")}
    </span>
  );
}

function EntryPanel({
  entry,
  onClose,
  onFilter,
}: {
  entry: AuditEntry;
  onClose: () => void;
  onFilter: (filter: { actor?: string; procedure?: string; person?: string; exam?: string }) => void;
}) {
  const t = useTranslations("administration.audit");
  const roles = useTranslations("common.roles");
  const { examId, roomId, personId, actorId, procedure } = entry;
  const only = (label: string, filter: Parameters<typeof onFilter>[0]) => (
    <button type="button" className={styles.link} title={t("onlyThese")} onClick={() => onFilter(filter)}>
      {label}
    </button>
  );
  return (
    <SidePanel title={procedure} of={entry.id} onClose={onClose}>
      <Facts
        of={[
          [t("time"), <Time key="time" value={entry.time} />],
          [t("actor"), only(actorId, { actor: actorId })],
          [t("operator"), entry.operator],
          [t("role"), roles(entry.actorRole)],
          [t("procedure"), only(procedure, { procedure })],
          [t("outcome"), <Outcome key="outcome" entry={entry} />],
          [t("times"), entry.times > 1 ? String(entry.times) : undefined],
          [
            t("exam"),
            examId && (
              <span className={styles.links}>
                {only(examId, { exam: examId })}
                <Link to="/exams/$examId" params={{ examId }}>
                  {t("openExam")}
                </Link>
              </span>
            ),
          ],
          [
            t("room"),
            roomId &&
              (examId ? (
                <Link to="/exams/$examId/rooms/$roomId" params={{ examId, roomId }}>
                  {roomId}
                </Link>
              ) : (
                roomId
              )),
          ],
          [t("person"), personId && only(personId, { person: personId })],
          [t("subject"), entry.subject],
          [t("credential"), t(`credentials.${entry.credential}`)],
          [t("credentialId"), entry.credentialId],
          [t("address"), entry.address],
          [t("entryPoint"), entry.entryPoint],
          [t("request"), entry.requestId],
        ]}
      />
    </SidePanel>
  );
}

/** A field whose text becomes a filter when the person has stopped typing. */
function FilterField({
  label,
  value,
  onChange,
  suggestions,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  suggestions?: readonly string[];
}) {
  const [typed, setTyped] = useState(value);
  const isComposing = useRef(false);
  const latest = useRef(onChange);
  latest.current = onChange;
  // Going back, or clearing the filters, changes the field.
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed.trim() === value || isComposing.current) return;
    const timer = setTimeout(() => latest.current(typed.trim()), 400);
    return () => clearTimeout(timer);
  }, [typed, value]);
  const list = suggestions && `suggestions-${label}`;
  return (
    <>
      <TextInput
        className={styles.filter}
        aria-label={label}
        placeholder={label}
        value={typed}
        list={list}
        onCompositionStart={() => {
          isComposing.current = true;
        }}
        onCompositionEnd={({ currentTarget }) => {
          isComposing.current = false;
          latest.current(currentTarget.value.trim());
        }}
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      {suggestions && (
        <datalist id={list}>
          {suggestions.map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
    </>
  );
}
