import { type ImportResult, sameNamesOf } from "@invigil/schema";

/** How many names are listed, and how many people of a name. */
const LISTED = 100;

/** Warns of names that several people have: staff would mistake one for another. */
export const warnOfSameNames = (
  people: Iterable<{ readonly userId: string; readonly name: string }>,
): Pick<ImportResult, "sameNames" | "moreSameNames"> => {
  const found = sameNamesOf(people);
  const listed = found.slice(0, LISTED).map(({ name, userIds }) => ({
    name,
    userIds: userIds.slice(0, LISTED),
    count: userIds.length,
  }));
  return {
    ...(found.length > 0 && { sameNames: listed }),
    ...(found.length > LISTED && { moreSameNames: found.length - LISTED }),
  };
};
