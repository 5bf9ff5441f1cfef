import type { Trouble } from "./group-incidents.js";

/** Events since the person looked last. */
export const unreadIn = (troubles: readonly Trouble[], lookedAt: number): readonly Trouble[] =>
  troubles.filter(({ at }) => at > lookedAt);

/** The title of a tab with the number of what is new before it. */
export const withCount = (title: string, count: number): string => {
  const plain = title.replace(/^\(\d+\) /, "");
  return count > 0 ? `(${count}) ${plain}` : plain;
};
