/** Something that happened to one person. */
export interface Happening {
  readonly userId: string;
  /** What happened, such as `disconnected`. */
  readonly kind: string;
  /** Where: what people share who are hit by one cause, such as a room. */
  readonly place: string;
  readonly at: number;
}

/** What happened to one person, or to several by what seems to be one cause. */
export interface Fold {
  readonly kind: string;
  readonly place: string;
  readonly from: number;
  readonly to: number;
  readonly userIds: readonly string[];
}

interface FoldOptions {
  /** Two happenings at most this far apart may have one cause. Default: 90 seconds. */
  readonly gapMs?: number;
  /** Fewer people than this are told one by one. Default: 3. */
  readonly atLeast?: number;
}

/**
 * Tells what has one cause once: the same thing at one place, one after the other within a short time. The newest comes first. A person
 * is counted once in a fold.
 */
export const foldOneCause = (
  happenings: readonly Happening[],
  { gapMs = 90_000, atLeast = 3 }: FoldOptions = {},
): Fold[] => {
  const lines = new Map<string, Happening[]>();
  for (const happening of happenings) {
    const key = `${happening.kind}\n${happening.place}`;
    const line = lines.get(key);
    if (line) line.push(happening);
    else lines.set(key, [happening]);
  }
  const folds: Fold[] = [];
  const add = (run: readonly Happening[]) => {
    const [first] = run;
    const last = run.at(-1);
    if (!first || !last) return;
    const userIds = [...new Set(run.map(({ userId }) => userId))];
    if (userIds.length >= atLeast)
      folds.push({ kind: first.kind, place: first.place, from: first.at, to: last.at, userIds });
    else
      for (const { kind, place, at, userId } of run)
        folds.push({ kind, place, from: at, to: at, userIds: [userId] });
  };
  for (const line of lines.values()) {
    line.sort((one, other) => one.at - other.at);
    let run: Happening[] = [];
    for (const happening of line) {
      const before = run.at(-1);
      if (before && happening.at - before.at > gapMs) {
        add(run);
        run = [];
      }
      run.push(happening);
    }
    add(run);
  }
  return folds.sort((one, other) => other.to - one.to || other.userIds.length - one.userIds.length);
};
