import { groupsOf, type TroubleGroup } from "./group-incidents.js";
import type { Camera, Entry } from "./timeline.js";

/** A line of a list of what happened. */
export type Row =
  | {
      readonly key: string;
      readonly at: number;
      readonly entry: Entry;
      /** The cameras or pages of which it tells: both, if both changed at once. */
      readonly cameras: readonly Camera[];
      /** How many people a decision is about. Absent: one. */
      readonly people?: number;
    }
  | { readonly key: string; readonly at: number; readonly group: TroubleGroup };

/** What can happen to many people together. */
const GROUPED: ReadonlySet<string> = new Set(["left", "stopped", "closed", "off"]);
/** Two pages of a person that change within this time changed at once. */
const AT_ONCE_MS = 5000;

/** Entries with equal keys are one line: decisions that one person made at once, or people whose time was over at once. */
const decisionOf = ({ what, at }: Entry): string | undefined =>
  what.is === "timeOver"
    ? `over ${at}`
    : what.is === "decided"
      ? `${what.decision.kind} ${what.decision.minutes} ${what.decision.ends?.from.getTime()} ${what.decision.ends?.to.getTime()} ${what.decision.by?.userId} ${at}`
      : undefined;

const cameraOf = ({ what }: Entry): Camera | undefined => ("camera" in what ? what.camera : undefined);

/** A camera that goes dark this long before or after its page is gone goes with the page. */
const WITH_PAGE_MS = 30_000;

/** Finds the entry of the page that left when its camera went dark. */
const pageOf = (entries: readonly Entry[]): ((entry: Entry) => Entry | undefined) => {
  const left = new Map<string, Entry[]>();
  const keyOf = (entry: Entry) => `${cameraOf(entry)} ${entry.userId}`;
  for (const entry of entries)
    if (entry.what.is === "left" || entry.what.is === "closed")
      left.set(keyOf(entry), [...(left.get(keyOf(entry)) ?? []), entry]);
  return (entry) =>
    entry.what.is === "stopped" || entry.what.is === "off"
      ? left.get(keyOf(entry))?.find(({ at }) => Math.abs(at - entry.at) <= WITH_PAGE_MS)
      : undefined;
};

/**
 * The lines of entries, which come newest first: what hit several people together is one line, and what both cameras of a person did at once, too, and what was
 * decided about several.
 * Cameras that went dark with their pages are not counted again.
 *
 * @param place - where it happened, which people share who are hit together
 */
export const rowsOf = (entries: readonly Entry[], place: string): readonly Row[] => {
  const leftWith = pageOf(entries);
  const groups = groupsOf(
    entries.flatMap((entry) => {
      const { userId, at, what } = entry;
      return userId !== undefined && GROUPED.has(what.is) && !leftWith(entry)
        ? [{ userId, at, place, kind: what.is }]
        : [];
    }),
  );
  const isGrouped = ({ userId, at, what }: Entry): boolean =>
    userId !== undefined &&
    groups.some(
      ({ kind, from, to, userIds }) => kind === what.is && at >= from && at <= to && userIds.includes(userId),
    );
  const rows: Row[] = groups.map((group) => ({
    key: `group ${group.kind} ${group.from}`,
    at: group.to,
    group,
  }));
  const decided = new Map<string, number>();
  for (const entry of entries) {
    const key = decisionOf(entry);
    if (key !== undefined) decided.set(key, (decided.get(key) ?? 0) + 1);
  }
  const newest = new Map<string, { at: number; cameras: Camera[] }>();
  for (const entry of entries) {
    if (isGrouped(leftWith(entry) ?? entry)) continue;
    const camera = cameraOf(entry);
    const decision = decisionOf(entry);
    if (decision !== undefined) {
      const people = decided.get(decision);
      if (people === undefined) continue;
      decided.delete(decision);
      rows.push({ key: decision, at: entry.at, entry, cameras: [], people });
    } else if (entry.kind === "presence" || entry.kind === "cameras") {
      const line = `${entry.userId} ${entry.what.is}`;
      const other = newest.get(line);
      if (other && camera && other.at - entry.at <= AT_ONCE_MS && !other.cameras.includes(camera)) {
        other.cameras.unshift(camera);
        continue;
      }
      const cameras = camera ? [camera] : [];
      newest.set(line, { at: entry.at, cameras });
      rows.push({ key: entry.key, at: entry.at, entry, cameras });
    } else rows.push({ key: entry.key, at: entry.at, entry, cameras: camera ? [camera] : [] });
  }
  // The sort keeps the order of what happened at one time.
  return rows.sort((one, other) => other.at - one.at);
};
