import { describe, expect, it } from "vitest";
import { createPictureJudge, PICTURE } from "./picture.js";

const filled = (value: (pixel: number) => number): Uint8ClampedArray =>
  Uint8ClampedArray.from({ length: PICTURE.width * PICTURE.height * 4 }, (_, at) =>
    at % 4 === 3 ? 255 : value(Math.floor(at / 4)),
  );
const still = filled((pixel) => pixel % 200);
const black = filled(() => 0);
/** A picture with a little noise, as each picture of a camera has it. */
const noisy = (brightness: number, nth: number): Uint8ClampedArray =>
  filled((pixel) => brightness + ((pixel * 7 + nth * 13) % 3));

const judge = (pictures: readonly Uint8ClampedArray[]) => {
  const look = createPictureJudge();
  return pictures.map((picture) => look(picture));
};
const times = (count: number, picture: (nth: number) => Uint8ClampedArray): Uint8ClampedArray[] =>
  Array.from({ length: count }, (_, nth) => picture(nth));

describe("the picture of a camera", () => {
  it("is neither dark nor frozen while it shows a room, also a dim one", () => {
    for (const brightness of [25, 90, 240])
      for (const found of judge(times(60, (nth) => noisy(brightness, nth))))
        expect(found).toEqual({ isDark: false, isFrozen: false });
  });

  it("is dark after some seconds without light, and not frozen, although it stays the same", () => {
    const found = judge([...times(5, (nth) => noisy(90, nth)), ...times(40, () => black)]);
    expect(found.slice(0, 8).some(({ isDark }) => isDark)).toBe(false);
    expect(found.slice(12).every(({ isDark }) => isDark)).toBe(true);
    expect(found.some(({ isFrozen }) => isFrozen)).toBe(false);
  });

  it("is not dark for a hand that passes by, and is bright again at once", () => {
    expect(judge([...times(2, () => black), ...times(3, (nth) => noisy(90, nth))])).not.toContainEqual(
      expect.objectContaining({ isDark: true }),
    );
    expect(judge([...times(10, () => black), noisy(90, 1)]).at(-1)).toEqual({
      isDark: false,
      isFrozen: false,
    });
  });

  it("does not switch between dark and bright in a light at the border", () => {
    const found = judge([...times(6, (nth) => noisy(8, nth)), ...times(10, (nth) => noisy(15, nth))]);
    expect(found.slice(5).every(({ isDark }) => isDark)).toBe(true);
  });

  it("is frozen if nothing moves, not even noise, and no longer when it does", () => {
    const found = judge([...times(30, () => still), noisy(90, 1)]);
    expect(found.slice(0, 10).some(({ isFrozen }) => isFrozen)).toBe(false);
    expect(found.slice(15, 30).every(({ isFrozen }) => isFrozen)).toBe(true);
    expect(found.at(-1)).toEqual({ isDark: false, isFrozen: false });
  });

  it("of a hidden page is frozen only if the browser has drawn it there", () => {
    const look = createPictureJudge({ isDrawn: false });
    const found = [...times(30, () => still), noisy(90, 1), ...times(30, () => still)].map(look);
    expect(found.slice(0, 31).some(({ isFrozen }) => isFrozen)).toBe(false);
    expect(found.at(-1)).toEqual({ isDark: false, isFrozen: true });
  });
});
