import { type LivePerson, type Room, searchFor } from "@invigil/client";
import { Button, NativeSelect } from "@mantine/core";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { memo, Suspense, useCallback, useMemo, useState } from "react";
import { useLocale, useTranslations } from "use-intl";
import { arrange, createRanks, type SortColumn } from "../../live/candidates.js";
import { compareNames } from "../../live/rooms.js";
import { type Act, type ActPerson, PERSON_ACTS, type PersonAct } from "../../parts/acting/acts.js";
import { Alerts } from "../../parts/alerts.js";
import { Empty } from "../../parts/empty.js";
import { Choices, FilterBar, NoMatch, SearchField } from "../../parts/filter-bar.js";
import { late } from "../../parts/late.js";
import { useMay } from "../../parts/may.js";
import { Page } from "../../parts/page.js";
import { useRedFrom } from "../../parts/red-from.js";
import { everybody, type Roster, RosterView, useExamDetails, useRoster } from "../../parts/roster.js";
import { useRouteSearch } from "../../parts/search.js";
import { type Column, Table } from "../../parts/table.js";
import styles from "./candidates.module.css";
import {
  CameraCell,
  DetectionsCell,
  DevicesCell,
  LastEventCell,
  Name,
  PageCell,
  PersonCell,
  StateCell,
} from "./cells.js";
import { SORTABLE, STATES } from "./search.js";

const ActDialog = late(() => import("../../parts/acting/dialogs.js"));

/** Choices that are offered only if somebody has that state. */
const RARE: ReadonlySet<string> = new Set(["devices", "publishing", "unseated", "ended"]);

const keyOf = (id: string) => id;

/** Everybody who sits an exam, live. */
export function Screen() {
  const t = useTranslations("candidates");
  const { examId } = useParams({ from: "/exams/$examId/candidates" });
  const may = useMay();
  const navigate = useNavigate();
  const [{ state, room, q, sort }, change] = useRouteSearch("/exams/$examId/candidates");
  const [red] = useRedFrom();
  const { data: exam } = useExamDetails(examId);
  const roster = useRoster(examId);
  const { people } = roster;
  const rooms = roster.state?.rooms ?? [];
  const listed = useCandidates(roster, { state, rooms: room, q, red, sort });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [act, setAct] = useState<Act>();

  const columns = useColumns(examId, roster, red);
  const nameOf = useCallback((id: string) => people?.person(id)?.name ?? "", [people]);
  const narrow = useNarrowRow(examId, roster, red);
  const open = useCallback(
    (id: string) => {
      const userId = people?.person(id)?.userId;
      if (userId !== undefined)
        void navigate({ to: "/exams/$examId/candidates/$userId", params: { examId, userId } });
    },
    [people, navigate, examId],
  );
  const chooseRooms = useCallback((next: readonly string[]) => change({ room: next }), [change]);
  const clear = () => change({ state: undefined, room: [], q: "" });
  const choices = [
    { value: "all", label: t("filters.all"), count: listed.total },
    ...STATES.filter(
      (each) => each === state || !RARE.has(each) || (each !== "publishing" && listed.counts[each] > 0),
    ).map((each) => ({ value: each, label: t(`filters.${each}`), count: listed.counts[each] })),
  ] as const;
  const findNow = useCallback(({ id }: ActPerson) => people?.person(id), [people]);
  // The screen is drawn again when people have changed, once a second at most.
  const chosenPeople = [...chosen].flatMap((id) => people?.person(id) ?? []);
  return (
    <Page title={t("title")} of={exam?.name} actions={<Alerts examId={examId} troubles={listed.troubles} />}>
      <RosterView examId={examId} roster={roster}>
        {listed.total > 0 && (
          <FilterBar shown={listed.ids.length} total={listed.total} onClear={clear}>
            <Choices
              label={t("filters.state")}
              choices={choices}
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
        {may.act && listed.total > 0 && (
          <ChosenBar
            chosen={chosenPeople}
            hidden={chosenPeople.length - listed.ids.reduce((count, id) => count + Number(chosen.has(id)), 0)}
            canMove={rooms.filter(({ status }) => status === "in_progress").length > 1}
            onClear={() => setChosen(new Set())}
            onAct={(kind) => setAct({ kind, people: chosenPeople })}
          />
        )}
        <Table
          label={t("title")}
          rows={listed.ids}
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
            listed.total > 0 ? (
              <NoMatch hidden={listed.total} onClear={clear} />
            ) : (
              <Nobody examId={examId} mayImport={exam?.mayManage ?? false} />
            )
          }
        />
      </RosterView>
      {act && (
        <Suspense>
          <ActDialog
            act={act}
            examId={examId}
            findNow={findNow}
            onLeft={({ id }) => setChosen((before) => new Set([...before].filter((one) => one !== id)))}
            onClose={() => setAct(undefined)}
          />
        </Suspense>
      )}
    </Page>
  );
}

/** Who is listed. It is found anew once a second at most; each row shows its own changes at once. */
const useCandidates = (
  { people, state: found, version, stateOf, roomName }: Roster,
  {
    state,
    rooms,
    q,
    red,
    sort,
  }: {
    state: (typeof STATES)[number] | undefined;
    rooms: readonly string[];
    q: string;
    red: number;
    sort: { readonly column: SortColumn; readonly descending: boolean };
  },
) => {
  const locale = useLocale();
  const ranks = useMemo(() => createRanks(locale), [locale]);
  const matches = useMemo(() => (q.trim() === "" ? undefined : searchFor(q.trim())), [q]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says that people have changed.
  return useMemo(
    () =>
      arrange(everybody({ people, state: found }), {
        filter: { state, rooms, matches },
        sort,
        stateOf,
        roomName,
        ranks,
        redFrom: red,
      }),
    [people, found, version, state, rooms, matches, red, sort, stateOf, roomName, ranks],
  );
};

const useColumns = (
  examId: string,
  { people, stateOf, roomName }: Roster,
  redFrom: number,
): readonly Column<string>[] => {
  const t = useTranslations("candidates");
  return useMemo(() => {
    const column = (
      id: string,
      header: string,
      width: string,
      draw: (person: LivePerson) => React.ReactNode,
      more: Partial<Column<string>> = {},
    ): Column<string> => ({
      id,
      header,
      width,
      cell: (row) => <PersonCell people={people} id={row} draw={draw} />,
      ...more,
    });
    const isSortable = true;
    return [
      column(
        "need",
        t("columns.state"),
        "minmax(210px, 2fr)",
        (person) => <StateCell person={person} state={stateOf(person)} />,
        { isSortable },
      ),
      column(
        "name",
        t("columns.name"),
        "minmax(90px, 1.500fr)",
        (person) => <Name examId={examId} person={person} />,
        { isSortable },
      ),
      column("id", t("columns.id"), "80px", ({ userId }) => <span title={userId}>{userId}</span>, {
        isSortable,
      }),
      column(
        "room",
        t("columns.room"),
        "minmax(80px, 1fr)",
        ({ roomId }) => roomId !== undefined && roomName(roomId),
        { isSortable },
      ),
      column("main", t("columns.main"), "70px", (person) => <PageCell person={person} camera="main" />, {
        from: 900,
      }),
      column(
        "mainCamera",
        t("columns.mainCamera"),
        "72px",
        (person) => <CameraCell person={person} camera="main" />,
        { from: 760 },
      ),
      column("pc", t("columns.pc"), "70px", (person) => <PageCell person={person} camera="pc" />, {
        from: 1000,
      }),
      column(
        "pcCamera",
        t("columns.pcCamera"),
        "72px",
        (person) => <CameraCell person={person} camera="pc" />,
        { from: 760 },
      ),
      column("devices", t("columns.devices"), "52px", (person) => <DevicesCell person={person} />, {
        from: 900,
        align: "end",
      }),
      column(
        "detections",
        t("columns.detections"),
        "72px",
        (person) => <DetectionsCell person={person} redFrom={redFrom} />,
        { isSortable, align: "end" },
      ),
      column(
        "last",
        t("columns.last"),
        "minmax(140px, 1.400fr)",
        (person) => <LastEventCell person={person} />,
        {
          from: 1190,
          isSortable,
        },
      ),
    ];
  }, [t, examId, people, stateOf, roomName, redFrom]);
};

const useNarrowRow = (examId: string, { people, stateOf, roomName }: Roster, redFrom: number) =>
  useMemo(() => {
    const draw = (person: LivePerson) => (
      <>
        <span className={styles.line}>
          <Name examId={examId} person={person} />
          {person.detections > 0 && (
            <span className={styles.end}>
              <DetectionsCell person={person} redFrom={redFrom} />
            </span>
          )}
        </span>
        <span className={`${styles.line} ${styles.second}`}>
          <StateCell person={person} state={stateOf(person)} />
          <span className={styles.end}>{person.roomId !== undefined && roomName(person.roomId)}</span>
        </span>
      </>
    );
    return (id: string) => <PersonCell people={people} id={id} draw={draw} />;
  }, [examId, people, stateOf, roomName, redFrom]);

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

/** What can be done for those who are chosen. It stands there always, so that nothing jumps. */
function ChosenBar({
  chosen,
  hidden,
  canMove,
  onClear,
  onAct,
}: {
  chosen: readonly LivePerson[];
  hidden: number;
  /** Whether there is a room to move people to. */
  canMove: boolean;
  onClear: () => void;
  onAct: (kind: PersonAct) => void;
}) {
  const t = useTranslations("candidates.chosen");
  const acts = useTranslations("watching.acts");
  const count = chosen.length;
  return (
    <div role="toolbar" aria-label={t("label")} className={styles.chosen} data-some={count > 0 || undefined}>
      <span className={styles.count} data-numbers>
        {count === 0 ? t("none") : t("count", { count })}
        {hidden > 0 && <span className={styles.hidden}> · {t("hidden", { count: hidden })}</span>}
      </span>
      {count > 0 &&
        PERSON_ACTS.filter((kind) => kind !== "move" || canMove).map((kind) => (
          <Button key={kind} variant="subtle" size="compact-sm" onClick={() => onAct(kind)}>
            {acts(kind)}
          </Button>
        ))}
      {count > 0 && (
        <Button variant="subtle" size="compact-sm" onClick={onClear}>
          {t("clear")}
        </Button>
      )}
    </div>
  );
}

function Nobody({ examId, mayImport }: { examId: string; mayImport: boolean }) {
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
