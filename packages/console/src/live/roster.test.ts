import type { Hand, LivePerson, Room, RosterState } from "@invigil/client";
import { describe, expect, it } from "vitest";
import type { ControlFacts } from "./attention.js";
import { arrange, type CandidateFilter, createRanks } from "./candidates.js";
import { incidentsOf, recentTroubles, type Trouble } from "./group-incidents.js";
import type { CandidateState } from "./person.js";
import { hallsOf, marksOfRooms, roomsToLookAt, summarize } from "./rooms.js";
import { candidateState, lastEventOf, sinceOf, troubleOf } from "./roster.js";
import { unreadIn, withCount } from "./unread.js";

const at = (minute: number, second = 0) => new Date(Date.UTC(2026, 10, 30, 1, minute, second));
const NOW = at(20).getTime();
const EXAM = { startTime: at(0), endTime: at(150) };

const person = (id: string, more: Partial<LivePerson> = {}): LivePerson => ({
  id,
  userId: id,
  name: id,
  role: "examinee",
  extraMinutes: 0,
  roomId: "r1",
  publishStatus: { main: "publishing", pc: "idle" },
  publishStatusSince: { main: at(1) },
  pages: [{ camera: "main", since: at(0), devices: 1 }],
  left: [],
  detections: 0,
  ...more,
});
const handOf = (
  userId: string,
  kind: Hand["kind"],
  minute: number,
  status: Hand["status"] = "raised",
): Hand => ({
  id: minute,
  roomId: "r1",
  userId,
  kind,
  status,
  createdAt: at(minute),
});
const gone = (id: string, when: Date, more: Partial<LivePerson> = {}) =>
  person(id, { pages: [], left: [{ camera: "main", since: when }], ...more });
const absent = (id: string, more: Partial<LivePerson> = {}) => person(id, { pages: [], ...more });
const teacher = (id: string, roomId: string, isHere = true) =>
  person(id, { role: "teacher", roomId, ...(!isHere && { pages: [] }) });
const dark = (id: string, since: Date, more: Partial<LivePerson> = {}) =>
  person(id, {
    publishStatus: { main: "publishing", pc: "stopped" },
    publishStatusSince: { main: at(1), pc: since },
    ...more,
  });
const room = (id: string, name: string, status: Room["status"] = "in_progress"): Room => ({
  id,
  name,
  examId: "x",
  status,
  audioStatus: "silent",
  imGroupId: id,
  createTeacher: "t",
  createdAt: at(0),
  updatedAt: at(0),
});

/** As the client says it. */
const stateOf = (one: LivePerson): CandidateState => {
  const roster: RosterState =
    one.roomId === undefined
      ? "unseated"
      : one.pages.length === 0
        ? one.left.length > 0
          ? "disconnected"
          : "expected"
        : Object.values(one.publishStatus).includes("stopped")
          ? "stopped"
          : Object.values(one.publishStatus).includes("publishing")
            ? "publishing"
            : "notPublishing";
  return candidateState(one, roster);
};

/** The facts that tests give people themselves. */
// Safe: all of them are optional.
const controlOf = (one: LivePerson) => one as LivePerson & ControlFacts;

describe("the state of a candidate", () => {
  it("has ended once their attempt is over, although their page is still there", () => {
    const pages = [{ camera: "main" as const, since: at(0), devices: 2 }];
    const attempt = { status: "paused", givesBack: true, pausedMs: 0, extendedMinutes: 0 } as const;
    expect(candidateState({ pages, attempt }, "stopped")).toBe("devices");
    for (const status of ["finished", "terminated"] as const)
      expect(candidateState({ pages, attempt: { ...attempt, status } }, "disconnected")).toBe("ended");
  });

  it("is several devices before everything else, unless the room has ended", () => {
    const pages = [{ camera: "pc" as const, since: at(0), devices: 2 }];
    expect(candidateState({ pages }, "stopped")).toBe("devices");
    expect(candidateState({ pages }, "ended")).toBe("ended");
    expect(candidateState({ pages: [] }, "notPublishing")).toBe("idle");
  });

  it("says since when it lasts: since the last page left, and since the first camera went dark", () => {
    const left = [
      { camera: "main" as const, since: at(3) },
      { camera: "pc" as const, since: at(5) },
    ];
    expect(sinceOf(person("a", { pages: [], left }), "disconnected")).toEqual(at(5));
    expect(sinceOf(dark("a", at(7)), "dark")).toEqual(at(7));
    expect(sinceOf(absent("a"), "expected")).toBeUndefined();
  });

  it("comes with the newest of what happened", () => {
    expect(lastEventOf(person("a"))).toEqual({ kind: "publishing", camera: "main", at: at(1) });
    expect(lastEventOf(dark("a", at(7)))).toEqual({ kind: "stopped", camera: "pc", at: at(7) });
    expect(lastEventOf(person("a", { lastDetectionTime: at(9) }))).toEqual({ kind: "detected", at: at(9) });
    expect(lastEventOf(absent("a", { publishStatus: { main: "idle", pc: "idle" } }))).toBeUndefined();
  });

  it("is a trouble if it needs attention, and it is known since when", () => {
    expect(troubleOf(gone("a", at(5)), "disconnected")).toEqual({
      userId: "a",
      kind: "disconnected",
      place: "r1",
      at: at(5).getTime(),
    });
    expect(troubleOf(absent("a"), "expected")).toBeUndefined();
  });
});

describe("the rooms that need a look", () => {
  it("groups by nothing that all rooms share", () => {
    expect(hallsOf([room("r1", "Room 1"), room("r2", "Room 2")]).get("r1")).toBe("");
    expect(hallsOf([room("r1", "Hall A 1"), room("r2", "Hall B 1")]).get("r2")).toBe("Hall B");
  });

  const ROOMS = [
    room("r1", "Hall A 1"),
    room("r2", "Hall B 1"),
    room("r3", "Hall B 2"),
    room("r4", "Quiet 9"),
  ];
  const look = (people: readonly LivePerson[], now = NOW, known: readonly Trouble[] = []) => {
    const summary = summarize(ROOMS, people, { stateOf, controlOf }, now);
    const recent = recentTroubles(known, summary.troubles, now);
    const incidents = incidentsOf(recent, summary.troubles, hallsOf(ROOMS));
    return roomsToLookAt(summary, incidents, EXAM, now);
  };
  const teachers = ROOMS.map(({ id }) => teacher(`t-${id}`, id));

  it("come by need, each with why and since when, and none without a reason", () => {
    const looks = look([
      ...teachers,
      gone("a", at(5)),
      absent("b"),
      absent("b2"),
      dark("c", at(7), { roomId: "r2" }),
      person("d", { roomId: "r3", pages: [{ camera: "main", since: at(0), devices: 2 }] }),
      person("e", { roomId: "r4" }),
    ]);
    expect(looks.map(({ roomIds }) => roomIds)).toEqual([["r3"], ["r1"], ["r2"]]);
    expect(looks[1]?.reasons).toEqual([
      { kind: "disconnected", count: 1, since: at(5).getTime() },
      { kind: "expected", count: 2 },
    ]);
  });

  it("do not need one for a single person who has not come a while after the start", () => {
    const people = [...teachers, absent("a")];
    expect(look(people, at(14).getTime())[0]?.reasons).toEqual([{ kind: "expected", count: 1 }]);
    expect(look(people, at(15).getTime())).toEqual([]);
  });

  it("come with the one cause of many before rooms with several reasons", () => {
    const looks = look([
      ...teachers,
      ...["a", "b", "c"].map((id) => gone(id, at(10), { roomId: "r2" })),
      gone("d", at(1)),
      dark("e", at(5)),
      person("f", { detections: 1, lastDetectionTime: at(19) }),
    ]);
    expect(looks.map(({ roomIds }) => roomIds)).toEqual([["r2"], ["r1"]]);
  });

  it("tell one cause once for several rooms, and not again for each", () => {
    const hit = [1, 2, 3].flatMap((n) => [
      gone(`b${n}`, at(10, n), { roomId: "r2" }),
      gone(`c${n}`, at(10, n + 5), { roomId: "r3" }),
    ]);
    const before = hit[0];
    const looks = look([...teachers, ...hit]);
    expect(looks).toEqual([
      {
        key: expect.any(String) as string,
        roomIds: ["r2", "r3"],
        hall: "Hall B",
        reasons: [
          {
            kind: "burst",
            of: "disconnected",
            count: 6,
            back: 0,
            from: at(10, 1).getTime(),
            to: at(10, 8).getTime(),
          },
        ],
      },
    ]);
    // One of them comes back: the line stays the same line, and says so.
    const known = summarize(ROOMS, hit, { stateOf, controlOf }, NOW).troubles;
    const [after] = look(
      [...teachers, person(before?.id ?? "", { roomId: "r2" }), ...hit.slice(1)],
      NOW,
      known,
    );
    expect(after).toMatchObject({ key: looks[0]?.key, reasons: [{ count: 6, back: 1 }] });
  });

  it("tell one cause once, and still what else is the matter with those whom it hit", () => {
    const hit: readonly (LivePerson & ControlFacts)[] = ["a", "b", "c"].map((id) => ({
      ...gone(id, at(10), { roomId: "r2" }),
      ...(id === "a" && { pausedSince: at(12).getTime() }),
    }));
    expect(look([...teachers, ...hit])[0]?.reasons).toMatchObject([
      { kind: "burst", count: 3 },
      { kind: "paused", count: 1 },
    ]);
  });

  it("count hands since the first, without those that the staff has taken, and identities from the start on", () => {
    const hands = [5, 3, 4].map((minute, index) => ({
      ...person(`h${minute}`),
      hand: handOf(`h${minute}`, "break", minute, index === 1 ? "taken" : "raised"),
    }));
    const unknown = person("u", { roomId: "r2", identity: { status: "later", since: at(3) } });
    expect(look([...teachers, ...hands, unknown])).toMatchObject([
      { key: "r1", reasons: [{ kind: "break", count: 2, since: at(4).getTime() }] },
      { key: "r2", reasons: [{ kind: "unidentified", count: 1 }] },
    ]);
    expect(look([...teachers, unknown], at(0).getTime() - 1)).toEqual([]);
  });

  it("miss no one before the start, and an invigilator shortly before it", () => {
    const people = [absent("a"), teacher("t", "r1", false)];
    expect(look(people, at(0).getTime() - 3_600_000)).toEqual([]);
    const kinds = (now: number) => look(people, now)[0]?.reasons.map(({ kind }) => kind);
    expect(kinds(at(0).getTime() - 60_000)).toEqual(["noTeacher"]);
    expect(kinds(at(5).getTime())).toEqual(["noTeacher", "expected"]);
    expect(look(people, at(151).getTime())).toEqual([]);
  });

  it("come with what is red before all that is amber together", () => {
    const amber = [
      ...["a", "b", "c"].flatMap((id) => [gone(id, at(10)), dark(`${id}2`, at(10))]),
      gone("d", at(1)),
      dark("e", at(5)),
      person("f", { detections: 1, lastDetectionTime: at(19) }),
      absent("g"),
      absent("h"),
    ];
    const looks = look([
      ...teachers.filter(({ roomId }) => roomId !== "r4"),
      ...amber,
      person("i", { roomId: "r4" }),
      person("j", { roomId: "r3", pages: [{ camera: "main", since: at(0), devices: 2 }] }),
    ]);
    expect(looks.map(({ roomIds }) => roomIds)).toEqual([["r3"], ["r4"], ["r1"]]);
  });

  it("are marked on the map by what the list says of them first", () => {
    const marksOf = (people: readonly LivePerson[], now = NOW) => {
      const summary = summarize(ROOMS, people, { stateOf, controlOf }, now);
      const looks = look(people, now);
      const marks = marksOfRooms(summary, looks);
      const listed = new Set(looks.flatMap(({ roomIds }) => roomIds));
      for (const { id } of ROOMS)
        expect(listed.has(id)).toBe(!["well", "empty"].includes(marks.get(id) ?? ""));
      return ROOMS.map(({ id }) => marks.get(id));
    };
    const idle = (id: string, roomId: string) =>
      person(id, { roomId, publishStatus: { main: "idle", pc: "idle" } });
    expect(marksOf([])).toEqual(["empty", "empty", "empty", "empty"]);
    expect(
      marksOf([
        ...teachers.filter(({ roomId }) => roomId !== "r1"),
        person("a"),
        gone("a2", at(1)),
        idle("b", "r2"),
        absent("c", { roomId: "r3" }),
        absent("c2", { roomId: "r3" }),
        person("d", { roomId: "r4" }),
      ]),
    ).toEqual(["noTeacher", "idle", "expected", "well"]);
    expect(
      marksOf([
        ...teachers,
        person("a", { detections: 1, lastDetectionTime: at(15) }),
        absent("a2"),
        absent("a3"),
        dark("b", at(3), { roomId: "r2" }),
        person("c", { roomId: "r3", pages: [{ camera: "main", since: at(0), devices: 2 }] }),
      ]),
    ).toEqual(["detections", "dark", "devices", "empty"]);
    // One cause of several rooms is one line of the list, and a mark in each of them.
    expect(
      marksOf([
        ...teachers,
        ...[1, 2, 3].flatMap((n) => [
          gone(`b${n}`, at(10, n), { roomId: "r2" }),
          gone(`c${n}`, at(10, n + 5), { roomId: "r3" }),
        ]),
      ]),
    ).toEqual(["empty", "disconnected", "disconnected", "empty"]);
  });
});

describe("the list of candidates", () => {
  const PEOPLE = [
    person("3", { name: "Li 10" }),
    gone("1", at(5), { name: "Li 9", roomId: "r2" }),
    absent("2", { name: "王芳", detections: 4 }),
    person("4", { name: "Anna", roomId: undefined, pages: [] }),
    teacher("t", "r1"),
  ];
  const ranks = createRanks("en");
  const list = (
    filter: Partial<CandidateFilter> = {},
    column: Parameters<typeof arrange>[1]["sort"]["column"] = "need",
    descending = false,
    redFrom = 5,
    people: readonly LivePerson[] = PEOPLE,
  ) =>
    arrange(people, {
      filter: { state: undefined, rooms: [], matches: undefined, ...filter },
      sort: { column, descending },
      stateOf,
      controlOf,
      roomName: (id) => id,
      ranks,
      redFrom,
      now: NOW,
    });

  it("has candidates only, first who needs attention, and counts all of them with any filter", () => {
    expect(list().ids).toEqual(["1", "2", "3", "4"]);
    const filtered = list({ state: "disconnected" });
    expect(filtered.ids).toEqual(["1"]);
    expect(filtered.total).toBe(4);
    expect(filtered.counts).toMatchObject({
      disconnected: 1,
      expected: 1,
      publishing: 1,
      unseated: 1,
      here: 1,
    });
  });

  it("counts and filters those who are paused, and orders by when the exam ends for each", () => {
    const attempt = { status: "paused", givesBack: true, pausedMs: 0, extendedMinutes: 0 } as const;
    const endsAt = { a: 3, b: 1, c: 2 };
    const people = Object.entries(endsAt).map(([id, end]) => ({
      ...person(id, { attempt: { ...attempt, status: id === "c" ? "running" : "paused" } }),
      endsAt: end,
    }));
    expect(list({}, "ends", false, 5, people).ids).toEqual(["b", "c", "a"]);
    const paused = list({ state: "paused" }, "name", false, 5, people);
    expect(paused.ids).toEqual(["a", "b"]);
    expect(paused.counts.paused).toBe(2);
  });

  it("counts and filters those in the checks apart from those who are here", () => {
    const states = { here: "publishing", entered: "idle", checks: "checking", expected: "expected" } as const;
    const found = arrange(
      Object.keys(states).map((id) => person(id)),
      {
        filter: { state: "checking", rooms: [], matches: undefined },
        sort: { column: "name", descending: false },
        // Safe: it is called with the people above.
        stateOf: ({ userId }) => states[userId as keyof typeof states],
        controlOf,
        roomName: (id) => id,
        ranks,
        redFrom: 5,
        now: NOW,
      },
    );
    expect(found.ids).toEqual(["checks"]);
    expect(found.counts).toMatchObject({ here: 2, checking: 1, idle: 1, expected: 1 });
  });

  it("counts and filters those who miss a check, once any is known", () => {
    const passed = { result: "passed" } as const;
    const checks = { consent: passed, camera: passed, microphone: passed, connection: passed };
    const people = [
      person("ready", { readiness: { checks, wavedThrough: false } }),
      person("unchecked"),
      person("waved", { readiness: { checks: {}, wavedThrough: true } }),
      person("failed", {
        readiness: { checks: { ...checks, camera: { result: "failed" } }, wavedThrough: false },
      }),
    ];
    const missing = list({ state: "notReady" }, "name", false, 5, people);
    expect([missing.ids, missing.counts.notReady, missing.hasChecks]).toEqual([
      ["failed", "unchecked"],
      2,
      true,
    ]);
    expect(list().hasChecks).toBe(false);
  });

  it("has those first who are red by their detections, before all who are amber, disconnected or not here", () => {
    expect(list({}, "need", false, 4).ids).toEqual(["2", "1", "3", "4"]);
    expect(list({}, "need", false, 5).ids).toEqual(["1", "2", "3", "4"]);
  });

  it("has people in the order in which Overview has their rooms", () => {
    const made: readonly (LivePerson & ControlFacts)[] = [
      person("well"),
      person("idle", { publishStatus: { main: "idle", pc: "idle" } }),
      person("detected", { detections: 1, lastDetectionTime: at(19) }),
      dark("dark", at(7)),
      { ...person("paused"), pausedSince: at(9).getTime() },
      gone("gone", at(5)),
      { ...gone("gonePaused", at(6)), pausedSince: at(8).getTime(), endsAt: at(25).getTime() },
      { ...person("help"), hand: handOf("p", "help", 3) },
      { ...person("helpLater"), hand: handOf("p", "help", 4) },
      person("devices", { pages: [{ camera: "main", since: at(0), devices: 2 }] }),
      { ...person("technical"), hand: handOf("p", "technical", 9) },
    ];
    const people = made.map((one) => ({ ...one, roomId: one.id }));
    const rooms = people.map(({ id }) => room(id, id));
    const staffed = [...people, ...rooms.map(({ id }) => teacher(`t-${id}`, id))];
    const looks = roomsToLookAt(summarize(rooms, staffed, { stateOf, controlOf }, NOW), [], EXAM, NOW);
    const ids = list({}, "need", false, 5, people).ids;
    expect(ids).toEqual([
      "technical",
      "devices",
      "help",
      "helpLater",
      "gonePaused",
      "gone",
      "paused",
      "dark",
      "detected",
      "idle",
      "well",
    ]);
    expect(looks.map(({ key }) => key)).toEqual(ids.slice(0, -1));
    expect(looks.find(({ key }) => key === "gonePaused")?.reasons).toMatchObject([
      { kind: "disconnected", count: 1, since: at(6).getTime() },
      { kind: "paused", count: 1, since: at(8).getTime() },
      { kind: "timeShort", count: 1, since: at(25).getTime() },
    ]);
  });

  it("is narrowed by state, room and search together", () => {
    expect(list({ state: "detected" }).ids).toEqual(["2"]);
    expect(list({ state: "here" }).ids).toEqual(["3"]);
    expect(list({ rooms: ["r2"] }).ids).toEqual(["1"]);
    expect(list({ rooms: ["r2"], state: "here" }).ids).toEqual([]);
    expect(list({ matches: ({ name }) => name.startsWith("Li") }).ids).toEqual(["1", "3"]);
  });

  it("sorts names as people do, and the newest and the most first", () => {
    expect(list({}, "name").ids).toEqual(["4", "1", "3", "2"]);
    expect(list({}, "name", true).ids).toEqual(["2", "3", "1", "4"]);
    expect(list({}, "detections").ids[0]).toBe("2");
    expect(list({}, "last").ids[0]).toBe("1");
  });
});

it("counts in the title what came after the last look, once", () => {
  const happened = [1, 5, 9].map((when) => ({ userId: "a", kind: "dark", place: "r", at: when }));
  expect(unreadIn(happened, 4)).toHaveLength(2);
  expect(withCount("Overview", 2)).toBe("(2) Overview");
  expect(withCount("(2) Overview", 3)).toBe("(3) Overview");
  expect(withCount("(2) Overview", 0)).toBe("Overview");
});
