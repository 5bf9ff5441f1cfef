import type { CheatRecord, CheatRecordPage } from "@invigil/client";
import { describe, expect, it, vi } from "vitest";
import { countBy, lineOf, matcherOf, type RecordFilter, serverFilterOf } from "./filters.js";
import { RecordList } from "./record-list.js";

const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 3, minute));
const record = (id: number, more: Partial<CheatRecord> = {}): CheatRecord => ({
  id,
  examId: "e",
  roomId: "r1",
  userId: "u1",
  detectType: "manyPeople",
  isMainMonitor: true,
  detectTime: at(id),
  extraInfo: {},
  createdAt: at(id),
  updatedAt: at(id),
  ...more,
});
const ids = (records: readonly CheatRecord[]) => records.map(({ id }) => id);

/** A server with these records, which answers pages of three. */
const serverOf = (count: number) => {
  const all = Array.from({ length: count }, (_, index) => record(index + 1));
  const read = vi.fn(async (cursor: number | undefined): Promise<CheatRecordPage> => {
    const from = all.toReversed().filter(({ id }) => cursor === undefined || id < cursor);
    const records = from.slice(0, 3);
    const last = records.at(-1);
    return { records, ...(from.length > 3 && last && { nextCursor: last.id }) };
  });
  return { read, add: (...more: CheatRecord[]) => void all.push(...more) };
};
const open = async (server: ReturnType<typeof serverOf>) => {
  const list = new RecordList(server.read, { pauseMs: 0 });
  list.start();
  await expect.poll(() => list.state.get().isComplete).toBe(true);
  return list;
};

describe("the list of records", () => {
  it("reads all pages, the newest first", async () => {
    const list = await open(serverOf(7));
    expect(ids(list.state.get().records)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  it("holds back what comes, each once, until it is asked for", async () => {
    const server = serverOf(4);
    const list = await open(server);
    server.add(record(5), record(6), record(7), record(8), record(9));
    list.readNewer();
    list.readNewer();
    await expect.poll(() => ids(list.state.get().arrived)).toEqual([9, 8, 7, 6, 5]);
    expect(ids(list.state.get().records)).toEqual([4, 3, 2, 1]);
    server.add(record(10));
    list.readNewer();
    await expect.poll(() => ids(list.state.get().arrived)).toEqual([10, 9, 8, 7, 6, 5]);
    list.show();
    expect(ids(list.state.get().records)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(list.state.get().arrived).toEqual([]);
  });

  it("shows the first records at once, because there are none to be read yet", async () => {
    const server = serverOf(0);
    const list = await open(server);
    server.add(record(1));
    list.readNewer();
    await expect.poll(() => ids(list.state.get().records)).toEqual([1]);
  });

  it("says that a page could not be read, and goes on where it stopped", async () => {
    const server = serverOf(5);
    const list = new RecordList(server.read, { pauseMs: 0 });
    server.read.mockImplementationOnce(server.read.getMockImplementation() ?? server.read);
    server.read.mockRejectedValueOnce(new Error("no network"));
    list.start();
    await expect.poll(() => list.state.get().error).toBeInstanceOf(Error);
    expect(ids(list.state.get().records)).toEqual([5, 4, 3]);
    await list.readOlder();
    expect(list.state.get().error).toBeUndefined();
    expect(ids(list.state.get().records)).toEqual([5, 4, 3, 2, 1]);
  });
});

describe("the list of what a filter finds", () => {
  it("begins after a record, and goes on over pages without a match", async () => {
    const pages = new Map<number | undefined, CheatRecordPage>([
      [9, { records: [], nextCursor: 6 }],
      [6, { records: [record(4)], nextCursor: 3 }],
      [3, { records: [] }],
    ]);
    const read = vi.fn(async (cursor: number | undefined) => pages.get(cursor) ?? { records: [record(99)] });
    const list = new RecordList(read, { after: 9 });
    list.start();
    await expect.poll(() => list.state.get().isComplete).toBe(true);
    expect(ids(list.state.get().records)).toEqual([4]);
  });

  it("loses what was erased, also what waits to be shown", async () => {
    const server = serverOf(4);
    const list = await open(server);
    server.add(record(5), record(6));
    list.readNewer();
    await expect.poll(() => ids(list.state.get().arrived)).toEqual([6, 5]);
    list.forget(({ id }) => id % 2 === 0);
    expect(ids(list.state.get().arrived)).toEqual([5]);
    expect(ids(list.state.get().records)).toEqual([3, 1]);
  });
});

describe("the filters of records", () => {
  const all: RecordFilter = {
    type: "",
    room: "",
    person: "",
    camera: "all",
    from: undefined,
    to: undefined,
  };
  const records = [
    record(1),
    record(2, { userId: "U2", roomId: "r2", isMainMonitor: false }),
    record(3, { detectType: "=own, type" }),
  ];
  const shown = (filter: Partial<RecordFilter>) =>
    ids(records.filter(matcherOf({ ...all, ...filter }, (userId) => (userId === "u1" ? "王芳" : "Li Lei"))));

  it.each<[Partial<RecordFilter>, number[]]>([
    [{}, [1, 2, 3]],
    [{ type: "=own, type" }, [3]],
    [{ room: "r2" }, [2]],
    [{ person: "王" }, [1, 3]],
    [{ person: " u2" }, [2]],
    [{ person: "lei" }, [2]],
    [{ person: "wf" }, [1, 3]],
    [{ person: "wangf" }, [1, 3]],
    [{ camera: "pc" }, [2]],
    [{ from: at(2) }, [2, 3]],
    [{ from: at(2), to: at(3) }, [2]],
    [{ room: "r1", camera: "pc" }, []],
  ])("%j show %j", (filter, expected) => {
    expect(shown(filter)).toEqual(expected);
  });

  it.each<[Partial<RecordFilter>, object | undefined]>([
    [{}, undefined],
    [{ type: "watch" }, { detectTypes: ["watch"] }],
    [
      { room: "r2", camera: "pc" },
      { roomId: "r2", isMainMonitor: false },
    ],
    [{ camera: "main" }, { isMainMonitor: true }],
    [
      { from: at(2), to: at(3) },
      { receivedFrom: at(2), receivedTo: at(3) },
    ],
    [
      { type: "watch", person: " 王" },
      { detectTypes: ["watch"], userIds: ["u1"] },
    ],
    [{ person: "U" }, { userIds: ["u1", "u2"] }],
    [{ person: "lilei" }, { userIds: ["u2"] }],
    // No person is known: only the rows that were read can be looked at.
    [{ person: "gone" }, undefined],
    // Nothing is between them.
    [{ from: at(3), to: at(3) }, undefined],
  ])("%j ask the server for %j", (filter, expected) => {
    const known = new Map([
      ["u1", "王芳"],
      ["u2", "Li Lei"],
    ]);
    expect(serverFilterOf({ ...all, ...filter }, known)).toEqual(expected);
  });

  it("look at the time of arrival", () => {
    const lazyComponent = record(5, { detectTime: at(1) });
    expect(matcherOf({ ...all, from: at(4) }, () => undefined)(lazyComponent)).toBe(true);
  });

  it("count the most first", () => {
    expect(countBy(records, ({ detectType }) => detectType)).toEqual([
      ["manyPeople", 2],
      ["=own, type", 1],
    ]);
  });

  it("show what a detector added as it is", () => {
    expect(lineOf(record(1))).toBe("");
    expect(lineOf(record(1, { extraInfo: "{222}2" }))).toBe("{222}2");
    expect(lineOf(record(1, { extraInfo: { confidence: 0.89, by: "yolo", box: [1, 2] } }))).toBe(
      "confidence 0.89, by yolo, box [1,2]",
    );
  });
});
