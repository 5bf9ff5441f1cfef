import type { LivePeople, LivePerson, PeopleState } from "@invigil/client";
import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { IntlProvider } from "use-intl";
import { describe, expect, it } from "vitest";
import type { Roster } from "../../components/roster.js";
import { candidateState } from "../../live/roster.js";
import { useCandidates } from "./use-candidates.js";

const person = (id: string, name: string, more: Partial<LivePerson> = {}): LivePerson => ({
  id,
  userId: id,
  name,
  role: "examinee",
  extraMinutes: 0,
  roomId: "r1",
  publishStatus: { main: "publishing", pc: "idle" },
  publishStatusSince: {},
  pages: [{ camera: "main", since: new Date(0), devices: 1 }],
  left: [],
  detections: 0,
  ...more,
});
const PEOPLE = [
  person("e1", "Wang Fang"),
  person("e2", "Emma", { pages: [], roomId: "r2" }),
  person("e3", "Li Wei", { detections: 5 }),
  person("t1", "A teacher", { role: "teacher" }),
];

/** The data that the screen has of everybody, at a version. Casts: the hook reads no more of them. */
const rosterOf = (
  people: readonly LivePerson[],
  version = 0,
  statuses = ["in_progress", "ended"],
): Roster => ({
  people: { person: (id: string) => people.find((one) => one.id === id) } as LivePeople,
  state: {
    ids: people.map(({ id }) => id),
    rooms: statuses.map((status) => ({ status })),
  } as unknown as PeopleState,
  version,
  status: "live",
  error: undefined,
  stateOf: (one) => candidateState(one, one.pages.length > 0 ? "publishing" : "expected"),
  controlOf: () => ({}),
  labelOf: ({ name }: { readonly name: string }) => name,
  staff: new Map(),
  roomName: (id) => id,
});
const SEARCH = { state: undefined, room: [], q: "", sort: { column: "need", descending: false } } as const;

describe("the candidates of an exam", () => {
  const draw = (...args: Parameters<typeof useCandidates>) =>
    renderHook((given: typeof args) => useCandidates(...given), {
      initialProps: args,
      wrapper: ({ children }: { children: ReactNode }) => <IntlProvider locale="en">{children}</IntlProvider>,
    });
  const NO_CHOICE: ReadonlySet<string> = new Set();

  it("are narrowed to those with an open hand, who wait longest first", () => {
    const hand = (userId: string, minute: number, status: "raised" | "granted" = "raised") => ({
      id: minute,
      roomId: "r1",
      userId,
      kind: "break" as const,
      status,
      createdAt: new Date(minute * 60_000),
    });
    const people = [
      ...PEOPLE,
      person("e4", "Late", { hand: hand("e4", 9) }),
      person("e5", "On a break", { hand: hand("e5", 1, "granted") }),
      person("e6", "Early", { hand: hand("e6", 5) }),
    ];
    const { ids, counts, states } = draw(rosterOf(people), { ...SEARCH, state: "hand" }, 5, NO_CHOICE).result
      .current;
    expect([ids, counts.hand]).toEqual([["e6", "e4", "e5"], 3]);
    expect(states).toContain("hand");
    expect(draw(rosterOf(PEOPLE), SEARCH, 5, NO_CHOICE).result.current.states).not.toContain("hand");
  });

  it("are those whom the filters of the address leave, without the staff", () => {
    const listed = (search: Partial<Parameters<typeof useCandidates>[1]>) =>
      draw(rosterOf(PEOPLE), { ...SEARCH, ...search }, 5, NO_CHOICE).result.current.ids;
    expect(listed({})).toEqual(["e3", "e2", "e1"]);
    expect(listed({ q: " emma " })).toEqual(["e2"]);
    expect(listed({ state: "here", room: ["r1"] })).toEqual(["e3", "e1"]);
  });

  it("can be narrowed to rare states only if a candidate has one, or the address says so", () => {
    const states = (people: readonly LivePerson[], state?: "ended") =>
      draw(rosterOf(people), { ...SEARCH, state }, 5, NO_CHOICE).result.current.states;
    expect(states(PEOPLE)).toEqual(["here", "expected", "disconnected", "dark", "detected", "idle"]);
    expect(states(PEOPLE, "ended")).toContain("ended");
    const twice = person("e4", "Twice", { pages: [{ camera: "main", since: new Date(0), devices: 2 }] });
    expect(states([...PEOPLE, twice])).toContain("devices");
  });

  it("stay chosen while filters hide them, but not when they have left", () => {
    const chosen = new Set(["e1", "e2"]);
    const search = { ...SEARCH, q: "emma" };
    const { result, rerender } = draw(rosterOf(PEOPLE), search, 5, chosen);
    expect(result.current.chosenPeople.map(({ id }) => id)).toEqual(["e1", "e2"]);
    expect(result.current.hidden).toBe(1);
    rerender([rosterOf(PEOPLE.slice(1), 1), search, 5, chosen]);
    expect(result.current.chosenPeople.map(({ id }) => id)).toEqual(["e2"]);
    expect(result.current.hidden).toBe(0);
  });

  it("can be moved if two rooms are under way", () => {
    expect(draw(rosterOf(PEOPLE), SEARCH, 5, NO_CHOICE).result.current.canMove).toBe(false);
    const roster = rosterOf(PEOPLE, 0, ["in_progress", "in_progress"]);
    expect(draw(roster, SEARCH, 5, NO_CHOICE).result.current.canMove).toBe(true);
  });
});
