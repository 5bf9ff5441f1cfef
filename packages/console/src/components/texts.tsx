import { createContext, type ReactNode, use, useMemo } from "react";
import { IntlProvider, type Messages, useLocale, useMessages, useTimeZone } from "use-intl";
import { type Locale, loadTexts, type TextFile } from "../texts/texts.js";

/** Gives the texts of a language to a page, with its dates in a zone. Suspends while they load. */
export function LocaleProvider({
  locale,
  timeZone,
  children,
}: {
  locale: Locale;
  timeZone: string;
  children: ReactNode;
}) {
  const common = use(loadTexts(locale, "common"));
  const messages = useMemo(() => only({ common } as Partial<Messages>), [common]);
  return (
    <IntlProvider locale={locale} timeZone={timeZone} messages={messages}>
      {children}
    </IntlProvider>
  );
}

/** Adds the texts of a screen. Suspends while they load. */
export function ScreenTexts({ of, children }: { of: TextFile; children: ReactNode }) {
  const locale = useLocale();
  const timeZone = useTimeZone();
  const outer = useMessages();
  const file = use(loadTexts(locale, of));
  const messages = useMemo(() => only({ ...outer, [of]: file }), [outer, of, file]);
  return (
    <IntlProvider locale={locale} {...(timeZone !== undefined && { timeZone })} messages={messages}>
      {children}
    </IntlProvider>
  );
}

/** Gives the zone of an exam to what is inside. */
export const ZoneContext = createContext<string | undefined>(undefined);

// Safe: a screen uses its own texts and the common ones, which are there. The type names the texts of all screens.
const only = (messages: Partial<Messages>) => messages as Messages;
