import { useEffect, useRef, useState } from "react";

/** A time without a connection. `to` is absent while it lasts. */
export interface Cut {
  readonly from: Date;
  readonly to?: Date;
}

/** Shorter losses are not worth a line, in milliseconds. */
const SHORT_MS = 2000;

/** The cuts of the connection since it was there first. */
export const useCuts = (isConnected: boolean): readonly Cut[] => {
  const [cuts, setCuts] = useState<readonly Cut[]>([]);
  const wasConnected = useRef(false);
  useEffect(() => {
    if (isConnected) {
      wasConnected.current = true;
      return;
    }
    if (!wasConnected.current) return;
    const from = new Date();
    const timer = setTimeout(() => setCuts((before) => [...before, { from }]), SHORT_MS);
    return () => {
      clearTimeout(timer);
      setCuts((before) => before.map((cut) => (cut.from === from ? { from, to: new Date() } : cut)));
    };
  }, [isConnected]);
  return cuts;
};
