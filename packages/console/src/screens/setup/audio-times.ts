/** When a clip plays, as people say it. */
export type When =
  | { readonly kind: "beforeStart" | "afterStart" | "beforeEnd"; readonly minutes: number }
  | { readonly kind: "atStart" | "atEnd" };

interface Times {
  readonly startTime: Date;
  readonly endTime: Date;
}

const MINUTE_MS = 60_000;
/** How long before its start an exam may play audio, as the server's check list says. */
const BEFORE_MS = 120 * MINUTE_MS;

/** The moment of a time that is said relative to the exam. */
export const momentOf = (
  { startTime, endTime }: Times,
  kind: "beforeStart" | "afterStart" | "beforeEnd",
  minutes: number,
): Date => {
  const from = kind === "beforeEnd" ? endTime : startTime;
  return new Date(from.getTime() + (kind === "afterStart" ? minutes : -minutes) * MINUTE_MS);
};

/** Says a moment relative to the exam: from its start in the first half, and from its end in the second. */
export const whenOf = ({ startTime, endTime }: Times, at: Date): When => {
  const fromStart = Math.round((at.getTime() - startTime.getTime()) / MINUTE_MS);
  const toEnd = Math.round((endTime.getTime() - at.getTime()) / MINUTE_MS);
  if (fromStart === 0) return { kind: "atStart" };
  if (toEnd === 0) return { kind: "atEnd" };
  if (fromStart < 0) return { kind: "beforeStart", minutes: -fromStart };
  if (toEnd < fromStart && toEnd > 0) return { kind: "beforeEnd", minutes: toEnd };
  return { kind: "afterStart", minutes: fromStart };
};

export const isOutside = ({ startTime, endTime }: Times, at: Date): boolean =>
  at.getTime() < startTime.getTime() - BEFORE_MS || at.getTime() > endTime.getTime();
