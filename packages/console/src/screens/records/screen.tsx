import "@mantine/core/styles/Combobox.css";
import { type CheatRecord, isInvigilError } from "@invigil/client";
import { useInvigil, useInvigilClient, useSession } from "@invigil/react";
import { Button, NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Announce } from "../../parts/announcer.js";
import { CsvMenu } from "../../parts/csv-menu.js";
import { Empty, Skeleton } from "../../parts/empty.js";
import { ErrorNote } from "../../parts/error-note.js";
import { Choices, FilterBar, MoreFilters, NoMatch, SearchField } from "../../parts/filter-bar.js";
import { late } from "../../parts/late.js";
import { MomentField, momentOf } from "../../parts/moment-field.js";
import { Page } from "../../parts/page.js";
import { PersonLink } from "../../parts/place-links.js";
import { useRouteSearch } from "../../parts/search.js";
import { WithPanel } from "../../parts/side-panel.js";
import { createStore, useStore } from "../../parts/store.js";
import { type Column, Table } from "../../parts/table.js";
import { ScreenTexts } from "../../parts/texts.js";
import { Time, useZone } from "../../parts/time.js";
import { useTypeName } from "../../parts/type-name.js";
import { countBy, lineOf, matcherOf, type RecordFilter, serverFilterOf } from "./filters.js";
import { NOTHING, RecordList, type RecordsState } from "./record-list.js";
import { RecordPanel } from "./record-panel.js";
import styles from "./records.module.css";
import { CAMERAS, SORTABLE } from "./search.js";
import { type Names, Watch } from "./watch.js";

const TypeSelect = late(() => import("./type-select.js"));

const NO_FILTER = { type: "", room: "", q: "", camera: "all", from: "", to: "" } as const;

/** What the detectors saw in the rooms that the person may see. */
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
  const [{ type, room, q, camera, from, to, sort, record: open }, change] =
    useRouteSearch("/exams/$examId/records");
  const { data: exam } = useQuery(invigil.exam.get.queryOptions({ examId }));

  const list = useMemo(
    () =>
      new RecordList((cursor) =>
        client.cheat.listRecords.query({
          examId,
          pageSize: cursor === undefined ? FIRST_PAGE : PAGE,
          cursor,
        }),
      ),
    [client, examId],
  );
  const newest = useRecordList(list);
  const { arrived } = newest;
  const { names, addNames } = useNames();
  const nameOf = useCallback((userId: string) => names.people.get(userId), [names]);
  const roomOf = useCallback((roomId: string) => names.rooms.get(roomId) ?? roomId, [names]);

  const filter = useMemo(
    () => ({ type, room, person: q, camera, from: momentOf(zone, from), to: momentOf(zone, to) }),
    [type, room, q, camera, from, to, zone],
  );
  const matches = useMemo(() => matcherOf(filter, nameOf), [filter, nameOf]);
  const older = useOlder(examId, filter, newest, names.people);
  const records = useMemo(() => {
    const oldest = newest.records.at(-1)?.id ?? 0;
    return [...newest.records, ...older.records.filter(({ id }) => id < oldest)];
  }, [newest.records, older.records]);
  const isFiltered =
    type !== "" || room !== "" || q.trim() !== "" || camera !== "all" || from !== "" || to !== "";
  const isReading = newest.isReading || older.isReading;
  const isComplete = newest.isComplete || older.isComplete;
  const error = newest.error ?? older.error;
  const readOlder = () => void (older.list ?? list).readOlder();
  const forgetErased = useCallback(
    async ({ userId, roomId }: { readonly userId: string; readonly roomId: string }) => {
      // Nobody is removed without their records, unless they were only moved. Of their last room, all go.
      for (const of of [{ examId }, { roomId }]) {
        const left = await client.cheat.listRecords.query({ ...of, userIds: [userId], pageSize: 1 });
        if (left.records.length > 0 || left.nextCursor !== undefined) continue;
        for (const each of [list, older.list])
          each?.forget(
            (record) => record.userId === userId && (!("roomId" in of) || record.roomId === roomId),
          );
        return;
      }
    },
    [client, examId, list, older.list],
  );
  const onRemoval = useCallback(
    // What cannot be asked now stays until the page is reloaded, as the server may still have it.
    (from: Parameters<typeof forgetErased>[0]) => void forgetErased(from).catch(() => undefined),
    [forgetErased],
  );
  const shown = useMemo(() => {
    const orders: { readonly [By in (typeof SORTABLE)[number]]: (record: CheatRecord) => string | number } = {
      arrival: ({ id }) => id,
      time: ({ detectTime }) => detectTime.getTime(),
      type: ({ detectType }) => typeName(detectType),
      person: ({ userId }) => nameOf(userId) ?? userId,
      room: ({ roomId }) => roomOf(roomId),
    };
    const found = records.filter(matches);
    if (sort.column !== "arrival") found.sort(by(orders[sort.column]));
    return (sort.column === "arrival") === sort.descending ? found : found.reverse();
  }, [records, matches, sort, typeName, nameOf, roomOf]);
  const types = useMemo(
    () => countBy(records.filter(matcherOf({ ...filter, type: "" }, nameOf)), ({ detectType }) => detectType),
    [records, filter, nameOf],
  );
  const rooms = useMemo(
    () => countBy(records.filter(matcherOf({ ...filter, room: "" }, nameOf)), ({ roomId }) => roomId),
    [records, filter, nameOf],
  );
  const people = useMemo(() => new Set(shown.map(({ userId }) => userId)).size, [shown]);
  const news = useMemo(() => arrived.filter(matches).length, [arrived, matches]);
  // What the filters hide moves no row.
  useEffect(() => {
    if (arrived.length > 0 && news === 0) list.show();
  }, [arrived, news, list]);

  const opened = open === undefined ? undefined : records.find(({ id }) => String(id) === open);
  const columns = useMemo<readonly Column<CheatRecord>[]>(
    () => [
      {
        id: "arrival",
        header: t("columns.arrival"),
        width: "minmax(112px, 1fr)",
        isSortable: true,
        cell: ({ createdAt }) => <Time value={createdAt} />,
      },
      {
        id: "time",
        header: t("columns.time"),
        width: "minmax(112px, 1fr)",
        isSortable: true,
        from: 860,
        cell: ({ detectTime }) => <Time value={detectTime} />,
      },
      {
        id: "type",
        header: t("columns.type"),
        width: "minmax(130px, 1.5fr)",
        isSortable: true,
        cell: ({ detectType }) => <span className={styles.type}>{typeName(detectType)}</span>,
      },
      {
        id: "person",
        header: t("columns.person"),
        width: "minmax(150px, 2fr)",
        isSortable: true,
        cell: ({ userId }) => (
          <PersonLink examId={examId} userId={userId} title={`${nameOf(userId) ?? ""} ${userId}`}>
            {nameOf(userId) ?? userId}
            {nameOf(userId) !== undefined && <span className={styles.id}> {userId}</span>}
          </PersonLink>
        ),
      },
      {
        id: "room",
        header: t("columns.room"),
        width: "minmax(100px, 1.5fr)",
        isSortable: true,
        from: 640,
        cell: ({ roomId }) => <span title={roomOf(roomId)}>{roomOf(roomId)}</span>,
      },
      {
        id: "camera",
        header: t("columns.camera"),
        width: "70px",
        from: 760,
        cell: ({ isMainMonitor }) => t(isMainMonitor ? "camera.main" : "camera.pc"),
      },
      {
        id: "extra",
        header: t("columns.extra"),
        width: "minmax(100px, 2fr)",
        from: 1000,
        cell: (record) => <span className={styles.extra}>{lineOf(record)}</span>,
      },
    ],
    [t, examId, typeName, nameOf, roomOf],
  );
  const narrow = useCallback(
    (record: CheatRecord) => (
      <>
        <span className={styles.line}>
          <span className={styles.type}>{typeName(record.detectType)}</span>
          <Time value={record.createdAt} />
        </span>
        <span className={styles.line}>
          <span className={styles.who}>{nameOf(record.userId) ?? record.userId}</span>
          <span className={styles.where}>{roomOf(record.roomId)}</span>
        </span>
      </>
    ),
    [typeName, nameOf, roomOf],
  );
  const clear = () => change(NO_FILTER);
  // The number of records that were not read is unknown.
  const counted = (count: number) => (newest.isComplete ? count : undefined);
  const typeChoices = [
    ...types,
    // The chosen one stays, also when other filters leave none of it.
    ...(type === "" || types.some(([value]) => value === type) ? [] : [[type, 0] as const]),
  ].map(([value, count]) => ({ value, label: typeName(value), count: counted(count) }));
  const labelOf = (roomId: string, count: number) =>
    newest.isComplete ? `${roomOf(roomId)} (${count})` : roomOf(roomId);
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
  return (
    <Page
      title={t("title")}
      of={exam?.name}
      aside={
        <span className={styles.aside}>
          {hasRecords && <span data-numbers>{t("counts", { count: shown.length, people })}</span>}
          {news > 0 && (
            <button type="button" className={styles.news} onClick={list.show}>
              {t("news", { count: news })}
            </button>
          )}
        </span>
      }
      actions={hasRecords && <CsvMenu name={t("csv.file")} rows={csv} />}
    >
      <Watch examId={examId} onArrival={list.readNewer} onNames={addNames} onRemoval={onRemoval} />
      {news > 0 && <Announce text={t("newsSpoken", { count: news })} />}
      {hasRecords && (
        <FilterBar
          shown={shown.length}
          total={newest.isComplete || !isFiltered ? records.length : undefined}
          onClear={clear}
        >
          {typeChoices.length <= MOST_BUTTONS ? (
            <Choices
              label={t("filters.type")}
              choices={[
                { value: "", label: t("filters.allTypes"), count: counted(sumOf(types)) },
                ...typeChoices,
              ]}
              value={type}
              onChange={(next) => change({ type: next })}
            />
          ) : (
            <Suspense fallback={<span className={styles.types} />}>
              <TypeSelect
                label={t("filters.type")}
                placeholder={t("filters.searchTypes", { count: typeChoices.length })}
                nothing={t("filters.noType")}
                choices={typeChoices}
                value={type}
                onChange={(next) => change({ type: next })}
              />
            </Suspense>
          )}
          <SearchField
            value={q}
            onChange={(next) => change({ q: next }, { replace: true })}
            placeholder={t("filters.person")}
          />
          <MoreFilters
            active={[room !== "", camera !== "all", from !== "", to !== ""].filter(Boolean).length}
          >
            <NativeSelect
              aria-label={t("filters.room")}
              className={styles.room}
              value={room}
              onChange={({ currentTarget }) => change({ room: currentTarget.value })}
              data={[
                { value: "", label: t("filters.allRooms") },
                ...rooms.map(([value, count]) => ({ value, label: labelOf(value, count) })),
                ...(room === "" || rooms.some(([value]) => value === room)
                  ? []
                  : [{ value: room, label: labelOf(room, 0) }]),
              ]}
            />
            <NativeSelect
              aria-label={t("filters.camera")}
              value={camera}
              onChange={({ currentTarget }) =>
                change({ camera: CAMERAS.find((one) => one === currentTarget.value) ?? "all" })
              }
              data={CAMERAS.map((value) => ({ value, label: t(`camera.${value}`) }))}
            />
            {(["from", "to"] as const).map((name) => (
              <MomentField
                key={name}
                label={t(`filters.${name}`)}
                value={name === "from" ? from : to}
                onChange={(value) => change({ [name]: value }, { replace: true })}
              />
            ))}
          </MoreFilters>
        </FilterBar>
      )}
      {error !== undefined && (
        <ErrorNote
          error={error}
          {...(!isRefused(error) && {
            onRetry: () => {
              void list.readOlder();
              void older.list?.readOlder();
              list.readNewer();
            },
          })}
        />
      )}
      {!hasRecords && isReading ? (
        <Skeleton />
      ) : !hasRecords && error !== undefined ? null : (
        <>
          <WithPanel>
            <Table
              // Other filters begin at the top.
              key={JSON.stringify(filter)}
              label={t("title")}
              rows={shown}
              keyOf={keyOf}
              nameOf={(record) => `${typeName(record.detectType)}, ${nameOf(record.userId) ?? record.userId}`}
              columns={columns}
              narrow={narrow}
              sorting={sort}
              onSort={({ column, descending }) =>
                change({
                  sort: { column: SORTABLE.find((name) => name === column) ?? "arrival", descending },
                })
              }
              onOpen={({ id }) => change({ record: String(id) })}
              openKey={open}
              // Older records come at the end, and whoever asks for what came sees it, also under their pointer.
              arrangement={`${records.length} ${names.people.size}`}
              empty={
                hasRecords && isReading ? (
                  <Skeleton />
                ) : hasRecords ? (
                  <NoMatch hidden={newest.isComplete ? records.length : undefined} onClear={clear} />
                ) : (
                  <Empty title={t("empty.title")}>
                    {t("empty.text")} {t(user?.role === "admin" ? "scope.all" : "scope.own")}
                  </Empty>
                )
              }
            />
            {opened && (
              <RecordPanel
                record={opened}
                name={nameOf(opened.userId)}
                room={roomOf(opened.roomId)}
                onFilter={change}
                onClose={() => change({ record: undefined })}
              />
            )}
          </WithPanel>
          {open !== undefined && !opened && newest.isComplete && <p className={styles.foot}>{t("gone")}</p>}
          {hasRecords && (
            <p className={styles.foot}>
              {isReading
                ? t("reading", { count: records.length })
                : newest.isComplete
                  ? t(user?.role === "admin" ? "scope.all" : "scope.own")
                  : !isFiltered
                    ? t("partly", { count: records.length })
                    : isComplete
                      ? t("allFound")
                      : t("partlyFound", { count: shown.length })}
              {!isReading && !isComplete && (
                <Button variant="subtle" size="compact-xs" onClick={readOlder}>
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

/** How many types are buttons beside each other. The detectors of the apps know ten; a detector of one's own may send any number. */
const MOST_BUTTONS = 12;

/** How many records are read first, for a quick picture, and later. */
const FIRST_PAGE = 100;
const PAGE = 1000;

const useRecordList = (list: RecordList): RecordsState => {
  useEffect(() => {
    list.start();
    return list.stop;
  }, [list]);
  return useStore(list.state);
};

const NO_RECORDS = createStore(NOTHING);

/** What the server finds of a filter among the records that are older than those that were read. */
const useOlder = (
  examId: string,
  filter: RecordFilter,
  { records, isComplete }: RecordsState,
  known: ReadonlyMap<string, string>,
) => {
  const client = useInvigilClient();
  const isNeeded = records.length > 0 && !isComplete;
  const key = useMemo(() => JSON.stringify(serverFilterOf(filter, known)), [filter, known]);
  const after = records.at(-1)?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the filter, and it begins where it was needed first.
  const list = useMemo(() => {
    const asked = serverFilterOf(filter, known);
    return isNeeded && asked
      ? new RecordList(
          (cursor) => client.cheat.listRecords.query({ examId, ...asked, pageSize: PAGE, cursor }),
          { after },
        )
      : undefined;
  }, [client, examId, isNeeded, key]);
  useEffect(() => {
    list?.start();
    return list?.stop;
  }, [list]);
  return { list, ...useStore(list?.state ?? NO_RECORDS) };
};

const keyOf = ({ id }: CheatRecord) => String(id);
const sumOf = (counts: readonly (readonly [string, number])[]) =>
  counts.reduce((sum, [, count]) => sum + count, 0);
const isRefused = (error: unknown) =>
  isInvigilError(error) && ["FORBIDDEN", "EXAM_NOT_FOUND"].includes(error.data.reason);
const by = (keyOf: (record: CheatRecord) => string | number) => (one: CheatRecord, other: CheatRecord) => {
  const [a, b] = [keyOf(one), keyOf(other)];
  return typeof a === "number" && typeof b === "number"
    ? a - b
    : String(a).localeCompare(String(b), undefined, { numeric: true });
};

const NO_NAMES: Names = { people: new Map(), rooms: new Map() };

/** The names that the parts of the page have said, by which rooms add theirs. */
const useNames = () => {
  const [names, setNames] = useState(NO_NAMES);
  const addNames = useCallback(
    ({ people, rooms }: Names) =>
      setNames((known) => ({
        people: new Map([...known.people, ...people]),
        rooms: new Map([...known.rooms, ...rooms]),
      })),
    [],
  );
  return { names, addNames };
};
