import type { LivePeople, LivePerson, PeopleState, Room } from "@invigil/client";
import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Roster } from "../../components/roster.js";
import type { ExamTimes } from "../../live/rooms.js";
import { candidateState } from "../../live/roster.js";
import { useOverview } from "./use-overview.js";

const at = (minute: number) => new Date(Date.UTC(2026, 10, 30, 1, minute));
const EXAM: ExamTimes = { startTime: at(0), endTime: at(150) };
const NO_CHOICE: ReadonlySet<string> = new Set();

const room = (id: string, name: string, more: Partial<Room> = {}): Room => ({
  id,
  name,
  examId: "x",
  status: "in_progress",
  audioStatus: "silent",
  imGroupId: id,
  createTeacher: "t",
  createdAt: at(0),
  updatedAt: at(0),
  ...more,
});
const ROOMS = [room("r1", "Hall A 1"), room("r2", "Hall B 1"), room("r3", "Hall B 2")];
const person = (id: string, roomId: string, more: Partial<LivePerson> = {}): LivePerson => ({
  id,
  userId: id,
  name: id,
  role: "examinee",
  extraMinutes: 0,
  roomId,
  publishStatus: { main: "publishing", pc: "idle" },
  publishStatusSince: { main: at(1) },
  pages: [{ camera: "main", since: at(0), devices: 1 }],
  left: [],
  detections: 0,
  ...more,
});
const gone = (id: string, roomId: string, minute: number) =>
  person(id, roomId, { pages: [], left: [{ camera: "main", since: at(minute) }] });
const raised = (id: string, minute: number, status: "raised" | "taken" = "raised") =>
  person(id, "r1", {
    hand: { id: minute, roomId: "r1", userId: id, kind: "help", status, createdAt: at(minute) },
  });
const TEACHERS = ROOMS.map(({ id }) => person(`t-${id}`, id, { role: "teacher" }));

/** The data that the screen has of everybody, at a version. Casts: the hook reads no more of them. */
const rosterOf = (people: readonly LivePerson[], version = 0, rooms: readonly Room[] = ROOMS): Roster => {
  const byId = new Map([...TEACHERS, ...people].map((one) => [one.id, one]));
  return {
    people: { person: (id: string) => byId.get(id) } as LivePeople,
    state: { ids: [...byId.keys()], rooms } as Partial<PeopleState> as PeopleState,
    version,
    status: "live",
    error: undefined,
    stateOf: (one) =>
      candidateState(
        one,
        one.pages.length > 0 ? "publishing" : one.left.length > 0 ? "disconnected" : "expected",
      ),
    controlOf: () => ({}),
    labelOf: ({ name }: { readonly name: string }) => name,
    staff: new Map(),
    roomName: (id) => id,
  };
};

describe("the overview of an exam", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: at(20) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const draw = (roster: Roster, exam: ExamTimes | undefined = EXAM) =>
    renderHook(
      ({ roster, chosen }: { roster: Roster; chosen: ReadonlySet<string> }) =>
        useOverview(roster, exam, chosen),
      { initialProps: { roster, chosen: NO_CHOICE } },
    );

  it("counts the candidates of its rooms, and has no room to look at when all is well", () => {
    const { result } = draw(rosterOf([person("a", "r1"), person("b", "r2")]));
    expect(result.current.summary).toMatchObject({ here: 2, publishing: 2, counts: { publishing: 2 } });
    expect(result.current).toMatchObject({ looks: [], roomsToLookAt: 0, phase: "running", isQuiet: true });
  });

  it("counts those in the checks apart, who are a reason to look at their room once the exam has begun", () => {
    const people = [person("a", "r1"), person("in checks", "r2")];
    const roster = rosterOf(people);
    const stateOf: Roster["stateOf"] = (one) => (one.id === "in checks" ? "checking" : roster.stateOf(one));
    const { summary, looks } = draw({ ...roster, stateOf }).result.current;
    expect(summary).toMatchObject({ here: 1, counts: { checking: 1, publishing: 1, idle: 0 } });
    expect(looks).toMatchObject([{ roomIds: ["r2"], reasons: [{ kind: "checking", count: 1 }] }]);
  });

  it("lists raised hands, first who has no answer, the oldest first", () => {
    const people = [
      raised("late", 9),
      raised("taken", 1, "taken"),
      raised("early", 5),
      person("quiet", "r1"),
    ];
    const { summary } = draw(rosterOf(people)).result.current;
    expect(summary.hands.map(({ id }) => id)).toEqual(["early", "late", "taken"]);
  });

  it("keeps in mind who was hit together, and says who of them is back", () => {
    const hit = ["a", "b", "c", "d"].map((id) => gone(id, "r2", 10));
    const { result, rerender } = draw(rosterOf(hit));
    const [before] = result.current.looks;
    expect(before?.reasons).toMatchObject([{ kind: "burst", count: 4, back: 0 }]);
    rerender({ roster: rosterOf([person("a", "r2"), ...hit.slice(1)], 1), chosen: NO_CHOICE });
    expect(result.current.looks).toMatchObject([
      { key: before?.key, reasons: [{ kind: "burst", count: 4, back: 1 }] },
    ]);
  });

  it("means the rooms of the chosen lines by its actions, and every room under way if none is chosen", () => {
    const hit = ["a", "b", "c"].flatMap((id) => [gone(`${id}2`, "r2", 10), gone(`${id}3`, "r3", 10)]);
    const roster = rosterOf([person("e", "r1"), ...hit], 0, [
      ...ROOMS,
      room("r4", "Old", { status: "ended" }),
    ]);
    const { result, rerender } = draw(roster);
    expect(result.current.chosenRooms.map(({ id }) => id)).toEqual(["r1", "r2", "r3"]);
    expect(result.current.roomsToLookAt).toBe(2);
    rerender({ roster, chosen: new Set(result.current.looks.map(({ key }) => key)) });
    expect(result.current.chosenRooms.map(({ id }) => id)).toEqual(["r2", "r3"]);
    // A line that is gone means no room.
    rerender({ roster, chosen: new Set(["gone"]) });
    expect(result.current.chosenRooms).toHaveLength(3);
  });

  it("tells of many rooms without an invigilator in one line, which means all of them", () => {
    const rooms = [1, 2, 3, 4, 5].map((n) => room(`n${n}`, `Hall C ${n}`));
    const well = rooms.map(({ id }) => person(`of ${id}`, id));
    const hit = ["a", "b", "c"].map((id) => gone(id, "n5", 10));
    const { result, rerender } = draw(rosterOf([...well, ...hit], 0, [...ROOMS, ...rooms]));
    const lines = () =>
      result.current.looks.map(({ roomIds, reasons }) => [
        roomIds,
        reasons.map(({ kind, count }) => `${kind} ${count}`),
      ]);
    // The fifth has another reason as well.
    expect(lines()).toEqual([
      [["n1", "n2", "n3", "n4"], ["noTeacher 4"]],
      [["n5"], ["noTeacher 1", "burst 3"]],
    ]);
    expect(result.current.roomsToLookAt).toBe(5);
    const [line] = result.current.looks;
    rerender({
      roster: rosterOf(well, 1, [...ROOMS, ...rooms.slice(0, 3)]),
      chosen: new Set([line?.key ?? ""]),
    });
    expect(lines()).toEqual([[["n1", "n2", "n3"], ["noTeacher 3"]]]);
    expect(result.current.chosenRooms.map(({ id }) => id)).toEqual(["n1", "n2", "n3"]);
    rerender({ roster: rosterOf(well, 2, [...ROOMS, ...rooms.slice(0, 2)]), chosen: NO_CHOICE });
    expect(lines()).toEqual([
      [["n1"], ["noTeacher 1"]],
      [["n2"], ["noTeacher 1"]],
    ]);
  });

  it("is not quiet when a room ended before the exam began", () => {
    const ended = room("r1", "Hall A 1", { status: "ended", updatedAt: at(-5) });
    expect(draw(rosterOf([], 0, [ended])).result.current).toMatchObject({ looks: [], isQuiet: false });
    vi.setSystemTime(at(-10));
    expect(draw(rosterOf([])).result.current).toMatchObject({ hasBegun: false, phase: "upcoming" });
  });
});
