import { type CheatRecord, type ListCheatRecordsInput, searchFor } from "@invigil/client";

/** Which records to show. Empty texts and absent times filter nothing. */
export interface RecordFilter {
  readonly type: string;
  readonly room: string;
  /** What `searchFor` finds people by. */
  readonly person: string;
  readonly camera: "all" | "main" | "pc";
  /** When the server received them: the first moment, and the first one after the last. */
  readonly from: Date | undefined;
  readonly to: Date | undefined;
}

const personMatcherOf = (person: string): ReturnType<typeof searchFor> =>
  person.trim() === "" ? () => true : searchFor(person.trim());

/** Says of a record whether the filter shows it. */
export const matcherOf = (
  { type, room, person, camera, from, to }: RecordFilter,
  nameOf: (userId: string) => string | undefined,
): ((record: CheatRecord) => boolean) => {
  const isNamed = personMatcherOf(person);
  return ({ detectType, roomId, userId, isMainMonitor, createdAt }) =>
    (type === "" || detectType === type) &&
    (room === "" || roomId === room) &&
    (camera === "all" || isMainMonitor === (camera === "main")) &&
    (from === undefined || createdAt >= from) &&
    (to === undefined || createdAt < to) &&
    isNamed({ userId, name: nameOf(userId) ?? "" });
};

/** How many people the server looks for at most. */
const MOST_PEOPLE = 100;

/** The query of the server that finds what a filter shows. Undefined: it cannot help. */
export const serverFilterOf = (
  { type, room, person, camera, from, to }: RecordFilter,
  known: ReadonlyMap<string, string>,
): Omit<ListCheatRecordsInput, "examId" | "pageSize" | "cursor"> | undefined => {
  const isNamed = personMatcherOf(person);
  const people =
    person.trim() === ""
      ? []
      : [...known].flatMap(([userId, name]) => (isNamed({ userId, name }) ? [userId] : []));
  const filter = {
    ...(type !== "" && { detectTypes: [type] }),
    ...(room !== "" && { roomId: room }),
    ...(people.length > 0 && people.length <= MOST_PEOPLE && { userIds: people }),
    ...(camera !== "all" && { isMainMonitor: camera === "main" }),
    ...(from && { receivedFrom: from }),
    ...(to && { receivedTo: to }),
  };
  const isEmpty = from !== undefined && to !== undefined && to <= from;
  return isEmpty || Object.keys(filter).length === 0 ? undefined : filter;
};

export interface RecordSorting {
  readonly column: "arrival" | "time" | "type" | "person" | "room";
  readonly descending: boolean;
}

/** Sorts records, which come with the newest first. */
export const sortRecords = (
  records: readonly CheatRecord[],
  { column, descending }: RecordSorting,
  of: {
    readonly typeName: (type: string) => string;
    readonly nameOf: (userId: string) => string | undefined;
    readonly roomOf: (roomId: string) => string;
  },
): readonly CheatRecord[] => {
  if (column === "arrival") return descending ? records : records.toReversed();
  const orders = {
    time: (one: CheatRecord, other: CheatRecord) => one.detectTime.getTime() - other.detectTime.getTime(),
    type: by(({ detectType }) => of.typeName(detectType)),
    person: by(({ userId }) => of.nameOf(userId) ?? userId),
    room: by(({ roomId }) => of.roomOf(roomId)),
  };
  const sorted = records.toSorted(orders[column]);
  return descending ? sorted.reverse() : sorted;
};

const by = (textOf: (record: CheatRecord) => string) => (one: CheatRecord, other: CheatRecord) =>
  textOf(one).localeCompare(textOf(other), undefined, { numeric: true });

/** How many records there are of each key, the most first. */
export const countBy = (
  records: readonly CheatRecord[],
  keyOf: (record: CheatRecord) => string,
): readonly (readonly [key: string, count: number])[] => {
  const counts = new Map<string, number>();
  for (const record of records) counts.set(keyOf(record), (counts.get(keyOf(record)) ?? 0) + 1);
  return [...counts].sort(([one, a], [other, b]) => b - a || one.localeCompare(other));
};

/** The extra fields of a detector, on one line. */
export const lineOf = ({ extraInfo }: CheatRecord): string =>
  typeof extraInfo === "string"
    ? extraInfo
    : Object.entries(extraInfo)
        .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join(", ");
