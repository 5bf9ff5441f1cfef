import type { CheatRecordPage, ListCheatRecordsInput } from "@invigil/client";
import { useCallback, useEffect, useMemo, useState } from "react";
import { createStore, useStore } from "../../components/store.js";
import { joinPhases } from "../../live/phases.js";
import {
  countBy,
  matcherOf,
  type RecordFilter,
  type RecordSorting,
  serverFilterOf,
  sortRecords,
} from "./filters.js";
import { NOTHING, RecordList, type RecordsState } from "./record-list.js";
import type { Names, Removal } from "./watch.js";

/** How many records are read first, for a quick picture, and later. */
const FIRST_PAGE = 100;
const PAGE = 1000;

const NO_NAMES: Names = { people: new Map(), rooms: new Map() };
const NO_RECORDS = createStore(NOTHING);

const useList = (list: RecordList | undefined): RecordsState => {
  useEffect(() => {
    list?.start();
    return list?.stop;
  }, [list]);
  return useStore(list?.state ?? NO_RECORDS);
};

interface RecordsOptions {
  /** Reads a page of the exam's records. It stays the same. */
  readonly read: (input: Omit<ListCheatRecordsInput, "examId">) => Promise<CheatRecordPage>;
  readonly filter: RecordFilter;
  readonly sort: RecordSorting;
  readonly typeName: (type: string) => string;
}

/** The records of an exam that a filter shows, in the order of a sorting, as far as they have been read. */
export const useRecords = ({ read, filter, sort, typeName }: RecordsOptions) => {
  const [names, setNames] = useState(NO_NAMES);
  const nameOf = useCallback((userId: string) => names.people.get(userId), [names]);
  const roomOf = useCallback((roomId: string) => names.rooms.get(roomId) ?? roomId, [names]);

  const list = useMemo(
    () => new RecordList((cursor) => read({ pageSize: cursor === undefined ? FIRST_PAGE : PAGE, cursor })),
    [read],
  );
  const newest = useList(list);
  const olderList = useOlderList(read, filter, newest, names.people);
  const older = useList(olderList);
  const records = useMemo(() => {
    const oldest = newest.records.at(-1)?.id ?? 0;
    return joinPhases([...newest.records, ...older.records.filter(({ id }) => id < oldest)]);
  }, [newest.records, older.records]);

  const matches = useMemo(() => matcherOf(filter, nameOf), [filter, nameOf]);
  const shown = useMemo(
    () => sortRecords(records.filter(matches), sort, { typeName, nameOf, roomOf }),
    [records, matches, sort, typeName, nameOf, roomOf],
  );
  const types = useMemo(
    () => countBy(records.filter(matcherOf({ ...filter, type: "" }, nameOf)), ({ detectType }) => detectType),
    [records, filter, nameOf],
  );
  const rooms = useMemo(
    () => countBy(records.filter(matcherOf({ ...filter, room: "" }, nameOf)), ({ roomId }) => roomId),
    [records, filter, nameOf],
  );
  const people = useMemo(() => new Set(shown.map(({ userId }) => userId)).size, [shown]);
  const { arrived } = newest;
  const news = useMemo(() => arrived.filter(matches).length, [arrived, matches]);
  // Records that the filters hide move no row.
  useEffect(() => {
    if (arrived.length > 0 && news === 0) list.show();
  }, [arrived, news, list]);

  const forgetErased = useCallback(
    async ({ userId, roomId }: Removal) => {
      // People are removed with their records, unless they were only moved. Of their last room, all go.
      for (const of of [{}, { roomId }]) {
        const left = await read({ ...of, userIds: [userId], pageSize: 1 });
        if (left.records.length > 0 || left.nextCursor !== undefined) continue;
        for (const each of [list, olderList])
          each?.forget(
            (record) => record.userId === userId && (!("roomId" in of) || record.roomId === roomId),
          );
        return;
      }
    },
    [read, list, olderList],
  );
  return {
    /** The records that were read, and those that the filter shows. */
    records,
    shown,
    /** Of how many people the shown records are. */
    people,
    /** The types and rooms of what the other filters show, each with how many records it has. */
    types,
    rooms,
    names,
    nameOf,
    roomOf,
    isReading: newest.isReading || older.isReading,
    /** Whether all records of the exam were read, and whether all that the filter shows were. */
    hasAll: newest.isComplete,
    hasAllFound: newest.isComplete || older.isComplete,
    error: newest.error ?? older.error,
    readOlder: () => void (olderList ?? list).readOlder(),
    readAgain: () => {
      void list.readOlder();
      void olderList?.readOlder();
      list.readNewer();
    },
    /** How many records came that the filter shows. They wait until the person asks for them. */
    news,
    showNews: list.show,
    onArrival: list.readNewer,
    onNames: useCallback(
      ({ people, rooms }: Names) =>
        setNames((known) => ({
          people: new Map([...known.people, ...people]),
          rooms: new Map([...known.rooms, ...rooms]),
        })),
      [],
    ),
    onRosterChange: useCallback(
      async (seated: ReadonlySet<string>) => {
        const roomless = new Map(
          [list, olderList]
            .flatMap((each) => each?.state.get().records ?? [])
            .flatMap(({ userId, roomId }) => (seated.has(userId) ? [] : [[userId, roomId] as const])),
        );
        for (const [userId, roomId] of roomless)
          await forgetErased({ userId, roomId }).catch(() => undefined);
      },
      [list, olderList, forgetErased],
    ),
    onRemoval: useCallback(
      // A query that the server cannot answer now stays until the page is reloaded.
      (from: Removal) => void forgetErased(from).catch(() => undefined),
      [forgetErased],
    ),
  };
};

/** The records that the server finds for a filter among those that are older than the ones that were read. */
const useOlderList = (
  read: RecordsOptions["read"],
  filter: RecordFilter,
  { records, isComplete }: RecordsState,
  known: ReadonlyMap<string, string>,
): RecordList | undefined => {
  const isNeeded = records.length > 0 && !isComplete;
  const key = useMemo(() => JSON.stringify(serverFilterOf(filter, known)), [filter, known]);
  const after = records.at(-1)?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the filter, and it begins where it was needed first.
  return useMemo(() => {
    const asked = serverFilterOf(filter, known);
    return isNeeded && asked
      ? new RecordList((cursor) => read({ ...asked, pageSize: PAGE, cursor }), { after })
      : undefined;
  }, [read, isNeeded, key]);
};
