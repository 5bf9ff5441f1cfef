import { describe, expect, it } from "vitest";
import { createQuotaCheck } from "./quotas.js";

/** An owner who adds one row for each call that the check admits. */
const createOwner = ({ whose = "t1", held = 0, most }: { whose?: string; held?: number; most: number }) => {
  const owner = { held, counts: 0 };
  const count = async () => {
    owner.counts += 1;
    return owner.held;
  };
  return {
    owner,
    add: async (assertBelow: ReturnType<typeof createQuotaCheck>): Promise<void> => {
      await assertBelow({ whose, what: "rooms", most }, count);
      owner.held += 1;
    },
  };
};

describe("a quota that takes long to count", () => {
  it("is never exceeded by calls that come one after the other", async () => {
    for (const most of [1, 3, 100, 5000]) {
      const { owner, add } = createOwner({ most });
      const assertBelow = createQuotaCheck();
      for (let n = 0; n < most; n++) await add(assertBelow);
      await expect(add(assertBelow)).rejects.toThrow(`t1 may have at most ${most} rooms, and has ${most}.`);
      expect(owner.held).toBe(most);
    }
  });

  it("is rarely counted while much is left", async () => {
    const { owner, add } = createOwner({ most: 10_000 });
    const assertBelow = createQuotaCheck();
    for (let n = 0; n < 1000; n++) await add(assertBelow);
    expect(owner.counts).toBeLessThan(20);
  });

  it("is exceeded by a hundredth of what was left, when others add rows to it", async () => {
    const { owner, add } = createOwner({ held: 1000, most: 2000 });
    const assertBelow = createQuotaCheck();
    await add(assertBelow);
    owner.held = 2000;
    const outcomes: boolean[] = [];
    for (let n = 0; n < 20; n++)
      outcomes.push(
        await add(assertBelow).then(
          () => true,
          () => false,
        ),
      );
    expect(outcomes.filter(Boolean)).toHaveLength(9);
    expect(outcomes.slice(9)).not.toContain(true);
  });

  it("of one owner does not count for another, nor for another kind of rows", async () => {
    const assertBelow = createQuotaCheck();
    await createOwner({ whose: "t1", most: 1000 }).add(assertBelow);
    await expect(createOwner({ whose: "t2", held: 1000, most: 1000 }).add(assertBelow)).rejects.toThrow(
      "t2 may",
    );
    await expect(assertBelow({ whose: "t1", what: "exams", most: 1 }, async () => 1)).rejects.toThrow(
      "at most 1 exams",
    );
  });
});
