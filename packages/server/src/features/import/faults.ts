import { MAX_SKIPPED_ROWS, type RosterFault } from "@invigil/schema";
import { quoted } from "../../files/sheets/quoted.js";

/** An error in one cell of a file. */
export type RowFault = Readonly<RosterFault>;

/** The beginning of a cell, without characters that could move a cursor. */
export const shownCell = (cell: string): string => quoted(cell).slice(1, -1);

/** The errors because of which nothing was imported. */
export interface FaultyFile {
  /** Sorted by row; 10,000 at most. */
  readonly faults: readonly RowFault[];
  /** The number of further errors. */
  readonly more: number;
}

/** As many as rows can be left out. */
const LISTED = MAX_SKIPPED_ROWS;

export type Faults = ReturnType<typeof createFaults>;

/**
 * Collects the first errors by row and counts all of them. Bounded, so that a file full of errors cannot
 * exhaust the memory.
 * @param skip the rows that are left out: their errors do not count
 */
export const createFaults = (skip?: ReadonlySet<number>) => {
  const listed: RowFault[] = [];
  const skipped = new Set<number>();
  let count = 0;
  return {
    get count(): number {
      return count;
    },
    listed,
    /** The rows of `skip` that have an error. */
    skipped,
    add(fault: RowFault): void {
      if (skip?.has(fault.row)) {
        skipped.add(fault.row);
        return;
      }
      count += 1;
      // Duplicate people are reported some rows later.
      const after = listed.findLastIndex(({ row }) => row <= fault.row) + 1;
      if (after === LISTED) return;
      listed.splice(after, 0, fault);
      if (listed.length > LISTED) listed.pop();
    },
  };
};

/** Merges several collections of errors into one list, sorted by row. */
export const mergeFaults = (...found: readonly Faults[]): FaultyFile => {
  const faults = found
    .flatMap(({ listed }) => listed)
    .toSorted((one, other) => one.row - other.row)
    .slice(0, LISTED);
  return { faults, more: found.reduce((sum, { count }) => sum + count, 0) - faults.length };
};
