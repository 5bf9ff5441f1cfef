/** Returns a text that is equal for all spellings that people read as the same name. */
const keyOf = (name: string): string => name.normalize("NFKC").trim().replaceAll(/\s+/g, " ").toLowerCase();

/**
 * Finds people of one name: names that differ in case, width and spaces at most. A person who is there several times counts once.
 *
 * @returns each name that several people have, as the first of them is called, with the ids of all of them, in their order
 */
export const sameNamesOf = (
  people: Iterable<{ readonly userId: string; readonly name: string }>,
): { name: string; userIds: string[] }[] => {
  const byName = new Map<string, { readonly name: string; readonly userIds: Set<string> }>();
  for (const { userId, name } of people) {
    const key = keyOf(name);
    const same = byName.get(key);
    if (same) same.userIds.add(userId);
    else byName.set(key, { name: name.trim(), userIds: new Set([userId]) });
  }
  return [...byName.values()].flatMap(({ name, userIds }) =>
    userIds.size > 1 ? [{ name, userIds: [...userIds] }] : [],
  );
};
