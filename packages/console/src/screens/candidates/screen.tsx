import { isReady, type Room } from "@invigil/client";
import { Button, NativeSelect } from "@mantine/core";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { memo, useCallback, useState } from "react";
import { useTranslations } from "use-intl";
import { ActDialog } from "../../actions/act-dialog.js";
import { type Act, type ActPerson, PERSON_ACTS, type PersonAct } from "../../actions/acts.js";
import { isSeated } from "../../actions/people.js";
import { useControl } from "../../actions/use-control.js";
import { Alerts } from "../../components/alerts.js";
import { useNow } from "../../components/clock.js";
import { CsvMenu } from "../../components/csv-menu.js";
import { Empty } from "../../components/empty.js";
import { Choices, FilterBar, NoMatch, SearchField } from "../../components/filter-bar.js";
import { Page } from "../../components/page.js";
import { useWaveThrough } from "../../components/readiness.js";
import { useRedFrom } from "../../components/red-from.js";
import { RosterView, useExamDetails, useRoster } from "../../components/roster.js";
import { useRouteSearch } from "../../components/search.js";
import { ShortcutKey } from "../../components/shortcuts.js";
import { Table } from "../../components/table.js";
import { usePermissions } from "../../components/use-permissions.js";
import { compareNames } from "../../live/rooms.js";
import { useAttendance } from "./attendance.js";
import styles from "./candidates.module.css";
import { useColumns } from "./columns.js";
import { SORTABLE } from "./search.js";
import { type Chosen, useCandidates } from "./use-candidates.js";

const keyOf = (id: string) => id;

/** Everybody who sits an exam, live. */
export function Screen() {
  const t = useTranslations("candidates");
  const { examId } = useParams({ from: "/exams/$examId/candidates" });
  const may = usePermissions();
  const navigate = useNavigate();
  const [search, change] = useRouteSearch("/exams/$examId/candidates");
  const { state, room, q, sort } = search;
  const [red] = useRedFrom();
  const { data: exam } = useExamDetails(examId);
  const roster = useRoster(examId);
  const { people, labelOf } = roster;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [act, setAct] = useState<Act>();
  const cameras = exam?.cameras ?? "one";
  const { ids, total, counts, troubles, states, chosenPeople, hidden, canMove, hasChecks } = useCandidates(
    roster,
    search,
    red,
    chosen,
    cameras,
  );
  const { columns, narrow } = useColumns(examId, roster, red, hasChecks ? cameras : undefined);

  const nameOf = useCallback(
    (id: string) => {
      const person = people?.person(id);
      return person ? labelOf(person) : id;
    },
    [people, labelOf],
  );
  const findNow = useCallback(({ id }: ActPerson) => people?.person(id), [people]);
  const open = useCallback(
    (id: string) => {
      const userId = people?.person(id)?.userId;
      if (userId !== undefined)
        void navigate({ to: "/exams/$examId/candidates/$userId", params: { examId, userId } });
    },
    [people, navigate, examId],
  );
  const chooseRooms = useCallback((next: readonly string[]) => change({ room: next }), [change]);
  const csv = useAttendance(roster, ids, useNow("minute"));
  const clear = () => change({ state: undefined, room: [], q: "" });
  return (
    <Page
      title={t("title")}
      of={exam?.name}
      staff={roster.staff}
      actions={
        <>
          {total > 0 && <CsvMenu name={t("csv.file")} rows={csv} />}
          <Alerts examId={examId} troubles={troubles} />
        </>
      }
    >
      <RosterView examId={examId} roster={roster}>
        {total > 0 && (
          <FilterBar shown={ids.length} total={total} onClear={clear}>
            <Choices
              label={t("filters.state")}
              choices={[
                { value: "all", label: t("filters.all"), count: total },
                ...states.map((each) => ({
                  value: each,
                  label: t(`filters.${each}`),
                  count: counts[each],
                })),
              ]}
              value={state ?? "all"}
              onChange={(next) => change({ state: next === "all" ? undefined : next })}
            />
            <RoomFilter rooms={roster.state?.rooms} value={room} onChange={chooseRooms} />
            <SearchField
              value={q}
              onChange={(next) => change({ q: next }, { replace: true })}
              placeholder={t("search")}
            />
          </FilterBar>
        )}
        {may.act && total > 0 && (
          <ChosenBar
            examId={examId}
            chosen={chosenPeople}
            hidden={hidden}
            canMove={canMove}
            notReady={hasChecks ? chosenPeople.filter((one) => !isReady(one.readiness, { cameras })) : []}
            onClear={() => setChosen(new Set())}
            onAct={(kind) => setAct({ kind, people: chosenPeople })}
          />
        )}
        <Table
          label={t("title")}
          rows={ids}
          keyOf={keyOf}
          nameOf={nameOf}
          columns={columns}
          narrow={narrow}
          sorting={sort}
          onSort={({ column, descending }) =>
            change({ sort: { column: SORTABLE.find((name) => name === column) ?? "need", descending } })
          }
          {...(may.act && { selection: chosen, onSelect: setChosen })}
          onOpen={open}
          arrangement={`${state} ${room.join()} ${q} ${red}`}
          empty={
            total > 0 ? (
              <NoMatch hidden={total} onClear={clear} />
            ) : (
              <NoCandidates examId={examId} mayImport={exam?.mayManage ?? false} />
            )
          }
        />
      </RosterView>
      <ActDialog
        act={act}
        examId={examId}
        findNow={findNow}
        onLeft={({ id }) => setChosen((before) => new Set([...before].filter((one) => one !== id)))}
        onClose={() => setAct(undefined)}
      />
    </Page>
  );
}

/** It has a line for each room, so it is drawn again only when they change. */
const RoomFilter = memo(function RoomFilter({
  rooms,
  value,
  onChange,
}: {
  rooms: readonly Room[] | undefined;
  value: readonly string[];
  onChange: (rooms: readonly string[]) => void;
}) {
  const t = useTranslations("candidates.filters");
  const [first] = value;
  return (
    <NativeSelect
      className={styles.select}
      aria-label={t("room")}
      value={value.length > 1 ? "several" : (first ?? "")}
      onChange={({ currentTarget }) => onChange(currentTarget.value === "" ? [] : [currentTarget.value])}
      data={[
        { value: "", label: t("allRooms") },
        ...(value.length > 1 ? [{ value: "several", label: t("someRooms", { count: value.length }) }] : []),
        ...[...(rooms ?? [])]
          .sort((one, other) => compareNames(one.name, other.name))
          .map(({ id, name }) => ({ value: id, label: name })),
      ]}
    />
  );
});

/** The actions for those who are chosen. They are always there, so that nothing jumps. */
function ChosenBar({
  examId,
  chosen,
  hidden,
  canMove,
  notReady,
  onClear,
  onAct,
}: {
  examId: string;
  chosen: readonly Chosen[];
  hidden: number;
  canMove: boolean;
  /** Those of them who miss a check. */
  notReady: readonly Chosen[];
  onClear: () => void;
  onAct: (kind: PersonAct) => void;
}) {
  const t = useTranslations("candidates.chosen");
  const acts = useTranslations("watching.acts");
  const readiness = useTranslations("watching.readiness");
  const { offers } = useControl(examId);
  const waveThrough = useWaveThrough();
  const count = chosen.length;
  return (
    <div role="toolbar" aria-label={t("label")} className={styles.chosen} data-some={count > 0 || undefined}>
      <span className={styles.count} data-numbers>
        {count === 0 ? t("none") : t("count", { count })}
        {hidden > 0 && <span className={styles.hidden}> · {t("hidden", { count: hidden })}</span>}
      </span>
      {count > 0 && offers("message", chosen) && (
        <ShortcutKey keys="m" label={acts("message")} run={() => onAct("message")} />
      )}
      {count > 0 &&
        PERSON_ACTS.filter((kind) => (kind !== "move" || canMove) && offers(kind, chosen)).map((kind) => (
          <Button key={kind} variant="subtle" size="compact-sm" onClick={() => onAct(kind)}>
            {acts(kind === "move" && !chosen.some(isSeated) ? "seat" : kind)}
          </Button>
        ))}
      {notReady.length > 0 && (
        <Button
          variant="subtle"
          size="compact-sm"
          loading={waveThrough.isRunning}
          onClick={() => waveThrough.run(notReady, true)}
        >
          {readiness("waveThrough")}
        </Button>
      )}
      {count > 0 && (
        <Button variant="subtle" size="compact-sm" onClick={onClear}>
          {t("clear")}
        </Button>
      )}
    </div>
  );
}

function NoCandidates({ examId, mayImport }: { examId: string; mayImport: boolean }) {
  const t = useTranslations("candidates.empty");
  return (
    <Empty
      title={t("title")}
      action={
        mayImport && (
          <Link to="/exams/$examId/setup/{-$step}" params={{ examId }}>
            {t("setup")}
          </Link>
        )
      }
    >
      {t(mayImport ? "manager" : "watcher")}
    </Empty>
  );
}
