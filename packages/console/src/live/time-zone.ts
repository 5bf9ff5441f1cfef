/** How far a zone's clocks are ahead of UTC at a moment, in milliseconds. */
const offsetOf = (zone: string, at: number): number => {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const value = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const local = Date.UTC(
    value("year"),
    value("month") - 1,
    value("day"),
    value("hour"),
    value("minute"),
    value("second"),
  );
  return local - Math.floor(at / 1000) * 1000;
};

/**
 * The moment at which the clocks of a zone show a day and a time: `2026-11-30` and `09:00`. Of a time that comes twice, the first one; of a
 * time that clocks leave out, the moment as long after the change. Undefined: it is no day and time.
 */
export const atLocalTime = (zone: string, day: string, time: string): Date | undefined => {
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || !/^\d\d:\d\d$/.test(time)) return undefined;
  const local = Date.parse(`${day}T${time}:00Z`);
  if (Number.isNaN(local)) return undefined;
  // The clocks change by a day's difference at most once, so that one of the two offsets is right.
  const offsets = [offsetOf(zone, local - 86_400_000), offsetOf(zone, local + 86_400_000)];
  const right = offsets.find((offset) => offsetOf(zone, local - offset) === offset);
  return new Date(local - (right ?? offsets[0] ?? 0));
};

/** The day and the time that the clocks of a zone show, as fields of a form need them. */
export const localTimeOf = (zone: string, at: Date): { readonly day: string; readonly time: string } => {
  const local = new Date(at.getTime() + offsetOf(zone, at.getTime())).toISOString();
  return { day: local.slice(0, 10), time: local.slice(11, 16) };
};

/** A moment as the clocks of a zone show it, in ISO 8601 with the zone: `2026-11-30T09:00:00+08:00`. */
export const isoTimeOf = (zone: string, at: Date): string => {
  const offset = offsetOf(zone, at.getTime());
  const minutes = Math.abs(Math.round(offset / 60_000));
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  const local = new Date(at.getTime() + offset).toISOString().slice(0, 19);
  return `${local}${offset < 0 ? "-" : "+"}${hour}:${minute}`;
};
