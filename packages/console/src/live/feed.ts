import { type Fold, foldOneCause } from "./fold.js";
import type { Camera, Entry } from "./timeline.js";

/** A line of a list of what happened. */
export type Row =
  | {
      readonly key: string;
      readonly at: number;
      readonly entry: Entry;
      /** The cameras or pages of which it tells: both, if both changed at once. */
      readonly cameras: readonly Camera[];
    }
  | { readonly key: string; readonly at: number; readonly fold: Fold };

/** What one cause can do to many. */
const FOLDED: ReadonlySet<string> = new Set(["left", "stopped"]);
/** Two pages of a person that change within this time changed at once. */
const AT_ONCE_MS = 5000;

const cameraOf = ({ what }: Entry): Camera | undefined => ("camera" in what ? what.camera : undefined);

/**
 * The lines of entries, which come newest first: what has one cause is one line, and what both cameras of a person did at once, too.
 *
 * @param place - where it happened, which people share who are hit by one cause
 */
export const rowsOf = (entries: readonly Entry[], place: string): readonly Row[] => {
  const folds = foldOneCause(
    entries.flatMap(({ userId, at, what }) =>
      userId !== undefined && FOLDED.has(what.is) ? [{ userId, at, place, kind: what.is }] : [],
    ),
  ).filter(({ userIds }) => userIds.length > 2);
  const isFolded = ({ userId, at, what }: Entry): boolean =>
    userId !== undefined &&
    folds.some(
      ({ kind, from, to, userIds }) => kind === what.is && at >= from && at <= to && userIds.includes(userId),
    );
  const rows: Row[] = folds.map((fold) => ({
    key: `fold ${fold.kind} ${fold.from}`,
    at: fold.to,
    fold,
  }));
  const newest = new Map<string, { at: number; cameras: Camera[] }>();
  for (const entry of entries) {
    if (isFolded(entry)) continue;
    const camera = cameraOf(entry);
    if (entry.kind === "presence" || entry.kind === "cameras") {
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
