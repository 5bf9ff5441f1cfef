import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createIds } from "./ids.js";

/** Creates one id at each of these times. */
const idsAt = (times: readonly number[], random?: (size: number) => Uint8Array): string[] => {
  let at = 0;
  const ids = createIds({ clock: () => new Date(times[at] ?? 0), ...(random && { random }) });
  return times.map((_, index) => {
    at = index;
    return ids.next();
  });
};
const instant = fc.integer({ min: 0, max: 2 ** 47 });

describe("ids", () => {
  it("are UUIDv7 without hyphens, and start with their time", () => {
    const [id = ""] = idsAt([0x0123456789ab]);
    expect(id).toMatch(/^0123456789ab7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  });

  it("increase even if the clock stands still or is set back", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(instant, fc.constantFrom(0, 5, 5, 1_767_000_000_000)), { maxLength: 50 }),
        (times) => {
          const ids = idsAt(times);
          expect(new Set(ids).size).toBe(ids.length);
          expect(ids.toSorted()).toEqual(ids);
        },
      ),
    );
  });

  it("increase for ten thousand ids in one millisecond", () => {
    const ids = idsAt(Array<number>(10_000).fill(1_767_000_000_000));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(10_000);
  });

  it("are determined by the random source", () => {
    const chance = (byte: number) => (size: number) => new Uint8Array(size).fill(byte);
    const times = [1, 1, 0, 9];
    expect(idsAt(times, chance(7))).toEqual(idsAt(times, chance(7)));
    expect(idsAt(times, chance(7))).not.toEqual(idsAt(times, chance(8)));
  });

  it("cannot be guessed from one another", () => {
    const tails = idsAt(Array<number>(1000).fill(1)).map((id) => id.slice(-10));
    expect(new Set(tails).size).toBe(1000);
  });
});

describe("nonces", () => {
  it("are 32 letters and digits, and unique", () => {
    const ids = createIds({ clock: () => new Date(0) });
    const nonces = Array.from({ length: 100 }, () => ids.nonce());
    for (const one of nonces) expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(nonces).size).toBe(100);
  });
});
