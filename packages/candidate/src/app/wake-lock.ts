import { useEffect } from "react";

/** Keeps the screen on: a phone that sleeps takes its camera away. Browsers end a wake lock when the page is hidden. */
export const useWakeLock = (isOn: boolean): void => {
  useEffect(() => {
    if (!(isOn && "wakeLock" in navigator)) return;
    let lock: WakeLockSentinel | undefined;
    let isGone = false;
    const hold = async () => {
      if (document.visibilityState !== "visible") return;
      try {
        const held = await navigator.wakeLock.request("screen");
        if (isGone) await held.release();
        else lock = held;
      } catch {
        // The browser saves energy. The exam goes on.
      }
    };
    const ask = () => void hold();
    ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      isGone = true;
      document.removeEventListener("visibilitychange", ask);
      void lock?.release();
    };
  }, [isOn]);
};
