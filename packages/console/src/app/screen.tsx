import { type ComponentType, lazy, Suspense } from "react";
import { Skeleton } from "../parts/empty.js";
import { ScreenTexts } from "../parts/texts.js";
import type { TextFile } from "../texts/texts.js";

/** A file of the console that could not be loaded: the network failed, or an upgrade replaced it. */
export class MissingChunk extends Error {
  override readonly name = "MissingChunk";
}

/** A screen that is loaded with its texts when it is first shown. Its file exports `Screen`. */
export const lazyScreen = (texts: readonly TextFile[], load: () => Promise<{ Screen: ComponentType }>) => {
  const Lazy = lazy(() =>
    load().then(
      ({ Screen }) => ({ default: Screen }),
      (cause: unknown) => {
        throw new MissingChunk(`The screen ${texts[0]} could not be loaded.`, { cause });
      },
    ),
  );
  // biome-ignore lint/correctness/noComponentHookFactories: called once for each route, when the page loads.
  return function LazyScreen() {
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
      </Suspense>
    );
  };
};
