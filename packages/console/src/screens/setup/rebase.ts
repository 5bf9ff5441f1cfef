/** The typed values of a form, and those that it showed when the person began. */
export interface Draft<Values> {
  readonly base: Values;
  readonly mine: Values;
}

const keysOf = <Values extends object>(values: Values) =>
  // Safe: an object has the keys of its type.
  Object.keys(values) as (string & keyof Values)[];

/** The fields that were changed. */
export const changedFields = <Values extends object>({
  base,
  mine,
}: Draft<Values>): readonly (keyof Values)[] => keysOf(mine).filter((field) => mine[field] !== base[field]);

/** The fields that another person changed to another value than the one that was typed. */
export const conflictsWith = <Values extends object>(
  { base, mine }: Draft<Values>,
  theirs: Values,
): readonly (keyof Values)[] =>
  keysOf(mine).filter(
    (field) => theirs[field] !== base[field] && mine[field] !== base[field] && mine[field] !== theirs[field],
  );

/** Takes over the changes of others, but for the fields in conflict: a person decides about them. */
export const rebase = <Values extends object>(draft: Draft<Values>, theirs: Values): Draft<Values> => {
  const { base, mine } = draft;
  const inConflict = new Set(conflictsWith(draft, theirs));
  const next = { base: { ...base }, mine: { ...mine } };
  let isSame = true;
  for (const field of keysOf(mine)) {
    if (inConflict.has(field) || theirs[field] === base[field]) continue;
    isSame = false;
    next.base[field] = theirs[field];
    if (mine[field] === base[field]) next.mine[field] = theirs[field];
  }
  return isSame ? draft : next;
};

/** Settles the fields in conflict: with one's own values, or with theirs. */
export const settle = <Values extends object>(
  draft: Draft<Values>,
  theirs: Values,
  keep: "mine" | "theirs",
): Draft<Values> => {
  const next = { base: { ...draft.base }, mine: { ...draft.mine } };
  for (const field of conflictsWith(draft, theirs)) {
    next.base[field] = theirs[field];
    if (keep === "theirs") next.mine[field] = theirs[field];
  }
  return next;
};
