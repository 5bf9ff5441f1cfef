import { MAX_EXAM_NAME } from "./exam-parts.js";

/**
 * Returns the name of a copy, which is not taken: `Maths (2)` of `Maths`, and `Maths (3)` of both. A name that is too long loses its end, and
 * keeps its number.
 */
export const nameOfCopy = (name: string, taken: Iterable<string>): string => {
  const names = new Set(taken);
  // Longer numbers may be years.
  const base = name.replace(/ \(\d{1,3}\)$/, "");
  for (let n = 2; ; n += 1) {
    const number = ` (${n})`;
    const letters = Array.from(base);
    while (letters.join("").length + number.length > MAX_EXAM_NAME) letters.pop();
    const copy = `${letters.join("").trimEnd()}${number}`;
    if (!names.has(copy)) return copy;
  }
};
