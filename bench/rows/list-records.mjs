import { timePerCall } from "../lib/measures.mjs";
import { listCheatRecord } from "../lib/paths.mjs";

const FEW = 10_000;

/** Compares the cost of a page in a room with many records and in a room with few. */
const rowFor = (page, { records, scaled }) => ({
  name: `list-${page}`,
  ours: listCheatRecord(page, records),
  theirs: listCheatRecord(page, FEW),
  measure: timePerCall,
  goal: { atMost: 1.3 },
  scaled,
});

export const rowsFor = ({ many }) => [rowFor("first", many), rowFor("deep", many)];
