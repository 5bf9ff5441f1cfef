import type { CheatRecord, Hand, Message, RoomEvent } from "@invigil/client";
import { signals } from "@invigil/client";
import { describe, expect, it } from "vitest";
import { byNeed, needsLook, reasonsOf } from "./attention.js";
import { rowsOf } from "./feed.js";
import { type SeatFacts, type SeatView, seatsOf } from "./seats.js";
import {
  concerns,
  cutEntry,
  type Entry,
  eventEntries,
  leftEntry,
  mergeTimeline,
  messageEntry,
  pageEntry,
  recordEntry,
  staffEntries,
  streamEntry,
  talkEntry,
  visitEntries,
} from "./timeline.js";

const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000);
const RECORD = { examId: "x", roomId: "r", detectType: "cellPhone", isMainMonitor: true, extraInfo: {} };
const record = (id: number, userId: string, seconds: number): Entry =>
  recordEntry({
    ...RECORD,
    id,
    userId,
    detectTime: at(seconds),
    createdAt: at(seconds),
    updatedAt: at(seconds),
  } satisfies CheatRecord);
const message = (
  id: number,
  seconds: number,
  more: Partial<Message> & { from?: string; role?: Message["sender"]["role"] } = {},
): Message => ({
  id,
  roomId: "r",
  type: 30_001,
  data: { text: `message ${id}` },
  sender: { userId: more.from ?? "e1", role: more.role ?? "examinee", camera: "main" },
  time: at(seconds),
  ...more,
});
const entryOf = (of: Message): Entry => {
  const entry = messageEntry(of);
  if (!entry) throw new Error("The message has no line.");
  return entry;
};
const event = (id: number, seconds: number, more: object) =>
  ({ id: String(id), roomId: "r", time: at(seconds), ...more }) as RoomEvent;
const connection = { userId: "e1", role: "examinee", camera: "main" } as const;

describe("the timeline of a room", () => {
  it("tells each happening once, whether a list, an event or the state tells it", () => {
    const listed = [
      streamEntry({
        id: 1,
        roomId: "r",
        userId: "e1",
        camera: "main",
        action: "publish",
        eventTime: at(1),
        ip: "",
        node: "",
        createdAt: at(2),
      }),
      record(7, "e1", 5),
    ];
    const live = [
      event(1, 1, { type: "participant_entered", ...connection }),
      event(2, 2, { type: "publish_status_changed", userId: "e1", camera: "main", status: "publishing" }),
      event(3, 9, { type: "participant_left", ...connection }),
    ].flatMap(eventEntries);
    const entries = mergeTimeline(
      [{ entries: listed }],
      [
        ...live,
        pageEntry({ userId: "e1", camera: "main", since: at(1) }),
        leftEntry("e1", { camera: "main", since: at(9) }),
      ],
    );
    expect(entries.map(({ what }) => what.is)).toEqual(["left", "record", "publishing", "entered"]);
  });

  it("tells a talk in one line, with its length as soon as an event or the list tells its end", () => {
    const talk = (id: number, seconds: number, isTalking: boolean, userId = "e1") =>
      event(id, seconds, { type: "talk_changed", userId, role: "examinee", by: "t1", isTalking });
    const row = { userId: "e1", by: "t1", startedAt: at(1) };
    const tell = (listed: readonly Entry[], ...events: RoomEvent[]) =>
      mergeTimeline([{ entries: listed }], events.flatMap(eventEntries)).map(({ userId, what }) =>
        what.is === "talked" ? [userId, what.lastedMs] : what.is,
      );
    expect(tell([], talk(1, 1, true))).toEqual([["e1", undefined]]);
    expect(tell([], talk(1, 1, true), talk(2, 4, false))).toEqual([["e1", 3000]]);
    expect(tell([talkEntry(row)], talk(2, 4, false))).toEqual([["e1", 3000]]);
    expect(tell([talkEntry({ ...row, endedAt: at(4) })], talk(1, 1, true), talk(2, 4, false))).toEqual([
      ["e1", 3000],
    ]);
    const said = (listed: readonly Entry[], ...events: RoomEvent[]) =>
      mergeTimeline([{ entries: listed }], events.flatMap(eventEntries)).map(
        ({ what }) => what.is === "talked" && what.isHeard,
      );
    const heard = (id: number, seconds: number, since: number, isHeard = true) =>
      event(id, seconds, {
        type: "talk_heard",
        userId: "e1",
        role: "examinee",
        by: "t1",
        since: at(since),
        isHeard,
      });
    expect(said([], talk(1, 1, true), talk(2, 4, false))).toEqual([false]);
    expect(said([], talk(1, 1, true), heard(5, 2, 1), talk(2, 4, false))).toEqual([true]);
    // That it plays no longer does not take back that it played.
    expect(said([], talk(1, 1, true), heard(5, 2, 1), heard(6, 3, 1, false))).toEqual([true]);
    expect(said([], talk(1, 1, true), heard(5, 2, 1, false))).toEqual([false]);
    const listed = talkEntry({ ...row, heardAt: at(2), endedAt: at(4) });
    expect(said([listed])).toEqual([true]);
    expect(said([listed], talk(1, 1, true))).toEqual([true]);
    // It is about the talk that it names.
    expect(said([], talk(1, 1, true), talk(2, 4, false), talk(3, 5, true), heard(5, 6, 1))).toEqual([
      false,
      true,
    ]);
    // The end of a talk is that of the talk before it, with the same person.
    expect(
      tell(
        [talkEntry(row)],
        talk(2, 4, false),
        talk(3, 5, true, "e2"),
        talk(4, 6, true),
        talk(5, 8, false, "e2"),
      ),
    ).toEqual([
      ["e1", undefined],
      ["e2", 3000],
      ["e1", 3000],
    ]);
  });

  it("tells a visit once, whether the list of visits, an event or the state tells it", () => {
    const told = [
      event(1, 1, { type: "participant_entered", ...connection }),
      event(2, 9, { type: "participant_left", ...connection }),
      event(3, 20, { type: "participant_entered", ...connection }),
    ].flatMap(eventEntries);
    const visits = visitEntries("e1", { roomId: "r1", camera: "main", since: at(1), leftAt: at(9) });
    const going = pageEntry({ userId: "e1", camera: "main", since: at(20) });
    const tell = (entries: readonly Entry[]) =>
      mergeTimeline([{ entries }], [going]).map((entry) => [entry.what.is, entry.at]);
    const all = [
      ["entered", at(20).getTime()],
      ["left", at(9).getTime()],
      ["entered", at(1).getTime()],
    ];
    expect(tell([...visits, ...told])).toEqual(all);
    // Days later, without the event log.
    expect(tell(visits)).toEqual(all);
  });

  it("names the time of another clock where it differs", () => {
    const recorded = { ...RECORD, id: 1, userId: "e1", createdAt: at(60), updatedAt: at(60) };
    const streamed = {
      id: 1,
      roomId: "r",
      userId: "e1",
      camera: "main",
      action: "publish",
      ip: "",
      node: "",
    } as const;
    const elsewhere = [
      recordEntry({ ...recorded, detectTime: at(58) }),
      recordEntry({ ...recorded, detectTime: at(0) }),
      recordEntry({ ...recorded, detectTime: at(600) }),
      streamEntry({ ...streamed, eventTime: at(60), createdAt: at(60.5) }),
      streamEntry({ ...streamed, eventTime: at(30), createdAt: at(60) }),
    ].map((entry) => entry.elsewhere);
    expect(elsewhere).toEqual([
      undefined,
      { clock: "candidate", at: at(0).getTime() },
      { clock: "candidate", at: at(600).getTime() },
      undefined,
      { clock: "streams", at: at(30).getTime() },
    ]);
  });

  it("leaves out what is older than the end of a list that goes on, until the list is read further", () => {
    const records = [record(9, "e1", 100), record(8, "e1", 50)];
    const messages = [entryOf(message(3, 80)), entryOf(message(2, 10))];
    const keys = (since?: Date) =>
      mergeTimeline(
        [{ entries: records, since: since?.getTime() }, { entries: messages }],
        [cutEntry(at(10))],
      ).map(({ key }) => key);
    expect(keys(at(50))).toEqual(["record 9", "message 3", "record 8"]);
    // A part without a line may reach further back than another.
    expect(keys(at(60))).toEqual(["record 9", "message 3"]);
    expect(keys()).toEqual(["record 9", "message 3", "record 8", "message 2", "cut"]);
  });

  it("has one line for a command that was sent again, and none for answers and what the server sends", () => {
    const command = (id: number, seconds: number) =>
      message(id, seconds, {
        type: signals.broadcastAudio.type,
        data: { sid: "s1" },
        from: "t1",
        role: "teacher",
        to: ["e1", "pc_e1"],
      });
    const entries = mergeTimeline([], [entryOf(command(2, 5)), entryOf(command(1, 2))]);
    expect(entries).toEqual([
      expect.objectContaining({
        at: at(2).getTime(),
        userId: "e1",
        what: { is: "signal", from: "t1", to: ["e1"], signal: "broadcastAudio" },
      }),
    ]);
    expect(messageEntry(message(3, 6, { type: signals.audioBroadcastStarted.type }))).toBeUndefined();
    expect(
      messageEntry(message(4, 6, { type: signals.endUser.type, from: "server", role: "server" })),
    ).toBeUndefined();
  });

  it("of a person has what is about them, for them and for everybody", () => {
    const mine = [
      entryOf(message(1, 1)),
      entryOf(message(2, 2, { from: "t1", role: "teacher", to: ["e1"] })),
      entryOf(message(3, 3, { from: "t1", role: "teacher", to: ["e2", "pc_e1"] })),
      entryOf(message(4, 4, { from: "t1", role: "teacher" })),
      ...eventEntries(event(5, 5, { type: "room_ended" })),
    ];
    const others = [
      entryOf(message(6, 1, { from: "e2" })),
      entryOf(message(7, 2, { from: "t1", role: "teacher", to: ["e2", "e3"] })),
      record(8, "e2", 3),
    ];
    expect([...mine, ...others].filter((entry) => concerns(entry, "e1"))).toEqual(mine);
  });
});

describe("the lines of what happened", () => {
  const left = (userId: string, seconds: number, camera: "main" | "pc" = "main") =>
    leftEntry(userId, { camera, since: at(seconds) });

  it("tell a burst of one cause once, and both pages of a person in one", () => {
    const burst = ["a", "b", "c"].flatMap((userId, index) => [
      left(userId, 100 + index),
      left(userId, 101 + index, "pc"),
    ]);
    const rows = rowsOf(
      [...burst, left("d", 1000, "pc"), left("d", 999), record(1, "a", 50)].sort(
        (one, other) => other.at - one.at,
      ),
      "Hall B",
    );
    expect(rows.map((row) => ("group" in row ? row.group.userIds.length : row.cameras))).toEqual([
      ["main", "pc"],
      3,
      ["main"],
    ]);
  });

  it("counts among the cameras that went dark only those whose pages stayed", () => {
    const stopped = (userId: string, seconds: number, camera: "main" | "pc" = "main") =>
      streamEntry({
        id: seconds,
        roomId: "r",
        userId,
        camera,
        action: "publish_done",
        eventTime: at(seconds),
        ip: "",
        node: "",
        createdAt: at(seconds),
      });
    const left = (userId: string, seconds: number) =>
      leftEntry(userId, { camera: "main", since: at(seconds) });
    const gone = ["a", "b", "c"].flatMap((userId, index) => [
      left(userId, 100 + index),
      stopped(userId, 110 + index),
    ]);
    const dark = ["d", "e", "f"].map((userId, index) => stopped(userId, 120 + index));
    const other = [stopped("a", 130, "pc"), left("g", 400), stopped("g", 401)];
    const rows = rowsOf(
      [...gone, ...dark, ...other].sort((one, two) => two.at - one.at),
      "Hall B",
    );
    expect(
      rows.map((row) => ("group" in row ? [row.group.kind, ...row.group.userIds] : [row.entry.what.is])),
    ).toEqual([["stopped"], ["left"], ["stopped", "d", "e", "f", "a"], ["left", "a", "b", "c"]]);
  });
});

describe("decisions", () => {
  const decision = (id: number, userId: string, seconds: number, minutes = 10) => ({
    id,
    userId,
    kind: "extend" as const,
    minutes,
    by: { userId: "t1", role: "teacher" as const },
    time: at(seconds),
  });

  it("are told once, whether the list or an event tells them", () => {
    const told = [decision(1, "e1", 1), decision(2, "e2", 1)];
    const [first, ...others] = eventEntries(event(9, 1, { type: "entries_added", entries: told }));
    expect(others).toHaveLength(1);
    expect(mergeTimeline([{ entries: staffEntries(told) }], first ? [first] : [])).toHaveLength(2);
  });

  it("are one line for all whom one person decided about at once, and one for each other decision", () => {
    const told = [decision(1, "e1", 1), decision(2, "e2", 1), decision(3, "e3", 1, -5), decision(4, "e1", 2)];
    const rows = rowsOf(mergeTimeline([{ entries: staffEntries(told) }], []), "r");
    expect(rows.map((row) => ("people" in row ? row.people : undefined))).toEqual([1, 1, 2]);
  });

  it("about the times of the exam are one line for all who had the same end", () => {
    const times = (id: number, userId: string, extra = 0) => ({
      ...decision(id, userId, 1),
      kind: "times" as const,
      minutes: undefined,
      ends: { from: at(7200 + extra), to: at(300 + extra) },
    });
    const told = [times(1, "e1"), times(2, "e2"), times(3, "e3", 60)];
    const rows = rowsOf(mergeTimeline([{ entries: staffEntries(told) }], []), "r");
    expect(rows.map((row) => ("people" in row ? row.people : undefined))).toEqual([1, 2]);
  });
});

describe("what staff found and noted", () => {
  const by = { userId: "t1", role: "teacher" } as const;
  const told = [
    { id: 1, userId: "e1", kind: "identity", identity: "refused", note: "Not the photo", by, time: at(1) },
    { id: 2, userId: "e1", kind: "note", severity: "serious", note: "A phone", by, at: at(-60), time: at(2) },
    { id: 3, roomId: "r", kind: "note", severity: "info", note: "Noise outside", by, time: at(3) },
  ] as const;
  const pushed = eventEntries(event(9, 3, { type: "entries_added", entries: [...told] }));

  it("is told once, whether the list or an event tells it, each in a line", () => {
    const entries = mergeTimeline([{ entries: staffEntries(told) }], pushed);
    expect(entries.map(({ kind }) => kind)).toEqual(["notes", "notes", "notes"]);
    expect(rowsOf(entries, "r")).toHaveLength(3);
    expect(entries.map((entry) => entry.elsewhere)).toEqual([
      undefined,
      { clock: "author", at: at(-60).getTime() },
      undefined,
    ]);
  });

  it("is on the page of the person whom it is about, and a note about the room on nobody's", () => {
    expect(pushed.map((entry) => concerns(entry, "e1"))).toEqual([true, true, false]);
    expect(pushed.map((entry) => concerns(entry, "e2"))).toEqual([false, false, false]);
  });
});

describe("the seats of a room", () => {
  it("need a look as long as the identity of their person is refused or has to be checked again", () => {
    const checked = (status: "confirmed" | "refused" | "later") =>
      member(status, { identity: { status, since: at(1) } });
    const found = seats({
      members: [member("unchecked"), checked("confirmed"), checked("refused"), checked("later")],
      presence: ["unchecked", "confirmed", "refused", "later"].map((id) => here(id)),
    });
    expect(
      found.filter((seat) => reasonsOf(seat, at(9).getTime()).some(({ kind }) => kind === "unidentified")),
    ).toMatchObject([{ userId: "refused" }, { userId: "later" }]);
  });

  it("end with the attempt of their person, and stand still while it is paused", () => {
    const times = { startTime: at(0), endTime: at(3600) };
    const attempt = {
      status: "paused",
      since: at(60),
      givesBack: true,
      pausedMs: 0,
      extendedMinutes: 5,
    } as const;
    const facts = (now: number) => ({
      members: [
        member("paused", { attempt }),
        member("over", { attempt: { ...attempt, status: "terminated" } }),
      ],
      presence: [here("paused"), here("over")],
      times,
      now: at(now).getTime(),
    });
    const [before, over] = seats(facts(60));
    const [after] = seats(facts(660));
    expect(before).toMatchObject({
      state: "publishing",
      pausedSince: at(60).getTime(),
      endsAt: at(3900).getTime(),
    });
    expect(after?.endsAt).toBe(at(4500).getTime());
    expect(over).toMatchObject({ state: "ended", asks: undefined, pausedSince: undefined });
  });

  const member = (userId: string, more: object = {}) => ({
    userId,
    name: userId,
    role: "examinee",
    extraMinutes: 0,
    publishStatus: { main: "publishing", pc: "idle" } as const,
    ...more,
  });
  const here = (userId: string, devices = 1) =>
    ({ userId, role: "examinee", camera: "main", since: at(0), devices }) as const;
  const seats = (more: Partial<SeatFacts>) =>
    seatsOf({
      members: [],
      labels: new Map(),
      presence: [],
      hands: [],
      hasEnded: false,
      now: 0,
      entries: [],
      from: 0,
      ...more,
    });

  it("are in the checks until they have entered the exam with the candidate's page", () => {
    const passed = { result: "passed" } as const;
    const idle = { publishStatus: { main: "idle", pc: "idle" } } as const;
    const entered = { readiness: { checks: { entered: passed }, wavedThrough: false } };
    const camera = { readiness: { checks: { camera: passed }, wavedThrough: false } };
    const facts: Partial<SeatFacts> = {
      members: [
        member("opened", idle),
        member("tested", { ...idle, ...camera }),
        member("entered", { ...idle, ...entered }),
        member("seen", camera),
        member("absent", idle),
        member("late", idle),
      ],
      presence: ["opened", "tested", "entered", "seen"].map((id) => here(id)),
    };
    const statesOf = (found: readonly SeatView[]) => found.map(({ state }) => state);
    expect(statesOf(seats({ ...facts, usesPage: true })).join(" ")).toBe(
      "checking checking idle publishing expected expected",
    );
    // Other apps do not say it.
    expect(statesOf(seats(facts)).slice(0, 3)).toEqual(["idle", "idle", "idle"]);
    // After the end of their time, they are no longer waited for.
    const times = { startTime: at(0), endTime: at(10) };
    expect(statesOf(seats({ ...facts, times, now: at(20).getTime(), usesPage: true })).slice(0, 2)).toEqual([
      "ended",
      "ended",
    ]);
  });

  it("come by their hand if it has no answer, the oldest first, among those who ask", () => {
    const hand = (id: number, userId: string, minute: number, status: Hand["status"] = "raised"): Hand => ({
      id,
      roomId: "r1",
      userId,
      kind: "help",
      status,
      createdAt: at(minute),
    });
    const ids = ["quiet", "late", "asks", "early", "taken"];
    const found = seats({
      members: ids.map((userId) => member(userId)),
      presence: ids.map((userId) => here(userId)),
      hands: [hand(1, "early", 100), hand(2, "late", 300), hand(3, "taken", 50, "taken")],
      entries: [entryOf(message(1, 200, { from: "asks" }))],
    });
    const reasons = (seat: SeatView) => reasonsOf(seat, 0, 5);
    const ordered = [...found].sort((one, other) => byNeed(reasons(one), reasons(other)));
    expect(ordered.map(({ userId }) => userId)).toEqual(["early", "asks", "late", "taken", "quiet"]);
    const looks = found.filter((seat) => needsLook(reasons(seat)));
    expect(looks.map(({ userId }) => userId)).toEqual(["late", "asks", "early"]);
  });

  it("come in the order in which they need attention, and otherwise in the order of the room", () => {
    const members = ["quiet", "absent", "gone", "dark", "asksLate", "asks", "seen", "flagged", "two"].map(
      (userId) =>
        member(userId, {
          publishStatus: {
            main: userId === "absent" ? "idle" : userId === "dark" ? "stopped" : "publishing",
            pc: "idle",
          },
        }),
    );
    const records = Array.from({ length: 5 }, (_, id) => record(id, "flagged", 100 + id));
    const entries = [
      entryOf(message(2, 300, { from: "asksLate" })),
      entryOf(message(1, 200, { from: "asks" })),
      ...records,
      record(9, "seen", 90),
    ];
    const found = seats({
      members,
      presence: ["quiet", "dark", "asks", "asksLate", "seen", "flagged"]
        .map((id) => here(id))
        .concat(here("two", 2)),
      entries,
    });
    const reasons = (seat: SeatView) => reasonsOf(seat, at(400).getTime(), 5);
    const ordered = [...found].sort((one, other) => byNeed(reasons(one), reasons(other)));
    expect(ordered.map(({ userId }) => userId)).toEqual([
      "two",
      "flagged",
      "asks",
      "asksLate",
      "gone",
      "dark",
      "seen",
      "absent",
      "quiet",
    ]);
  });

  it("no longer ask once the staff has written to them or to everybody", () => {
    const asked = entryOf(message(1, 1));
    const told = (to: readonly string[] | undefined) =>
      entryOf(message(2, 2, { from: "t1", role: "teacher", ...(to && { to: [...to] }) }));
    const asks = (entries: readonly Entry[]) => seats({ members: [member("e1")], entries })[0]?.asks?.text;
    expect(asks([asked])).toBe("message 1");
    expect(asks([told(["e2"]), asked])).toBe("message 1");
    expect(asks([told(["pc_e1"]), asked])).toBeUndefined();
    expect(asks([told(undefined), asked])).toBeUndefined();
    expect(asks([entryOf(message(3, 3)), told(undefined), asked])).toBe("message 3");
  });

  it("say since when a camera is dark and a person gone, by what happened or what the server tells, whichever is later", () => {
    const stopped = member("e1", { publishStatus: { main: "stopped", pc: "idle" } });
    const known = new Map([
      ["e1", { publishStatusSince: { main: at(5) }, left: [{ camera: "main" as const, since: at(6) }] }],
    ]);
    const live = eventEntries(
      event(1, 9, { type: "publish_status_changed", userId: "e1", camera: "main", status: "stopped" }),
    );
    const since = (more: Partial<SeatFacts>) => seats({ members: [stopped], ...more })[0];
    expect(since({ presence: [here("e1")] })?.since).toBeUndefined();
    expect(since({ presence: [here("e1")], known })?.since).toBe(at(5).getTime());
    expect(since({ presence: [here("e1")], known, entries: live })?.since).toBe(at(9).getTime());
    expect(since({ known })).toMatchObject({ state: "disconnected", since: at(6).getTime() });
  });

  it("have ended when their time is over and their page turned the camera off, also before the next minute", () => {
    const times = { startTime: at(0), endTime: at(600) };
    const stopped = (second: number) => ({
      times,
      members: [member("e1", { publishStatus: { main: "stopped", pc: "idle" } as const })],
      known: new Map([["e1", { publishStatusSince: { main: at(second) }, left: [] }]]),
    });
    const look = (more: Partial<SeatFacts>) => {
      const now = at(590).getTime();
      const [seat] = seats({ now, ...more });
      return seat && { state: seat.state, kinds: reasonsOf(seat, more.now ?? now).map(({ kind }) => kind) };
    };
    const presence = [here("e1")];
    const calm = { state: "ended", kinds: ["ended"] };
    // The minute of the view is the one before.
    expect(look({ ...stopped(600), presence })).toEqual(calm);
    expect(look({ ...stopped(600), presence: [] })).toEqual(calm);
    expect(look({ ...stopped(300), presence })).toEqual({ state: "dark", kinds: ["dark", "timeShort"] });
    expect(look({ ...stopped(300), presence, now: at(600).getTime() })).toEqual(calm);
    // More time begins again.
    const [more] = seats({
      ...stopped(600),
      presence,
      now: at(700).getTime(),
      members: [member("e1", { extraMinutes: 5, publishStatus: { main: "stopped", pc: "idle" } as const })],
    });
    expect(more?.state).toBe("dark");
    // Who never came is still missed, and who is seen is still seen.
    const late = { now: at(601).getTime(), times };
    const idle = { publishStatus: { main: "idle", pc: "idle" } as const };
    expect(seats({ ...late, members: [member("e1", idle)] })[0]?.state).toBe("expected");
    expect(seats({ ...late, members: [member("e1")], presence })[0]?.state).toBe("publishing");
  });

  it("count the records of the window", () => {
    const entries = [record(2, "e1", 20), record(1, "e1", 10)];
    expect(seats({ members: [member("e1")], entries, from: at(15).getTime() })[0]).toMatchObject({
      detections: 1,
      lastDetection: { at: at(20).getTime() },
    });
  });

  it("are of candidates only", () => {
    expect(seats({ members: [member("t1", { role: "teacher" }), member("e1")] })).toHaveLength(1);
  });
});
