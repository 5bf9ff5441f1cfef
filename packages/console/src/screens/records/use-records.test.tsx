import type { CheatRecord, CheatRecordPage } from "@invigil/client";
import { act, renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { RecordFilter, RecordSorting } from "./filters.js";
import { useRecords } from "./use-records.js";

const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 3, minute));
const record = (id: number, more: Partial<CheatRecord> = {}): CheatRecord => ({
  id,
  examId: "e",
  roomId: id % 2 === 0 ? "r2" : "r10",
  userId: `u${id % 3}`,
  detectType: id % 2 === 0 ? "watch" : "manyPeople",
  isMainMonitor: true,
  detectTime: at(60 - id),
  extraInfo: {},
  createdAt: at(id),
  updatedAt: at(id),
  ...more,
});
const ids = (records: readonly CheatRecord[]) => records.map(({ id }) => id);

const ALL: RecordFilter = {
  type: "",
  room: "",
  person: "",
  camera: "all",
  from: undefined,
  to: undefined,
};
const NEWEST: RecordSorting = { column: "arrival", descending: true };
const NAMES = {
  people: new Map([
    ["u0", "Li Lei"],
    ["u1", "王芳"],
  ]),
  rooms: new Map([
    ["r2", "Room 2"],
    ["r10", "Room 10"],
  ]),
};
type Read = Parameters<typeof useRecords>[0]["read"];

/** The hook, of a server with these records. */
const open = async (
  all: CheatRecord[],
  {
    filter = ALL,
    sort = NEWEST,
    read,
  }: Partial<{ filter: RecordFilter; sort: RecordSorting; read: Read }> = {},
) => {
  const answer: Read = ({ userIds, roomId, cursor }): Promise<CheatRecordPage> =>
    Promise.resolve({
      records: all
        .filter(
          ({ id, ...of }) =>
            (userIds?.includes(of.userId) ?? true) &&
            (roomId === undefined || of.roomId === roomId) &&
            id < (cursor ?? Number.POSITIVE_INFINITY),
        )
        .toReversed(),
    });
  const options = { read: read ?? answer, filter, sort, typeName: (type: string) => `the ${type}` };
  const { result, rerender } = renderHook(useRecords, { initialProps: options });
  await expect.poll(() => result.current.isReading).toBe(false);
  act(() => result.current.onNames(NAMES));
  return { result, show: (more: Partial<typeof options>) => rerender({ ...options, ...more }) };
};
const five = () => [1, 2, 3, 4, 5].map((id) => record(id));

describe("the records that a page shows", () => {
  it.each<[RecordSorting, number[]]>([
    [NEWEST, [5, 4, 3, 2, 1]],
    [{ column: "arrival", descending: false }, [1, 2, 3, 4, 5]],
    [{ column: "time", descending: false }, [5, 4, 3, 2, 1]],
    [{ column: "time", descending: true }, [1, 2, 3, 4, 5]],
    [{ column: "type", descending: false }, [5, 3, 1, 4, 2]],
    // By its name, if it is known, and numbers count as numbers.
    [{ column: "room", descending: false }, [4, 2, 5, 3, 1]],
    [{ column: "person", descending: false }, [3, 5, 2, 4, 1]],
  ])("are sorted by %j", async (sort, expected) => {
    const { result } = await open(five(), { sort });
    expect(ids(result.current.shown)).toEqual(expected);
  });

  it("are those of the filter, and each choice says how many it would leave", async () => {
    const { result, show } = await open(five());
    show({ filter: { ...ALL, type: "watch", person: "王" } });
    expect(ids(result.current.shown)).toEqual([4]);
    expect(result.current.people).toBe(1);
    expect(result.current.types).toEqual([
      ["manyPeople", 1],
      ["watch", 1],
    ]);
    expect(result.current.rooms).toEqual([["r2", 1]]);
  });

  it("gain what came when the person asks for it, or when the filter hides it", async () => {
    const all = five();
    const { result, show } = await open(all);
    all.push(record(6), record(7));
    act(() => result.current.onArrival());
    await expect.poll(() => result.current.news).toBe(2);
    expect(ids(result.current.shown)).toEqual([5, 4, 3, 2, 1]);
    act(() => result.current.showNews());
    expect(ids(result.current.shown)).toEqual([7, 6, 5, 4, 3, 2, 1]);

    show({ filter: { ...ALL, type: "watch" } });
    all.push(record(9));
    act(() => result.current.onArrival());
    await expect.poll(() => ids(result.current.records)).toContain(9);
    expect(result.current.news).toBe(0);
  });

  it("lose those of a person who was erased, but not of one who was moved", async () => {
    const all = five();
    const { result } = await open(all);
    // Moved: their records are still there.
    await act(async () => result.current.onRemoval({ userId: "u1", roomId: "r10" }));
    expect(ids(result.current.records)).toEqual([5, 4, 3, 2, 1]);
    // Erased of one room: what they did in another one stays.
    all.splice(0, all.length, ...all.filter(({ id }) => id !== 1));
    await act(async () => result.current.onRemoval({ userId: "u1", roomId: "r10" }));
    expect(ids(result.current.records)).toEqual([5, 4, 3, 2]);
    // Erased of the exam.
    all.splice(0, all.length, ...all.filter(({ userId }) => userId !== "u2"));
    await act(async () => result.current.onRemoval({ userId: "u2", roomId: "r2" }));
    expect(ids(result.current.records)).toEqual([4, 3]);
  });

  it("lose those of a person in no room who was erased when the roster changes, and no others", async () => {
    const all = five();
    const { result } = await open(all);
    all.splice(0, all.length, ...all.filter(({ userId }) => userId !== "u2"));
    // Other events name those who have a room.
    await act(() => result.current.onRosterChange(new Set(["u1", "u2"])));
    expect(ids(result.current.records)).toEqual([5, 4, 3, 2, 1]);
    await act(() => result.current.onRosterChange(new Set()));
    expect(new Set(ids(result.current.records))).toEqual(new Set(ids(all)));
    expect(all.length).toBeLessThan(5);
  });

  it("include what the server finds of the filter among records that were not read", async () => {
    const asked: Parameters<Read>[0][] = [];
    let hasFailed = false;
    const read: Read = async (input) => {
      asked.push(input);
      if (input.detectTypes) return { records: [record(2), record(1, { detectType: "watch" })] };
      if (input.cursor === undefined) return { records: [record(4), record(3)], nextCursor: 3 };
      hasFailed = true;
      throw new Error("no network");
    };
    const { result, show } = await open([], { read });
    expect(hasFailed).toBe(true);
    expect(result.current.hasAll).toBe(false);
    show({ read, filter: { ...ALL, type: "watch" } });
    await expect.poll(() => ids(result.current.shown)).toEqual([4, 2, 1]);
    expect(asked.at(-1)).toMatchObject({ detectTypes: ["watch"], cursor: 3 });
    expect(result.current.hasAllFound).toBe(true);
    expect(result.current.hasAll).toBe(false);
  });
});
