import { describe, expect, it } from "vitest";
import { type AttentionFacts, byNeed, needsLook, reasonsOf } from "./attention.js";

const MINUTE = 60_000;
const NOW = 100 * MINUTE;
const facts = (more: Partial<AttentionFacts> = {}): AttentionFacts => ({
  state: "publishing",
  detections: 0,
  ...more,
});
const hand = (
  kind: "technical" | "help" | "break",
  since = 0,
  status: "raised" | "taken" | "granted" | "resolved" = "raised",
) => facts({ hand: { kind, status, createdAt: new Date(since) } });
const reasons = (one: AttentionFacts) => reasonsOf(one, NOW, 5);
const kinds = (one: AttentionFacts) => reasons(one).map(({ kind }) => kind);
const ranked = <Name extends string>(people: { readonly [Key in Name]: AttentionFacts }): Name[] =>
  // Safe: these are its keys.
  (Object.keys(people) as Name[]).sort((one, other) => byNeed(reasons(people[one]), reasons(people[other])));

describe("those who need attention", () => {
  const INORDER = {
    technical: hand("technical"),
    devices: facts({ state: "devices" }),
    red: facts({ detections: 5 }),
    refused: facts({ identity: { status: "refused", since: new Date(0) } }),
    help: hand("help"),
    break: hand("break"),
    disconnected: facts({ state: "disconnected" }),
    paused: facts({ pausedSince: 0 }),
    dark: facts({ state: "dark" }),
    detected: facts({ detections: 4 }),
    taken: hand("technical", 0, "taken"),
    onBreak: hand("break", 0, "granted"),
    unidentified: facts({ identity: { status: "later", since: new Date(0) } }),
    expected: facts({ state: "expected" }),
    idle: facts({ state: "idle" }),
    well: facts(),
    unseated: facts({ state: "unseated" }),
    ended: facts({ state: "ended" }),
  };
  const NAMES = Object.keys(INORDER);

  it("come in one order, also from another order", () => {
    expect(ranked(INORDER)).toEqual(NAMES);
    expect(ranked(Object.fromEntries(Object.entries(INORDER).toReversed()))).toEqual(NAMES);
  });

  it("are those whom the first glance should find, down to a detection", () => {
    const found = Object.entries(INORDER).flatMap(([name, one]) => (needsLook(reasons(one)) ? [name] : []));
    expect(found).toEqual(NAMES.slice(0, NAMES.indexOf("detected") + 1));
  });

  it("come by since when they wait for the staff, and by how many detections they have", () => {
    expect(
      ranked({ late: hand("help", 9), early: hand("help", 2), asks: facts({ asks: { at: 5 } }) }),
    ).toEqual(["early", "asks", "late"]);
    expect(ranked({ late: facts({ pausedSince: 9 }), early: facts({ pausedSince: 2 }) })).toEqual([
      "early",
      "late",
    ]);
    expect(ranked({ some: facts({ detections: 1 }), more: facts({ detections: 2 }) })).toEqual([
      "more",
      "some",
    ]);
    const [early, late] = [1, 2].map((since) => facts({ state: "disconnected", since }));
    // They keep the order of the list.
    expect(byNeed(reasons(late ?? facts()), reasons(early ?? facts()))).toBe(0);
  });

  it("come before others with the same first reason if they have a further one, by its urgency", () => {
    const gone = facts({ state: "disconnected" });
    expect(
      ranked({
        alone: gone,
        detected: { ...gone, detections: 1 },
        short: { ...gone, endsAt: NOW + MINUTE },
        paused: { ...gone, pausedSince: 0 },
      }),
    ).toEqual(["paused", "short", "detected", "alone"]);
  });

  it("ask for help once, by a hand and a message, since the first of them", () => {
    const both = { ...hand("help", 7), asks: { at: 3 } };
    expect(reasons(both)).toEqual([{ kind: "help", count: 1, since: 3 }]);
    expect(kinds({ ...hand("technical", 7), asks: { at: 3 } })).toEqual(["technical", "help"]);
    expect(kinds({ ...hand("help", 7, "taken"), asks: { at: 3 } })).toEqual(["help", "taken"]);
    expect(kinds(hand("help", 7, "resolved"))).toEqual([]);
  });

  it("are short of time only if they cannot write, and until it is over", () => {
    const ending = (endsAt: number) => kinds(facts({ state: "disconnected", endsAt }));
    expect(ending(NOW + 9 * MINUTE)).toEqual(["disconnected", "timeShort"]);
    expect(ending(NOW + 10 * MINUTE)).toEqual(["disconnected"]);
    expect(ending(NOW)).toEqual(["disconnected"]);
    expect(kinds(facts({ endsAt: NOW + MINUTE }))).toEqual([]);
    expect(kinds(facts({ state: "expected", endsAt: NOW + MINUTE }))).toEqual(["expected"]);
  });

  it("are not people who are paused and have not come", () => {
    for (const state of ["expected", "unseated"] as const) {
      const away = facts({ state, pausedSince: 0 });
      expect(kinds(away)).toEqual([state]);
      expect(needsLook(reasons(away))).toBe(false);
    }
    expect(needsLook(reasons(facts({ state: "idle", pausedSince: 0 })))).toBe(true);
  });

  it("are not people whose room has ended", () => {
    const over = { ...hand("technical"), state: "ended", detections: 9, pausedSince: 1 } as const;
    expect(kinds(over)).toEqual(["ended", "detections"]);
    expect(needsLook(reasons(over))).toBe(false);
    expect(ranked({ well: facts(), other: facts({ state: "ended" }), over })).toEqual([
      "well",
      "over",
      "other",
    ]);
  });

  it("are compared without contradiction", () => {
    const some = Object.values(INORDER).flatMap((one) => [
      one,
      { ...one, detections: 2 },
      { ...one, asks: { at: 4 } },
      { ...one, pausedSince: 6, endsAt: NOW + 1 },
    ]);
    const signs = some.map((one) => some.map((other) => Math.sign(byNeed(reasons(one), reasons(other)))));
    const at = (row: number, column: number) => signs[row]?.[column] ?? Number.NaN;
    const all = [...signs.keys()];
    const wrong = all.flatMap((a) =>
      all.flatMap((b) => [
        ...(at(a, b) === 0 - at(b, a) ? [] : [[a, b]]),
        ...all.flatMap((c) => (at(a, b) <= 0 && at(b, c) <= 0 && at(a, c) > 0 ? [[a, b, c]] : [])),
      ]),
    );
    expect(wrong).toEqual([]);
  });
});
