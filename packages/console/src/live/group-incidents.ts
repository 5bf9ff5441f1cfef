/** Something that happened to one person. */
export interface Trouble {
  readonly userId: string;
  /** The kind of incident, such as `disconnected`. */
  readonly kind: string;
  /** Where: what people share who are hit together, such as a room. */
  readonly place: string;
  readonly at: number;
}

/** An incident that hit several people of one place together. */
export interface TroubleGroup {
  readonly kind: string;
  readonly place: string;
  readonly from: number;
  readonly to: number;
  readonly userIds: readonly string[];
}

/** Something that hit several people of a room together, or of neighbouring rooms. */
export interface Incident {
  readonly kind: string;
  /** The common part of the names of its rooms. */
  readonly hall: string;
  readonly roomIds: readonly string[];
  readonly from: number;
  readonly to: number;
  /** Everybody who was hit. */
  readonly userIds: readonly string[];
  /** Those who still are. */
  readonly still: readonly string[];
}

/** Troubles at most this far apart may belong together, in milliseconds. */
const GAP_MS = 90_000;
/** Fewer people than this, hit within `TOGETHER_MS`, are no group. */
const AT_LEAST = 3;
/** A server that does not hear from a page any more says so within half a minute of the cause. In milliseconds. */
const TOGETHER_MS = 30_000;
/** How long a view keeps what happened to a person who is well again, in milliseconds. */
const KEPT_MS = 30 * 60_000;

/** Divides troubles, the earliest first, where none came for a while. */
const runsOf = (troubles: readonly Trouble[]): Trouble[][] => {
  const runs: Trouble[][] = [];
  for (const trouble of troubles) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run && before && trouble.at - before.at <= GAP_MS) run.push(trouble);
    else runs.push([trouble]);
  }
  return runs;
};

/** Whether so many people as make a group were hit together somewhere in a run. Single ones that follow each other have their own causes. */
const hasCommonCause = (run: readonly Trouble[]): boolean =>
  run.some(({ at: from }) => {
    const together = run.filter(({ at }) => at >= from && at - from <= TOGETHER_MS);
    return new Set(together.map(({ userId }) => userId)).size >= AT_LEAST;
  });

/**
 * The same trouble of several people at one place, some of them together, the others one after the other within a short time. A group counts a
 * person once.
 */
export const groupsOf = (troubles: readonly Trouble[]): TroubleGroup[] => {
  const lines = new Map<string, Trouble[]>();
  for (const trouble of troubles) {
    const key = `${trouble.kind}\n${trouble.place}`;
    const line = lines.get(key);
    if (line) line.push(trouble);
    else lines.set(key, [trouble]);
  }
  return [...lines.values()].flatMap((line) =>
    runsOf(line.sort((one, other) => one.at - other.at)).flatMap((run) => {
      const [first] = run;
      const last = run.at(-1);
      const userIds = [...new Set(run.map(({ userId }) => userId))];
      if (!first || !last || !hasCommonCause(run)) return [];
      return [{ kind: first.kind, place: first.place, from: first.at, to: last.at, userIds }];
    }),
  );
};

/**
 * Joins the troubles that a view knew before with those that it sees now. So it can say that some people are back. Returns the same list if
 * there is nothing new.
 */
export const recentTroubles = (
  before: readonly Trouble[],
  seen: readonly Trouble[],
  now: number,
): readonly Trouble[] => {
  const keyOf = ({ userId, kind, at }: Trouble) => `${userId}\n${kind}\n${at}`;
  const known = new Set(before.map(keyOf));
  const added = seen.filter((trouble) => !known.has(keyOf(trouble)));
  const current = new Set(seen.map(keyOf));
  const kept = before.filter((trouble) => now - trouble.at <= KEPT_MS || current.has(keyOf(trouble)));
  return added.length === 0 && kept.length === before.length ? before : [...kept, ...added];
};

/** The part of a room's name that neighbours share: `Hall B` of `Hall B 12`. Empty if the name is a number. */
export const hallOf = (roomName: string): string =>
  roomName.replace(/[\s\-–—#·第]*\d+\s*[号室]?$/u, "").trim();

const personKey = ({ userId, kind }: Pick<Trouble, "userId" | "kind">) => `${kind}\n${userId}`;

/**
 * Finds incidents that hit several people of a room, and of neighbouring rooms, at about the same time. They end when everybody has recovered.
 *
 * @param recent - what happened lately, of those who are back too
 * @param current - the troubles that people have now
 * @param halls - what the rooms of one place have in common, by the ids of the rooms
 */
export const incidentsOf = (
  recent: readonly Trouble[],
  current: readonly Trouble[],
  halls: ReadonlyMap<string, string>,
): Incident[] => {
  const merged: {
    kind: string;
    hall: string;
    from: number;
    to: number;
    rooms: Set<string>;
    people: Set<string>;
  }[] = [];
  const groups = groupsOf(recent).sort((one, other) => one.from - other.from);
  for (const { kind, place, from, to, userIds } of groups) {
    const hall = halls.get(place) ?? "";
    const near = merged.find(
      (one) => one.kind === kind && one.to + GAP_MS >= from && (one.hall === hall || one.rooms.has(place)),
    );
    if (near) {
      near.to = Math.max(near.to, to);
      near.rooms.add(place);
      for (const userId of userIds) near.people.add(userId);
    } else merged.push({ kind, hall, from, to, rooms: new Set([place]), people: new Set(userIds) });
  }
  const hit = new Set(current.map(personKey));
  return merged.flatMap(({ rooms, people, ...incident }) => {
    const userIds = [...people];
    const still = userIds.filter((userId) => hit.has(personKey({ userId, kind: incident.kind })));
    return still.length === 0 ? [] : [{ ...incident, roomIds: [...rooms], userIds, still }];
  });
};
