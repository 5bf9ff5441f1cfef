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

/** A time of day, with the name of its zone. */
export const TIME = {
  hour: "numeric",
  minute: "2-digit",
  timeZoneName: "long",
} as const satisfies Intl.DateTimeFormatOptions;
/** A day and a time, with the name of its zone. */
export const DAY_AND_TIME = {
  weekday: "long",
  year: "numeric",
  month: "long",
  day: "numeric",
  ...TIME,
} as const satisfies Intl.DateTimeFormatOptions;

const two = (number: number): string => String(number).padStart(2, "0");

/** A duration as people read it from a clock: `1:05:09`, or `4:30`. Never negative. */
export const clockOf = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
};
