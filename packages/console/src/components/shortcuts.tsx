import { createContext, type ReactNode, Suspense, use, useEffect, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { lazyComponent } from "./lazy.js";
import type { Shortcut } from "./shortcut.js";
import { createStore, type Store, useStore } from "./store.js";

/** How long the next key of a sequence may take, in milliseconds. */
const SEQUENCE_MS = 1200;
const ShortcutHelp = lazyComponent(() => import("./shortcut-help.js"));
const STORED = "invigil.shortcuts";

interface Shortcuts {
  /** Those of the page. Of several with the same keys, the last one runs. */
  readonly all: Store<readonly Shortcut[]>;
  readonly openHelp: () => void;
}

const ShortcutsContext = createContext<Shortcuts | undefined>(undefined);

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") !==
    null;

/** Runs the shortcuts of a page, unless the person types or has switched them off. */
export function ShortcutsProvider({ children }: { children: ReactNode }) {
  const [all] = useState(() => createStore<readonly Shortcut[]>([]));
  const [isOn, setIsOn] = useState(() => localStorage.getItem(STORED) !== "off");
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const shortcuts = useStore(all);

  useEffect(() => {
    if (!isOn) return;
    let pressed: { text: string; at: number } = { text: "", at: 0 };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.altKey || event.isComposing || isTyping(event.target)) return;
      // A dialog has the keyboard for itself.
      if (document.querySelector("[role=dialog]")) return;
      const isHeld = event.ctrlKey || event.metaKey;
      const key = isHeld ? `Ctrl-${event.key.toUpperCase()}` : event.key;
      const before = !isHeld && event.timeStamp - pressed.at < SEQUENCE_MS ? pressed.text : "";
      const text = before ? `${before} ${key}` : key;
      const current = all.get();
      const found =
        current.findLast(({ keys }) => keys === text) ?? current.findLast(({ keys }) => keys === key);
      pressed = {
        text: current.some(({ keys }) => keys.startsWith(`${text} `)) ? text : "",
        at: event.timeStamp,
      };
      if (!found) return;
      event.preventDefault();
      pressed = { text: "", at: 0 };
      found.run();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [isOn, all]);

  const context = useMemo(() => ({ all, openHelp: () => setIsHelpOpen(true) }), [all]);
  return (
    <ShortcutsContext value={context}>
      <HelpShortcut />
      {children}
      {isHelpOpen && (
        <Suspense>
          <ShortcutHelp
            shortcuts={shortcuts}
            isOn={isOn}
            onSwitch={(next) => {
              setIsOn(next);
              localStorage.setItem(STORED, next ? "on" : "off");
            }}
            onClose={() => setIsHelpOpen(false)}
          />
        </Suspense>
      )}
    </ShortcutsContext>
  );
}

function HelpShortcut() {
  const t = useTranslations("common.shortcuts");
  const openHelp = useShortcutHelp();
  useShortcut({ keys: "?", label: t("help"), run: openHelp });
  return null;
}

/** Opens the list of shortcuts. */
export const useShortcutHelp = (): (() => void) => use(ShortcutsContext)?.openHelp ?? (() => undefined);

/** Adds a shortcut while it is on the page. */
export function ShortcutKey(shortcut: Shortcut) {
  useShortcut(shortcut);
  return null;
}

/** Adds a shortcut while the component is on the page. */
export const useShortcut = ({ keys, label, run }: Shortcut): void => {
  const all = use(ShortcutsContext)?.all;
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    if (!all) return;
    const shortcut = { keys, label, run: () => latest.current() };
    all.set([...all.get(), shortcut]);
    return () => all.set(all.get().filter((other) => other !== shortcut));
  }, [all, keys, label]);
};
