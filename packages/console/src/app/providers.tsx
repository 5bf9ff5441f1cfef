import { createSessionStore, InvigilProvider } from "@invigil/react";
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { QueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useEffect } from "react";
import { AnnouncerProvider } from "../components/announcer.js";
import { ConnectionsProvider } from "../components/connection.js";
import { VisitedContext } from "../components/page.js";
import { createServerAvailability, ServerAvailabilityContext } from "../components/server-availability.js";
import { ShortcutsProvider } from "../components/shortcuts.js";
import { LocaleProvider } from "../components/texts.js";
import { apiUrl } from "./addresses.js";
import { InstallationProvider, useInstallation } from "./installation.js";
import { PreferencesProvider, usePreferences } from "./preferences.js";
import { theme } from "./theme.js";

/** All that a page of the console is built from. One is created for each load of the page. */
export const createServices = () => {
  const session = createSessionStore({ url: apiUrl(), storage: "local" });
  // Without a network, calls fail and the page says so: they do not wait until the browser thinks that there is one.
  const networkMode = "always";
  const queryClient = new QueryClient({
    defaultOptions: {
      // The client of Invigil repeats what the network lost.
      queries: { retry: false, staleTime: 5000, networkMode, refetchOnReconnect: "always" },
      mutations: { retry: false, networkMode },
    },
  });
  return {
    session,
    queryClient,
    reach: createServerAvailability(queryClient, () => session.getClient().installation.info.query()),
    visited: { path: undefined, hasLostFocus: false },
  };
};

const schemes = localStorageColorSchemeManager({ key: "invigil.scheme" });

export function Providers({
  services: { session, queryClient, reach, visited },
  children,
}: {
  services: ReturnType<typeof createServices>;
  children: ReactNode;
}) {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={schemes}
      // Both would be style tags, which the content security policy forbids.
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <InvigilProvider session={session} queryClient={queryClient}>
        <PreferencesProvider>
          <InstallationProvider>
            <Suspense>
              <Localized>
                <VisitedContext value={visited}>
                  <AnnouncerProvider>
                    <ServerAvailabilityContext value={reach}>
                      <ConnectionsProvider>
                        <ShortcutsProvider>{children}</ShortcutsProvider>
                      </ConnectionsProvider>
                    </ServerAvailabilityContext>
                  </AnnouncerProvider>
                </VisitedContext>
              </Localized>
            </Suspense>
          </InstallationProvider>
        </PreferencesProvider>
      </InvigilProvider>
    </MantineProvider>
  );
}

function Localized({ children }: { children: ReactNode }) {
  const { locale } = usePreferences();
  const { timeZone } = useInstallation();
  useEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);
  return (
    <LocaleProvider locale={locale} timeZone={timeZone}>
      {children}
    </LocaleProvider>
  );
}
