import type { Presence, RoomSnapshot } from "@invigil/client";
import { renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { type Entry, pageEntry } from "../../live/timeline.js";
import { useSeats } from "./use-seats.js";

const NOTHING: Pick<Parameters<typeof useSeats>[0], "labels" | "known" | "isWhole" | "redFrom"> = {
  labels: new Map(),
  known: new Map(),
  isWhole: true,
  redFrom: 5,
};
const NO_ENTRIES: readonly Entry[] = [];
const SINCE = new Date(1_800_000_000_000);
const idsOf = (seats: readonly { readonly userId: string }[]) => seats.map(({ userId }) => userId);

const pageOf = (userId: string, more: Partial<Presence> = {}): Presence => ({
  userId,
  role: "examinee",
  camera: "main",
  devices: 1,
  since: SINCE,
  ...more,
});

/** A room with candidates, of whom some are here. Cast: the hook reads no more of it. */
const roomOf = (candidates: readonly string[], here: readonly Presence[], status = "in_progress") =>
  ({
    room: { status },
    members: candidates.map((userId) => ({
      userId,
      name: userId.toUpperCase(),
      role: "examinee",
      extraMinutes: 0,
      publishStatus: {
        main: here.some((page) => page.userId === userId) ? "publishing" : "idle",
        pc: "idle",
      },
    })),
    presence: here,
    hands: [],
  }) as unknown as RoomSnapshot;

describe("the candidates of a room", () => {
  const draw = (facts: Partial<Parameters<typeof useSeats>[0]>) => {
    const all = {
      ...NOTHING,
      state: undefined,
      times: undefined,
      entries: NO_ENTRIES,
      isHeld: false,
      tiles: "4",
      page: 1,
      to: [],
      ...facts,
    };
    const { result, rerender } = renderHook(useSeats, { initialProps: all });
    return { result, change: (next: typeof facts) => rerender({ ...all, ...next }) };
  };

  it("are none before the room is there, and one page", () => {
    expect(draw({}).result.current).toMatchObject({ seats: [], wall: { shown: [], pages: 1, current: 1 } });
  });

  it("fill pages of the wall by their need, without those who have not come", () => {
    const ids = ["a", "b", "c", "d", "e", "f"];
    const here = ids.slice(0, 5).map((id) => pageOf(id, { devices: id === "e" ? 2 : 1 }));
    const state = roomOf(ids, here);
    const { result, change } = draw({ state });
    expect(idsOf(result.current.wall.shown)).toEqual(["e", "a", "b", "c"]);
    expect(result.current.wall).toMatchObject({ total: 5, pages: 2, from: 0 });
    expect(idsOf(result.current.absent)).toEqual(["f"]);
    expect(result.current.counts).toEqual({
      look: 1,
      here: 5,
      checking: 0,
      disconnected: 0,
      dark: 0,
      paused: 0,
      ended: 0,
    });
    // A page behind the last one is the last one.
    change({ state, page: 9 });
    expect(idsOf(result.current.wall.shown)).toEqual(["d"]);
    expect(result.current.wall).toMatchObject({ current: 2, from: 4 });
  });

  it("never have a tile before those who are here because they have not come", () => {
    const since = new Date(SINCE.getTime() - 60_000);
    const attempt = { status: "paused", since, givesBack: true, pausedMs: 0, extendedMinutes: 0 } as const;
    const paused = roomOf(["a", "b", "c"], [pageOf("b"), pageOf("c")]);
    const state = { ...paused, members: paused.members.map((member) => ({ ...member, attempt })) };
    const { result, change } = draw({ state });
    expect(idsOf(result.current.wall.shown)).toEqual(["b", "c"]);
    expect(idsOf(result.current.absent)).toEqual(["a"]);
    expect(result.current.counts).toMatchObject({ look: 2, paused: 3 });
    // Their hand needs an answer.
    const hand = { userId: "a", kind: "technical", status: "raised", createdAt: since };
    // Cast: the hook reads no more of it.
    const raised = { ...paused, hands: [hand] } as unknown as RoomSnapshot;
    change({ state: raised });
    expect(idsOf(result.current.wall.shown)).toEqual(["b", "c", "a"]);
    expect(result.current.counts.look).toBe(1);
  });

  it("are in the checks, and not counted as here, until they enter", () => {
    const state = roomOf(["a", "b"], [pageOf("a"), pageOf("b")]);
    const idle = { main: "idle", pc: "idle" } as const;
    const members = state.members.map((one) => (one.userId === "b" ? { ...one, publishStatus: idle } : one));
    const { counts } = draw({ state: { ...state, members }, usesPage: true }).result.current;
    expect(counts).toMatchObject({ here: 1, checking: 1 });
  });

  it("stand still while they are held, and follow when they are not", () => {
    const before = roomOf(["a", "b"], [pageOf("a"), pageOf("b")]);
    const after = roomOf(["a", "b"], [pageOf("a"), pageOf("b", { devices: 2 })]);
    const { result, change } = draw({ state: before });
    change({ state: after, isHeld: true });
    expect(idsOf(result.current.wall.shown)).toEqual(["a", "b"]);
    expect(result.current.changed).toBe(1);
    change({ state: after });
    expect(idsOf(result.current.wall.shown)).toEqual(["b", "a"]);
    expect(result.current.changed).toBe(0);
  });

  it("are whom messages are for, and a message for those who have left is for no one", () => {
    const state = roomOf(["a", "b"], []);
    const { result, change } = draw({ state, to: ["b", "gone"] });
    expect(idsOf(result.current.chosen)).toEqual(["b"]);
    expect(result.current.areGone).toBe(false);
    change({ state, to: ["gone"] });
    expect(result.current).toMatchObject({ chosen: [], areGone: true });
    change({ state, to: [] });
    expect(result.current.areGone).toBe(false);
  });

  it("need no look when they were here and the room has ended", () => {
    const entries = [pageEntry(pageOf("a"))];
    expect(draw({ state: roomOf(["a"], []), entries }).result.current.counts).toMatchObject({
      look: 1,
      disconnected: 1,
    });
    const ended = draw({ state: roomOf(["a"], [], "ended"), entries }).result.current;
    expect(ended.counts).toEqual({
      look: 0,
      here: 0,
      checking: 0,
      disconnected: 0,
      dark: 0,
      paused: 0,
      ended: 0,
    });
  });
});
