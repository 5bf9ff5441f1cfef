/** Properties that only Chromium has. */
interface NetworkInformation {
  readonly saveData?: boolean;
  readonly type?: string;
}

/** Whether the network may be used ahead of a need: not where the person saves data, or pays for it. */
const mayLoadAhead = (): boolean => {
  // Safe: all of its members may be missing.
  const { connection } = navigator as { readonly connection?: NetworkInformation };
  return !(connection?.saveData || connection?.type === "cellular");
};

/** How long a browser without idle times waits, in milliseconds. Safari is one. */
const LATER_MS = 2000;

/** Loads that wait for a sign-in. Undefined: a person is signed in. */
let waiting: (() => void)[] | undefined = [];

/** Begins to load ahead. The form to sign in needs nothing of what comes after it. */
export const beginToLoadAhead = (): void => {
  const loads = waiting ?? [];
  waiting = undefined;
  for (const load of loads) load();
};

/**
 * Loads something that may soon be needed, when a person is signed in and the browser has nothing else to do. What fails is loaded when it
 * is needed.
 */
export const loadAhead = (load: () => Promise<unknown>): void => {
  if (waiting) return void waiting.push(() => loadAhead(load));
  if (!mayLoadAhead()) return;
  const run = () => void load().catch(() => undefined);
  if (globalThis.requestIdleCallback) globalThis.requestIdleCallback(run);
  else setTimeout(run, LATER_MS);
};
