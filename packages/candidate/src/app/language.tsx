import { createContext, type ReactNode, use, useEffect, useState, useTransition } from "react";
import { IntlProvider } from "use-intl";
import { LOCALES, type Locale, loadTexts, preferredLocale } from "../texts/texts.js";

const STORED = "invigil.locale";

const LanguageContext = createContext<((locale: Locale) => void) | undefined>(undefined);

const firstLocale = (): Locale => {
  const stored = localStorage.getItem(STORED);
  // Safe: only the keys of LOCALES are found.
  return (
    (Object.keys(LOCALES) as Locale[]).find((one) => one === stored) ?? preferredLocale(navigator.languages)
  );
};

/** The texts in the language of the person, or that of the browser. Suspends while they load. */
export function Language({ children }: { children: ReactNode }) {
  const [locale, change] = useState(firstLocale);
  const [, startChange] = useTransition();
  const messages = use(loadTexts(locale));
  useEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);
  const setLocale = (next: Locale) => {
    localStorage.setItem(STORED, next);
    // The page stays as it is until the texts are there.
    startChange(() => change(next));
  };
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return (
    <LanguageContext value={setLocale}>
      <IntlProvider locale={locale} timeZone={timeZone} messages={messages}>
        {children}
      </IntlProvider>
    </LanguageContext>
  );
}

/** Switches to the other language, which is named in itself. */
export function LanguageSwitch({ now }: { now: Locale }) {
  const setLocale = use(LanguageContext);
  const other: Locale = now === "en" ? "zh-CN" : "en";
  return (
    <button type="button" data-quiet lang={other} onClick={() => setLocale?.(other)}>
      {LOCALES[other]}
    </button>
  );
}
