import type { ImportResult } from "@invigil/schema";
import { shownCell } from "./faults.js";
import type { RosterPerson } from "./row-action.js";

// Spreadsheets drop zeros at the beginning of numbers. The result is a valid id that belongs to no person.

/** The maximum number of warnings that are listed. */
const LISTED = 100;
const DIGITS = /^\d+$/;
/** Ids of one length with this many digits are assigned numbers, and not a count from 1. */
const ASSIGNED_DIGITS = 5;
/** The share of ids that have one length, above which the others are odd. */
const NEARLY_ALL = 0.9;

type Warnings = Pick<ImportResult, "warnings" | "moreWarnings">;

/** Returns the length that most ids have, and the number of these ids. */
const mostCommonLength = (ids: readonly string[]): { length: number; count: number } => {
  const counts = new Map<number, number>();
  for (const { length } of ids) counts.set(length, (counts.get(length) ?? 0) + 1);
  return [...counts].reduce((most, [length, count]) => (count > most.count ? { length, count } : most), {
    length: 0,
    count: 0,
  });
};

/** Returns a function that says why an id is odd among the others. */
const judgeOf = (
  people: readonly RosterPerson[],
  numberRows: ReadonlySet<number>,
): ((person: RosterPerson) => string | undefined) => {
  const ids = people.map(({ userId }) => userId).filter((id) => DIGITS.test(id));
  const { length, count } = mostCommonLength(ids);
  const beginWithZero = ids.some((id) => id.length === length && id.startsWith("0"));
  const areAssigned = length >= ASSIGNED_DIGITS && count >= ids.length * NEARLY_ALL;
  const numbersAreFew = numberRows.size * 2 < people.length;
  return ({ row, userId }) => {
    if (DIGITS.test(userId) && userId.length !== length) {
      const lost = userId.length < length;
      if ((lost && beginWithZero) || areAssigned)
        return `has ${userId.length === 1 ? "1 digit" : `${userId.length} digits`} where ${count} others have ${length}${lost ? ": did the spreadsheet drop zeros?" : ""}`;
    }
    return numbersAreFew && numberRows.has(row)
      ? "is a number, and most others are text: did the spreadsheet drop zeros?"
      : undefined;
  };
};

/**
 * Warns of ids that may have lost zeros: of another length than nearly all others, or numbers among texts.
 * @param column the header of the ids
 * @param numberRows the rows whose id is a number of the spreadsheet
 */
export const warnOfOddIds = (
  people: readonly RosterPerson[],
  column: string,
  numberRows: ReadonlySet<number>,
): Warnings => {
  const judge = judgeOf(people, numberRows);
  const warnings: NonNullable<Warnings["warnings"]> = [];
  let all = 0;
  for (const person of people) {
    const reason = judge(person);
    if (reason === undefined) continue;
    all += 1;
    const { row, userId, name } = person;
    if (all <= LISTED)
      warnings.push({ row, column, value: shownCell(userId), person: shownCell(name ?? ""), reason });
  }
  return all === 0 ? {} : { warnings, moreWarnings: all - warnings.length };
};
