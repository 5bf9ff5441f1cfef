import { useCallback, useMemo, useState } from "react";

/** How many keys stand at another place in a list, came or went. */
export const countChanges = (shown: readonly string[], wanted: readonly string[]): number => {
  const place = new Map(wanted.map((key, index) => [key, index]));
  const kept = shown.flatMap((key) => place.get(key) ?? []);
  // The longest rising run of places is left in order. Its length comes from the smallest ends of runs of each length.
  const ends: number[] = [];
  for (const at of kept) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    ends[low] = at;
  }
  const moved = kept.length - ends.length;
  return shown.length - kept.length + (wanted.length - kept.length) + moved;
};

const isSame = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one === other || (one.length === other.length && one.every((key, index) => key === other[index]));

interface HeldRows<Row> {
  readonly rows: readonly Row[];
  /** How many rows would move, come or go if the list were shown as it is now. */
  readonly changed: number;
  /** Shows the list as it is now. */
  readonly show: () => void;
}

const holdRows = <Row>(
  held: readonly Row[],
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): Omit<HeldRows<Row>, "show"> => {
  if (held === rows) return { rows, changed: 0 };
  const wanted = rows.map(keyOf);
  const shown = held.map(keyOf);
  if (isSame(shown, wanted)) return { rows, changed: 0 };
  const newest = new Map(rows.map((row) => [keyOf(row), row]));
  return {
    rows: held.map((row) => newest.get(keyOf(row)) ?? row),
    changed: countChanges(shown, wanted),
  };
};

/**
 * Keeps rows where they are while the person points at them or has the focus in them. The contents of a row still change.
 *
 * @param arrangement - says how the person wants the rows: their sorting and filters. When it changes, the rows follow at once
 */
export const useStableRows = <Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  isHeld: boolean,
  arrangement: string,
): HeldRows<Row> => {
  const [held, setHeld] = useState({ rows, arrangement });
  // Rows that only a hold keeps are shown as they last were.
  const follows = !isHeld || held.arrangement !== arrangement || held.rows.length === 0;
  if (follows && (held.rows !== rows || held.arrangement !== arrangement)) setHeld({ rows, arrangement });
  const show = useCallback(() => setHeld({ rows, arrangement }), [rows, arrangement]);
  const standing = follows ? rows : held.rows;
  // Each frame of a scroll draws the table, and comparing thousands of rows takes milliseconds.
  const { rows: shown, changed } = useMemo(() => holdRows(standing, rows, keyOf), [standing, rows, keyOf]);
  return { rows: shown, changed, show };
};
