import { sample } from "../../../server/test/support/effort.js";

/** The languages in which stories act: one of the two, which the seed of the run chooses. The looks of a screen are checked in both. */
export const STORY_LANGUAGES = sample(["en", "zh-CN"] as const, 2);

/** The same, each with a look. */
export const STORY_LOOKS = sample(
  [
    { locale: "en", scheme: "light", width: 1280 },
    { locale: "zh-CN", scheme: "dark", width: 360 },
  ] as const,
  2,
);
