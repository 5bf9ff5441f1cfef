import type { Messages } from "use-intl";

/** The languages of the console, each by its own name. */
export const LOCALES = { "zh-CN": "中文", en: "English" } as const;
export type Locale = keyof typeof LOCALES;

/** The texts that are loaded together: `common` with the first page, the others with their screen. */
export type TextFile = keyof Texts;

/** The texts of all screens. The English files say which there are. */
export type Texts = {
  readonly common: typeof import("./en/common.js").default;
  readonly exams: typeof import("./en/exams.js").default;
  readonly setup: typeof import("./en/setup.js").default;
  readonly overview: typeof import("./en/overview.js").default;
  readonly candidates: typeof import("./en/candidates.js").default;
  /** The texts that the screens that watch an exam share, and their actions. */
  readonly watching: typeof import("./en/watching.js").default;
  readonly room: typeof import("./en/room.js").default;
  readonly candidate: typeof import("./en/candidate.js").default;
  readonly records: typeof import("./en/records.js").default;
  readonly administration: typeof import("./en/administration.js").default;
  /** What the entries of the audit say. */
  readonly audit: typeof import("./en/audit.js").default;
};

/** The same texts in another language. A text that is missing or has no English one does not compile. */
export type Translated<English> = {
  readonly [Name in keyof English]: English[Name] extends string ? string : Translated<English[Name]>;
};

declare module "use-intl" {
  interface AppConfig {
    Locale: Locale;
    Messages: Texts;
  }
}

type File = { readonly default: Messages[TextFile] };
const files = import.meta.glob<File>("./{en,zh}/*.ts");
/** How long a file that failed to load is not tried again, in milliseconds. */
const PAUSE_MS = 2000;
/** Each file is loaded once. */
const loaded: Map<string, Promise<File["default"]>> = new Map();

export const loadTexts = (locale: Locale, file: TextFile): Promise<File["default"]> => {
  const path = `./${locale === "zh-CN" ? "zh" : "en"}/${file}.ts`;
  const known = loaded.get(path);
  if (known) return known;
  const load = files[path];
  if (!load) return Promise.reject(new Error(`There are no texts at ${path}.`));
  const promise = load().then((module) => module.default);
  loaded.set(path, promise);
  promise.catch(() => setTimeout(() => loaded.delete(path), PAUSE_MS));
  return promise;
};

/** The language of the browser's choice, or English. */
export const preferredLocale = (languages: readonly string[]): Locale => {
  for (const language of languages) {
    if (/^zh\b/i.test(language)) return "zh-CN";
    if (/^en\b/i.test(language)) return "en";
  }
  return "en";
};
