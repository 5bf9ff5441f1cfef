import { useCallback, useEffect, useState } from "react";

/** `here`: this tab sits the exam. `elsewhere`: another tab of the browser does. */
type Tab = "asking" | "here" | "elsewhere";

/**
 * Lets one tab of the browser sit an exam: two would take the camera and the stream from each other. The other tab may take over.
 */
export const useOneTab = (name: string): { readonly tab: Tab; readonly takeOver: () => void } => {
  const [tab, setTab] = useState<Tab>("asking");
  const [steals, setSteals] = useState(0);
  useEffect(() => {
    // Pages without https have no locks, and no camera either.
    if (!("locks" in navigator)) {
      setTab("here");
      return;
    }
    const leaving = new AbortController();
    let release: () => void = () => undefined;
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      if (leaving.signal.aborted) return undefined;
      setTab(lock ? "here" : "elsewhere");
      return lock ? new Promise((resolve) => (release = resolve)) : undefined;
    };
    const how = steals > 0 ? { steal: true } : { ifAvailable: true };
    navigator.locks.request(`invigil.sit ${name}`, how, hold).catch(() => {
      // Another tab has taken over.
      if (!leaving.signal.aborted) setTab("elsewhere");
    });
    return () => {
      leaving.abort();
      release();
    };
  }, [name, steals]);
  const takeOver = useCallback(() => setSteals((times) => times + 1), []);
  return { tab, takeOver };
};
