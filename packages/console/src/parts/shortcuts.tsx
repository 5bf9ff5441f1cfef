import {
  createContext,
  type ReactNode,
  Suspense,
  use,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useTranslations } from "use-intl";
import { late } from "./late.js";
import type { Shortcut } from "./shortcut.js";

/** How long the next key of a sequence may take, in milliseconds. */
const SEQUENCE_MS = 1200;
const ShortcutHelp = late(() => import("./shortcut-help.js"));
const STORED = "invigil.shortcuts";

class Registry {
  private all: readonly Shortcut[] = [];
  private readonly listeners = new Set<() => void>();
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  readonly current = (): readonly Shortcut[] => this.all;
  add(shortcut: Shortcut): () => void {
    this.change([...this.all, shortcut]);
    return () => this.change(this.all.filter((other) => other !== shortcut));
  }
  private change(all: readonly Shortcut[]): void {
    this.all = all;
    for (const listener of this.listeners) listener();
  }
}

const RegistryContext = createContext<{ registry: Registry; openHelp: () => void } | undefined>(undefined);

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") !==
    null;

/** Runs the shortcuts of a page, unless somebody types or has switched them off. */
export function ShortcutsProvider({ children }: { children: ReactNode }) {
  const [registry] = useState(() => new Registry());
  const [isOn, setIsOn] = useState(() => localStorage.getItem(STORED) !== "off");
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const all = useSyncExternalStore(registry.subscribe, registry.current);

  useEffect(() => {
    if (!isOn) return;
    let pressed: { text: string; at: number } = { text: "", at: 0 };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target))
        return;
      // A dialog has the keyboard for itself.
      if (document.querySelector("[role=dialog]")) return;
      const before = event.timeStamp - pressed.at < SEQUENCE_MS ? pressed.text : "";
      const text = before ? `${before} ${event.key}` : event.key;
      const shortcuts = registry.current();
      const found =
        shortcuts.findLast(({ keys }) => keys === text) ??
        shortcuts.findLast(({ keys }) => keys === event.key);
      pressed = {
        text: shortcuts.some(({ keys }) => keys.startsWith(`${text} `)) ? text : "",
        at: event.timeStamp,
      };
      if (!found) return;
      event.preventDefault();
      pressed = { text: "", at: 0 };
      found.run();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [isOn, registry]);

  const context = useMemo(() => ({ registry, openHelp: () => setIsHelpOpen(true) }), [registry]);
  return (
    <RegistryContext value={context}>
      <HelpShortcut />
      {children}
      {isHelpOpen && (
        <Suspense>
          <ShortcutHelp
            shortcuts={all}
            isOn={isOn}
            onSwitch={(next) => {
              setIsOn(next);
              localStorage.setItem(STORED, next ? "on" : "off");
            }}
            onClose={() => setIsHelpOpen(false)}
          />
        </Suspense>
      )}
    </RegistryContext>
  );
}

function HelpShortcut() {
  const t = useTranslations("common.shortcuts");
  const openHelp = useShortcutHelp();
  useShortcut({ keys: "?", label: t("help"), run: openHelp });
  return null;
}

/** Opens the list of shortcuts. */
export const useShortcutHelp = (): (() => void) => use(RegistryContext)?.openHelp ?? (() => undefined);

/** Adds a shortcut while the component is on the page. */
export const useShortcut = ({ keys, label, run }: Shortcut): void => {
  const registry = use(RegistryContext)?.registry;
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => registry?.add({ keys, label, run: () => latest.current() }), [registry, keys, label]);
};
