import { describe, expect, it } from "vitest";
import { groupsOf, hallOf, incidentsOf, recentTroubles, type Trouble } from "./group-incidents.js";

const drop = (userId: string, at: number, place = "Hall B"): Trouble => ({
  userId,
  kind: "disconnected",
  place,
  at,
});

describe("a group of troubles", () => {
  it("is told once, with its people and from when to when", () => {
    const burst = Array.from({ length: 38 }, (_, n) => drop(`e${n}`, 1000 + n * 4000));
    const [group, ...others] = groupsOf(burst);
    expect(others).toEqual([]);
    expect(group).toMatchObject({ place: "Hall B", from: 1000, to: 149_000 });
    expect(group?.userIds).toHaveLength(38);
  });

  it("is not what happened at another place, long after, or to two people", () => {
    const groups = groupsOf([
      drop("a", 0),
      drop("b", 1),
      drop("c", 2),
      drop("d", 3, "Hall C"),
      drop("e", 4, "Hall C"),
      drop("f", 500_000),
    ]);
    expect(groups.map(({ userIds }) => userIds)).toEqual([["a", "b", "c"]]);
  });

  it("is not what happens to one person after the other", () => {
    expect(groupsOf(["a", "b", "c", "d"].map((userId, n) => drop(userId, n * 60_000)))).toEqual([]);
    const [group] = groupsOf(
      ["a", "b", "c", "d"].map((userId, n) => drop(userId, Math.max(0, n - 2) * 60_000)),
    );
    expect(group?.userIds).toEqual(["a", "b", "c", "d"]);
  });

  it("counts a person once who dropped twice", () => {
    const [group] = groupsOf([drop("a", 0), drop("b", 1), drop("a", 2), drop("c", 3)]);
    expect(group?.userIds).toEqual(["a", "b", "c"]);
  });
});

describe("an incident", () => {
  const MINUTE = 60_000;
  const drops = (roomId: string, count: number, from: number) =>
    Array.from({ length: count }, (_, n) => drop(`${roomId}-${n}`, from + n * 5000, roomId));
  const halls = new Map([
    ["r1", "Hall A"],
    ["r2", "Hall B"],
    ["r3", "Hall B"],
  ]);

  it("is told once for neighbouring rooms, and says who is back", () => {
    const recent = [...drops("r2", 5, 2 * MINUTE), ...drops("r3", 4, 2 * MINUTE + 10_000)];
    const back = new Set(["r2-0", "r3-1"]);
    const current = recent.filter(({ userId }) => !back.has(userId));
    const [incident, ...others] = incidentsOf(recent, current, halls);
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      hall: "Hall B",
      roomIds: ["r2", "r3"],
      from: 2 * MINUTE,
      to: 2 * MINUTE + 25_000,
    });
    expect([incident?.userIds.length, incident?.still.length]).toEqual([9, 7]);
  });

  it("is not what happened in another hall, later, or to two people, and ends when all are back", () => {
    const roomsOf = (troubles: readonly Trouble[], current = troubles) =>
      incidentsOf(troubles, current, halls).map(({ roomIds }) => roomIds);
    expect(roomsOf([...drops("r1", 3, 2 * MINUTE), ...drops("r2", 3, 2 * MINUTE)])).toEqual([["r1"], ["r2"]]);
    expect(roomsOf([...drops("r2", 3, 2 * MINUTE), ...drops("r3", 3, 12 * MINUTE)])).toEqual([
      ["r2"],
      ["r3"],
    ]);
    expect(roomsOf(drops("r1", 2, 2 * MINUTE))).toEqual([]);
    expect(roomsOf(drops("r1", 9, 2 * MINUTE), [])).toEqual([]);
  });

  it("remembers who is back for half an hour, and adds no one twice", () => {
    const first = drops("r1", 2, 2 * MINUTE);
    const now = 20 * MINUTE;
    const known = recentTroubles([], first, now);
    expect(recentTroubles(known, first, now)).toBe(known);
    expect(recentTroubles(known, [], now)).toBe(known);
    expect(recentTroubles(known, [], 33 * MINUTE)).toEqual([]);
    expect(recentTroubles(known, first.slice(1), 33 * MINUTE)).toEqual(first.slice(1));
  });

  it.each([
    ["Hall B 12", "Hall B"],
    ["考场 3", "考场"],
    ["A-101", "A"],
    ["031", ""],
    ["Room twelve", "Room twelve"],
    ["二楼12号", "二楼"],
  ])("knows the hall of %s", (name, hall) => {
    expect(hallOf(name)).toBe(hall);
  });
});
