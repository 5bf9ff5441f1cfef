import { sample } from "../../../server/test/support/effort.js";

/** The languages in which stories act, each with a look: one of the two, which the seed of the run chooses. The looks of a screen are checked in both. */
export const STORY_LOOKS = sample(
  [
    { locale: "en", scheme: "light", width: 1280 },
    { locale: "zh-CN", scheme: "dark", width: 360 },
  ] as const,
  2,
);

/** The same languages, for stories that have a look of their own. */
export const STORY_LANGUAGES = STORY_LOOKS.map(({ locale }) => locale);
