import { useEffect, useState } from "react";

/** How far the server's clock is ahead of this device's, in milliseconds. */
export const aheadMs = (serverNow: Date): number => serverNow.getTime() - Date.now();

/** The server's time, each second. */
export const useServerNow = (ahead: number): Date => {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return new Date(now + ahead);
};

const two = (number: number): string => String(number).padStart(2, "0");

/** A duration as people read it from a clock: `1:05:09`, or `4:30`. Never negative. */
export const clockOf = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
};
