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

/** Whether the streams of cameras have the vendor's domains: its apps use a phone and a PC. Elsewhere, people have a first and a second camera. */
export const StreamDomainsContext = createContext(false);

type Tree = { readonly [Name in string]: string | Tree };
const isTree = (texts: string | Tree | undefined): texts is Tree => typeof texts === "object";
/** The texts with some of them replaced. */
const replaced = (texts: Tree, by: Tree): Tree =>
  Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const other = by[name];
      return [name, isTree(text) && isTree(other) ? replaced(text, other) : (other ?? text)];
    }),
  );
/** The texts of a file, with the words of servers whose streams have the vendor's domains. */
const withDomains = (file: Tree): Tree =>
  isTree(file.streamDomains) ? replaced(file, file.streamDomains) : file;

/** Adds the texts of a screen. Suspends while they load. */
export function ScreenTexts({ of, children }: { of: TextFile; children: ReactNode }) {
  const locale = useLocale();
  const timeZone = useTimeZone();
  const outer = useMessages();
  const file = use(loadTexts(locale, of));
  const hasDomains = use(StreamDomainsContext);
  const messages = useMemo(
    () => only({ ...outer, [of]: hasDomains ? withDomains(file) : file }),
    [outer, of, file, hasDomains],
  );
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
