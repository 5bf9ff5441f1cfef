import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render } from "@testing-library/react";
import { type ReactNode, Suspense } from "react";
import { theme } from "../src/app/theme.js";
import { AnnouncerProvider } from "../src/components/announcer.js";
import { ShortcutsProvider } from "../src/components/shortcuts.js";
import { LocaleProvider, ScreenTexts } from "../src/components/texts.js";
import { type Locale, loadTexts, type TextFile } from "../src/texts/texts.js";

/** Draws what is part of a page: with the theme, the texts, and what reads aloud and listens to keys. */
export const renderPart = async (
  part: ReactNode,
  { locale = "en", screen = "common" }: { locale?: Locale; screen?: TextFile } = {},
) => {
  await Promise.all([loadTexts(locale, "common"), loadTexts(locale, screen)]);
  const queryClient = new QueryClient();
  const around = (inside: ReactNode) => (
    <MantineProvider theme={theme} env="test">
      <Suspense>
        <LocaleProvider locale={locale} timeZone="Asia/Shanghai">
          <ScreenTexts of={screen}>
            <AnnouncerProvider>
              <QueryClientProvider client={queryClient}>
                <ShortcutsProvider>{inside}</ShortcutsProvider>
              </QueryClientProvider>
            </AnnouncerProvider>
          </ScreenTexts>
        </LocaleProvider>
      </Suspense>
    </MantineProvider>
  );
  // Texts suspend the first drawing, although they are there.
  const rendered = await act(async () => render(around(part)));
  return { ...rendered, draw: (next: ReactNode) => act(async () => rendered.rerender(around(next))) };
};
