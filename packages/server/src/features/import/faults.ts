/** What is wrong with one cell of a file. */
export interface RowFault {
  /** As the spreadsheet counts: the header is 1. */
  readonly row: number;
  /** Its header as it stands in the file. */
  readonly column: string;
  readonly reason: string;
}

/** Why nothing was imported. */
export interface FaultyFile {
  /** By row; 100 at most. */
  readonly faults: readonly RowFault[];
  /** How many there are beyond these. */
  readonly more: number;
}

const LISTED = 100;

/** The first faults by row, and how many there are: a file of faults must not fill the memory. */
export interface Faults {
  readonly count: number;
  readonly listed: readonly RowFault[];
  add(fault: RowFault): void;
}

export const createFaults = (): Faults => {
  const listed: RowFault[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    listed,
    add(fault) {
      count += 1;
      // Rows that are there twice are found some rows later.
      const after = listed.findLastIndex(({ row }) => row <= fault.row) + 1;
      if (after === LISTED) return;
      listed.splice(after, 0, fault);
      if (listed.length > LISTED) listed.pop();
    },
  };
};

/** Faults that were found one after the other, each by row, as one list. */
export const together = (...found: readonly Faults[]): FaultyFile => {
  const faults = found
    .flatMap(({ listed }) => listed)
    .toSorted((one, other) => one.row - other.row)
    .slice(0, LISTED);
  return { faults, more: found.reduce((sum, { count }) => sum + count, 0) - faults.length };
};
