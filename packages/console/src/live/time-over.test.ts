import type { ExamEntry } from "@invigil/client";
import { describe, expect, it } from "vitest";
import { rowsOf } from "./feed.js";
import { type Ending, withTimeOver } from "./time-over.js";
import { type Entry, eventEntries, leftEntry, mergeTimeline, staffEntries, streamEntry } from "./timeline.js";

const START = 1_800_000_000_000;
const at = (minutes: number) => new Date(START + minutes * 60_000);
const stopped = (userId: string, minutes: number): Entry =>
  streamEntry({
    id: minutes,
    roomId: "r",
    userId,
    camera: "main",
    action: "publish_done",
    eventTime: at(minutes),
    ip: "",
    node: "",
    createdAt: at(minutes),
  });
const left = (userId: string, minutes: number) => leftEntry(userId, { camera: "main", since: at(minutes) });
const decided = (userId: string, minutes: number, more: Pick<ExamEntry, "kind"> & Partial<ExamEntry>) =>
  staffEntries([{ id: minutes, userId, by: { userId: "t1", role: "teacher" }, time: at(minutes), ...more }]);
const ending = (userId: string, minutes: number, attempt?: Ending["attempt"]): Ending => ({
  userId,
  endsAt: at(minutes).getTime(),
  attempt,
});
const room = (id: number, minutes: number, type: "room_ended" | "room_reopened") =>
  eventEntries({ id: String(id), roomId: "r", time: at(minutes), type });

/** What is told of whom, and in which minute, the newest first. */
const told = (entries: readonly Entry[], people: readonly Ending[], now: number, hasOlder = false) =>
  withTimeOver(mergeTimeline([{ entries }], []), people, { now: at(now).getTime(), hasOlder }).map(
    ({ what, userId, at: time }) =>
      `${(time - START) / 60_000} ${userId ?? ""} ${what.is === "decided" ? what.decision.kind : what.is}`,
  );

describe("the end of a person's time", () => {
  it("is an entry, and a camera and a page that stop then need no attention", () => {
    const entries = [stopped("a", 30), left("a", 31), stopped("a", 60), left("a", 62)];
    const told60 = ["62 a closed", "60 a timeOver", "60 a off", "31 a left", "30 a stopped"];
    expect(told(entries, [ending("a", 60)], 63)).toEqual(told60);
    // The minute of the view is the one before, and clocks differ a little.
    expect(told([stopped("a", 59.95)], [ending("a", 60)], 59)).toEqual(["60 a timeOver", "59.95 a off"]);
    // Who has more time is missed.
    expect(told(entries, [ending("a", 90)], 63)).not.toContain("60 a off");
    expect(told(entries, [ending("b", 60)], 63)).toEqual(
      expect.arrayContaining(["60 b timeOver", "60 a stopped"]),
    );
  });

  it("is told of before a decision, too, which gave more time or changed the times", () => {
    const more = [stopped("a", 60), ...decided("a", 65, { kind: "extend", minutes: 30 }), stopped("a", 70)];
    expect(told(more, [ending("a", 90)], 95)).toEqual([
      "90 a timeOver",
      "70 a stopped",
      "65 a extend",
      "60 a timeOver",
      "60 a off",
    ]);
    // A length that was mistyped, and taken back.
    const undone = [
      ...decided("a", 20, { kind: "times", ends: { from: at(60), to: at(5) } }),
      stopped("a", 20.1),
      ...decided("a", 21, { kind: "times", ends: { from: at(5), to: at(60) } }),
    ];
    expect(told(undone, [ending("a", 60)], 30)).toEqual([
      "21 a times",
      "20.1 a off",
      "20 a timeOver",
      "20 a times",
    ]);
    // Minutes that were given in time are no end.
    expect(told(decided("a", 30, { kind: "extend", minutes: 30 }), [ending("a", 90)], 60)).toEqual([
      "30 a extend",
    ]);
  });

  it("is not told of whose exam was over before, whose camera may be off as well", () => {
    const finished = [...decided("a", 40, { kind: "finish" }), stopped("a", 40.1)];
    const attempt = { status: "finished", since: at(40), givesBack: false, pausedMs: 0, extendedMinutes: 0 };
    // Safe: it is an attempt.
    const person = ending("a", 60, attempt as Ending["attempt"]);
    expect(told(finished, [person], 90)).toEqual(["40.1 a off", "40 a finish"]);
    // The decision is not read yet.
    expect(told([stopped("a", 40.1)], [person], 90)).toEqual(["40.1 a off"]);
    const reopened = [...finished, ...decided("a", 45, { kind: "reopen" }), stopped("a", 50)];
    expect(told(reopened, [ending("a", 60)], 55)).toEqual([
      "50 a stopped",
      "45 a reopen",
      "40.1 a off",
      "40 a finish",
    ]);
    const ended = [...room(1, 50, "room_ended"), stopped("a", 50.1)];
    expect(told(ended, [ending("a", 60)], 70)).toEqual(["50.1 a off", "50  ended"]);
    const goesOn = [...ended, ...room(2, 52, "room_reopened"), stopped("a", 55)];
    expect(told(goesOn, [ending("a", 60)], 70)).toEqual([
      "60 a timeOver",
      "55 a stopped",
      "52  reopened",
      "50.1 a off",
      "50  ended",
    ]);
  });

  it("is left out where what happened then is not read yet", () => {
    expect(told([left("a", 80)], [ending("a", 60)], 90, true)).toEqual(["80 a closed"]);
  });

  it("is one line of all whose time was over at once, and no incident", () => {
    const ids = ["a", "b", "c"];
    const entries = ids.map((userId) => stopped(userId, 60));
    const rows = rowsOf(
      withTimeOver(
        entries,
        ids.map((userId) => ending(userId, 60)),
        { now: at(61).getTime(), hasOlder: false },
      ),
      "r",
    );
    expect(
      rows.map((row) =>
        "group" in row ? [row.group.kind, row.group.userIds.length] : [row.entry.what.is, row.people],
      ),
    ).toEqual([
      ["off", 3],
      ["timeOver", 3],
    ]);
  });
});
