import type en from "./en.js";
import type { Translated } from "./translated.js";

/** The languages of the page, each by its own name. */
export const LOCALES = { "zh-CN": "中文", en: "English" } as const;
export type Locale = keyof typeof LOCALES;

type Texts = typeof en;

declare module "use-intl" {
  interface AppConfig {
    Locale: Locale;
    Messages: Texts;
  }
}

const loaders: { readonly [Name in Locale]: () => Promise<{ readonly default: Translated<Texts> }> } = {
  "zh-CN": () => import("./zh.js"),
  en: () => import("./en.js"),
};
const loaded: Map<Locale, Promise<Texts>> = new Map();

export const loadTexts = (locale: Locale): Promise<Texts> => {
  const known = loaded.get(locale);
  if (known) return known;
  // Safe: it has the same names, and texts are used as texts.
  const texts = loaders[locale]().then((module) => module.default as Texts);
  loaded.set(locale, texts);
  texts.catch(() => loaded.delete(locale));
  return texts;
};

/** The language of the browser's choice. Chinese, if it asks for neither language of the page. */
export const preferredLocale = (languages: readonly string[]): Locale => {
  for (const language of languages) {
    if (/^zh\b/i.test(language)) return "zh-CN";
    if (/^en\b/i.test(language)) return "en";
  }
  return "zh-CN";
};
