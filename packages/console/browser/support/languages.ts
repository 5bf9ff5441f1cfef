import { basename } from "node:path";
import { createTranslator, type Messages } from "use-intl";
import en from "../../../candidate/src/texts/en.js";
import zh from "../../../candidate/src/texts/zh.js";
import { sample } from "../../../server/test/support/effort.js";
import type { Locale, TextFile } from "../../src/texts/texts.js";

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

// Safe: both languages have the same texts with the same arguments, which texts.test.ts checks.
const catalogue = (files: Record<string, Messages[TextFile]>) =>
  Object.fromEntries(
    Object.entries(files).map(([path, texts]) => [basename(path, ".ts"), texts]),
  ) as Messages;
const CATALOGUES = {
  en: catalogue(import.meta.glob("../../src/texts/en/*.ts", { eager: true, import: "default" })),
  "zh-CN": catalogue(import.meta.glob("../../src/texts/zh/*.ts", { eager: true, import: "default" })),
};

/** What the console says in a language, by the names of its texts. */
export const textsOf = (locale: Locale) =>
  createTranslator({
    locale,
    messages: CATALOGUES[locale],
    onError: (error) => {
      throw error;
    },
  });

/** Stands in a text for what a test does not know, such as a time. */
export const UNKNOWN = "…";
/** Finds a text that has unknown parts. */
export const patternOf = (text: string): RegExp =>
  new RegExp(
    text
      .split(UNKNOWN)
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*"),
  );

/** What the candidate's page says. */
export const CANDIDATE_TEXTS = { en, "zh-CN": zh } as const;
