/** The number of entries in the lists of an answer: in the answer itself, or in its fields. Lists within lists do not count. */
export const rowsIn = (answer: unknown): number => {
  if (Array.isArray(answer)) return answer.length;
  if (typeof answer !== "object" || answer === null) return 0;
  let rows = 0;
  // Safe: its fields are read as what they are, unknown.
  const fields = answer as Readonly<Record<string, unknown>>;
  for (const name in fields) if (Array.isArray(fields[name])) rows += fields[name].length;
  return rows;
};

/** Groups rows by a key, in their order. Node 20 has no `Map.groupBy`. */
export const groupBy = <Row, Key>(rows: readonly Row[], keyOf: (row: Row) => Key): Map<Key, Row[]> => {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
};
