import { createContext, type ReactNode, use, useCallback, useMemo, useState, useTransition } from "react";
import { LOCALES, type Locale, preferredLocale } from "../texts/texts.js";

interface Preferences {
  readonly locale: Locale;
  /** Whether another language is being loaded. */
  readonly isChanging: boolean;
  readonly setLocale: (locale: Locale) => void;
}

const STORED = "invigil.locale";

const PreferencesContext = createContext<Preferences | undefined>(undefined);

const storedLocale = (): Locale | undefined =>
  // Safe: only the keys of LOCALES are found.
  (Object.keys(LOCALES) as Locale[]).find((locale) => locale === localStorage.getItem(STORED));

export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [locale, change] = useState<Locale>(() => storedLocale() ?? preferredLocale(navigator.languages));
  const [isChanging, startChange] = useTransition();
  const setLocale = useCallback((next: Locale) => {
    localStorage.setItem(STORED, next);
    // The page stays as it is until the texts are there.
    startChange(() => change(next));
  }, []);
  const value = useMemo(() => ({ locale, isChanging, setLocale }), [locale, isChanging, setLocale]);
  return <PreferencesContext value={value}>{children}</PreferencesContext>;
}

export const usePreferences = (): Preferences => {
  const preferences = use(PreferencesContext);
  if (!preferences) throw new Error("There is no <PreferencesProvider> above this component.");
  return preferences;
};
