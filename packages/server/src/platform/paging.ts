/** A page of rows, with the cursor of the next page where there is one. */
export interface Page<Row, Cursor> {
  readonly rows: Row[];
  readonly nextCursor?: Cursor;
}

/** The cursor of the first page of a list that begins with the greatest id. */
export const ABOVE_ALL_IDS = Number.MAX_SAFE_INTEGER;

/**
 * Makes a page of rows that were read with one more than `limit`: the extra row tells whether another page follows.
 * @param cursorOf the cursor that continues after a row
 */
export const pageOf = <Row, Cursor>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => Cursor,
): Page<Row, Cursor> => {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  if (rows.length <= limit || last === undefined) return { rows: page };
  return { rows: page, nextCursor: cursorOf(last) };
};
