import { type Attempt, isOver } from "@invigil/client";
import { END_SLACK_MS } from "./person.js";
import type { Entry } from "./timeline.js";

/** A candidate, and when the exam ends for them. */
export interface Ending {
  readonly userId: string;
  readonly attempt?: Attempt | undefined;
  /** In milliseconds since 1970. Undefined: it is not known. */
  readonly endsAt?: number | undefined;
}

/** A time in which the exam was over for a person, in milliseconds since 1970. */
interface Over {
  readonly from: number;
  readonly until: number;
}

const MINUTE_MS = 60_000;
const isIn = (at: number, { from, until }: Over): boolean => at >= from - END_SLACK_MS && at < until;

/** When what one entry ends was over, until another entry takes it back. `entries`: the newest first. */
const oversBetween = (
  entries: readonly Entry[],
  ends: (entry: Entry) => boolean,
  reopens: (entry: Entry) => boolean,
): readonly Over[] => {
  let until = Number.POSITIVE_INFINITY;
  return entries.flatMap((entry) => {
    if (reopens(entry)) until = entry.at;
    return ends(entry) ? [{ from: entry.at, until }] : [];
  });
};

const isDecided =
  (...kinds: readonly string[]) =>
  ({ what }: Entry): boolean =>
    what.is === "decided" && kinds.includes(what.decision.kind);

/** When a person's time was over. Ends from before a decision follow from what it changed. `own`: the newest first. */
const timeOvers = (own: readonly Entry[], endsAt: number, now: number): readonly Over[] => {
  const found: Over[] = [];
  let end = endsAt;
  let until = Number.POSITIVE_INFINITY;
  const add = (since: number) => {
    if (end < until && end - END_SLACK_MS <= now) found.push({ from: Math.max(end, since), until });
  };
  for (const { what, at } of own) {
    if (what.is !== "decided") continue;
    const { kind, minutes = 0, ends } = what.decision;
    const before =
      kind === "times" && ends ? ends.from.getTime() : kind === "extend" ? end - minutes * MINUTE_MS : end;
    if (before === end) continue;
    add(at);
    end = before;
    until = at;
  }
  add(Number.NEGATIVE_INFINITY);
  return found;
};

/**
 * Says in a timeline when people's time was over. Cameras and pages that stop while the exam is over for their person need no attention.
 *
 * @param entries - the newest first
 * @param hasOlder - whether older entries are not read yet
 */
export const withTimeOver = (
  entries: readonly Entry[],
  people: readonly Ending[],
  { now, hasOlder }: { readonly now: number; readonly hasOlder: boolean },
): readonly Entry[] => {
  const since = (hasOlder ? entries.at(-1)?.at : undefined) ?? Number.NEGATIVE_INFINITY;
  // The view's minute may be the one before.
  const latest = Math.max(now, entries[0]?.at ?? now);
  const owns = new Map<string, Entry[]>(people.map(({ userId }) => [userId, []]));
  for (const entry of entries) if (entry.userId !== undefined) owns.get(entry.userId)?.push(entry);
  const ofRoom = oversBetween(
    entries,
    ({ what }) => what.is === "ended",
    ({ what }) => what.is === "reopened",
  );
  const overs = new Map<string, readonly Over[]>();
  const told: Entry[] = [];
  for (const { userId, attempt, endsAt } of people) {
    const own = owns.get(userId) ?? [];
    const decided = [
      ...ofRoom,
      ...oversBetween(own, isDecided("finish", "terminate"), isDecided("reopen")),
      // The decision may not be read yet.
      ...(attempt && isOver(attempt)
        ? [
            {
              from: attempt.since?.getTime() ?? Number.NEGATIVE_INFINITY,
              until: Number.POSITIVE_INFINITY,
            },
          ]
        : []),
    ];
    const times = (endsAt === undefined ? [] : timeOvers(own, endsAt, latest)).filter(
      ({ from }) => !decided.some((one) => from >= one.from && from < one.until),
    );
    overs.set(userId, [...decided, ...times]);
    for (const { from } of times)
      if (from >= since)
        told.push({
          key: `over ${userId} ${from}`,
          kind: "decisions",
          at: from,
          userId,
          what: { is: "timeOver" },
        });
  }
  const calm = entries.map((entry): Entry => {
    const { userId, at, what } = entry;
    if (userId === undefined || (what.is !== "stopped" && what.is !== "left")) return entry;
    if (!overs.get(userId)?.some((one) => isIn(at, one))) return entry;
    return { ...entry, what: { is: what.is === "left" ? "closed" : "off", camera: what.camera } };
  });
  // The sort keeps the order of what happened at one time: what ended the time at once stands below.
  return [...told, ...calm].sort((one, other) => other.at - one.at);
};
