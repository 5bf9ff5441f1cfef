import type { CheatRecord, ExamEntry } from "@invigil/client";
import { describe, expect, it } from "vitest";
import { joinPhases } from "./phases.js";
import { mergeTimeline, recordEntry, staffEntries } from "./timeline.js";

const record = (id: number, more: Partial<CheatRecord> = {}): CheatRecord => ({
  id,
  examId: "x1",
  roomId: "r1",
  userId: "e1",
  isMainMonitor: true,
  detectType: "pictureDark",
  detectTime: new Date(id * 1000),
  createdAt: new Date(id * 1000),
  updatedAt: new Date(id * 1000),
  extraInfo: {},
  ...more,
});
const begin = record(1, { extraInfo: { id: "a", phase: "begin" } });
const end = record(13, { extraInfo: { id: "a", phase: "end", durationMs: 12_000 } });

describe("what a detector of the page noticed", () => {
  it("is one line from its begin on, with its length once it has ended, in whatever order records come", () => {
    const told = { at: 1000, what: { is: "record", detectType: "pictureDark", lastedMs: 12_000 } };
    for (const records of [
      [begin, end],
      [end, begin],
    ])
      expect(mergeTimeline([], records.map(recordEntry))).toMatchObject([told]);
    expect(mergeTimeline([], [recordEntry(begin)])).toMatchObject([{ what: { lastedMs: undefined } }]);
  });

  it("is one record, unless only its end is read", () => {
    expect(joinPhases([end, begin])).toEqual([{ ...begin, extraInfo: end.extraInfo }]);
    expect(joinPhases([end])).toEqual([end]);
  });

  it("is apart from that of another person, of another time and of another detector", () => {
    const others = [
      record(14, { extraInfo: end.extraInfo, userId: "e2" }),
      record(15, { extraInfo: { id: "b", phase: "end", durationMs: 1 } }),
      record(16, { extraInfo: end.extraInfo, detectType: "manyPeople" }),
    ];
    expect(joinPhases([begin, ...others])).toHaveLength(4);
    expect(mergeTimeline([], [begin, ...others].map(recordEntry))).toHaveLength(4);
  });
});

it("tells that a person agreed to be watched", () => {
  const entry: ExamEntry = {
    id: 7,
    kind: "consent",
    userId: "e1",
    version: 1,
    time: new Date(1000),
  };
  expect(staffEntries([entry])).toMatchObject([{ userId: "e1", kind: "notes", what: { is: "consented" } }]);
});
