import { useIsFetching } from "@tanstack/react-query";
import { type ComponentType, type FunctionComponent, lazy, Suspense, useEffect, useState } from "react";
import { useLocale } from "use-intl";
import { usePageHeard } from "../components/connection.js";
import { Skeleton } from "../components/empty.js";
import { loadAhead } from "../components/idle.js";
import { ScreenTexts } from "../components/texts.js";
import { type Locale, loadTexts, type TextFile } from "../texts/texts.js";

export type LazyScreen = FunctionComponent & {
  /** Loads the screen and its texts before it is shown. */
  readonly load: (locale: Locale) => Promise<unknown>;
};

/**
 * A screen that is loaded with its texts when it is first shown. Its file exports `Screen`.
 *
 * @param next - the screens that a person may open from this one
 */
export const lazyScreen = (
  texts: readonly TextFile[],
  load: () => Promise<{ Screen: ComponentType }>,
  next?: () => readonly LazyScreen[],
): LazyScreen => {
  const Lazy = lazy(async () => ({ default: (await load()).Screen }));
  // biome-ignore lint/correctness/noComponentHookFactories: called once for each route, when the page loads.
  function LazyScreen() {
    return (
      <Suspense fallback={<Skeleton />}>
        {texts.reduceRight(
          (inside, of) => (
            <ScreenTexts key={of} of={of}>
              {inside}
            </ScreenTexts>
          ),
          <Lazy />,
        )}
        {next && <Ahead of={next} />}
      </Suspense>
    );
  }
  return Object.assign(LazyScreen, {
    load: (locale: Locale) => Promise.all([load(), ...texts.map((file) => loadTexts(locale, file))]),
  });
};

/** Loads other screens once this one has what it shows. */
function Ahead({ of }: { of: () => readonly LazyScreen[] }) {
  const locale = useLocale();
  const [isShown, setIsShown] = useState(false);
  useEffect(() => setIsShown(true), []);
  const isWaiting = useIsFetching() > 0;
  const isConnecting = usePageHeard()?.kind === "connecting";
  const isReady = isShown && !isWaiting && !isConnecting;
  useEffect(() => {
    if (isReady) for (const screen of of()) loadAhead(() => screen.load(locale));
  }, [isReady, of, locale]);
  return null;
}
