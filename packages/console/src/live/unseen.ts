import type { Happening } from "./fold.js";

/** What happened after somebody looked last. */
export const unseen = (happenings: readonly Happening[], lookedAt: number): readonly Happening[] =>
  happenings.filter(({ at }) => at > lookedAt);

/** The title of a tab with the number of what is new before it. */
export const withCount = (title: string, count: number): string => {
  const plain = title.replace(/^\(\d+\) /, "");
  return count > 0 ? `(${count}) ${plain}` : plain;
};
