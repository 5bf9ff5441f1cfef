import { timePerCall } from "../lib/measures.mjs";
import { listCheatRecord } from "../lib/paths.mjs";

const FEW = 10_000;
const MANY = 10_000_000;

/** Whether a page costs more in a room with many records. */
const rowOf = (page) => ({
  name: `list-${page}`,
  ours: listCheatRecord(page, MANY),
  theirs: listCheatRecord(page, FEW),
  measure: timePerCall,
  goal: { atMost: 1.3 },
});

export const first = rowOf("first");
export const deep = rowOf("deep");
