import type { Phase } from "./types.js";

/** A window over rows with a growing key: `read` gives the rows after a key, at most so many, `each` does something to one. */
export const overRows =
  <Row, Key extends string | number>(
    first: Key,
    {
      weight,
      read,
      key,
      each,
    }: {
      /** How many rows are changed for each that is read. */
      readonly weight: number;
      readonly read: (change: Parameters<Phase>[0], after: Key, limit: number) => Row[];
      readonly key: (row: Row) => Key;
      readonly each: (change: Parameters<Phase>[0], row: Row) => void;
    },
  ): Phase =>
  (change, { after, rows }) => {
    const limit = Math.max(1, Math.ceil(rows / weight));
    // Safe: the phase has made it.
    const found = read(change, after === "" ? first : (after as Key), limit);
    for (const row of found) each(change, row);
    const last = found.at(-1);
    return {
      used: found.length * weight,
      next: last === undefined || found.length < limit ? undefined : key(last),
    };
  };
