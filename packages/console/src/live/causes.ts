import { foldOneCause, type Happening } from "./fold.js";

/** How long a view remembers what happened to somebody who is well again, in milliseconds. */
const REMEMBERED_MS = 30 * 60_000;
/** Bursts of several rooms this far apart at most may have one cause. */
const GAP_MS = 90_000;

/**
 * What happened lately: what a view knew before, and what it sees now. So it can say that some of those who were hit together are back.
 * Returns the same list if there is nothing new.
 */
export const remember = (
  before: readonly Happening[],
  seen: readonly Happening[],
  now: number,
): readonly Happening[] => {
  const keyOf = ({ userId, kind, at }: Happening) => `${userId}\n${kind}\n${at}`;
  const known = new Set(before.map(keyOf));
  const added = seen.filter((happening) => !known.has(keyOf(happening)));
  const current = new Set(seen.map(keyOf));
  const kept = before.filter(
    (happening) => now - happening.at <= REMEMBERED_MS || current.has(keyOf(happening)),
  );
  return added.length === 0 && kept.length === before.length ? before : [...kept, ...added];
};

/** Something that hit several people together. */
export interface Cause {
  readonly kind: string;
  readonly roomIds: readonly string[];
  readonly from: number;
  readonly to: number;
  /** Everybody who was hit. */
  readonly userIds: readonly string[];
  /** Those who still are. */
  readonly still: readonly string[];
}

/** The part of a room's name that neighbours share: `Hall B` of `Hall B 12`. Empty if the name is a number. */
export const hallOf = (roomName: string): string =>
  roomName.replace(/[\s\-–—#·第]*\d+\s*[号室]?$/u, "").trim();

/**
 * Tells together what hit several people of a room, and of neighbouring rooms, at about the same time. Whatever everybody has recovered from
 * is left out.
 *
 * @param isStill - whether somebody is still in that state
 * @param hallOfRoom - what the rooms of one place have in common
 */
export const findCauses = (
  happenings: readonly Happening[],
  isStill: (happening: { readonly userId: string; readonly kind: string }) => boolean,
  hallOfRoom: (roomId: string) => string,
): Cause[] => {
  const bursts = foldOneCause(happenings, { gapMs: GAP_MS }).filter(({ userIds }) => userIds.length > 1);
  const merged: {
    kind: string;
    hall: string;
    from: number;
    to: number;
    rooms: Set<string>;
    people: Set<string>;
  }[] = [];
  for (const { kind, place, from, to, userIds } of bursts.sort((one, other) => one.from - other.from)) {
    const hall = hallOfRoom(place);
    const near = merged.find(
      (one) => one.kind === kind && one.to + GAP_MS >= from && (one.hall === hall || one.rooms.has(place)),
    );
    if (near) {
      near.to = Math.max(near.to, to);
      near.rooms.add(place);
      for (const userId of userIds) near.people.add(userId);
    } else merged.push({ kind, hall, from, to, rooms: new Set([place]), people: new Set(userIds) });
  }
  return merged.flatMap(({ kind, from, to, rooms, people }) => {
    const userIds = [...people];
    const still = userIds.filter((userId) => isStill({ userId, kind }));
    return still.length === 0 ? [] : [{ kind, roomIds: [...rooms], from, to, userIds, still }];
  });
};
