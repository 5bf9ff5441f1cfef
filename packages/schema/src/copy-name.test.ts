import { expect, it } from "vitest";
import { nameOfCopy } from "./copy-name.js";
import { createExamInput } from "./exam.js";
import { MAX_EXAM_NAME } from "./exam-parts.js";

it.each([
  ["Maths", ["Maths"], "Maths (2)"],
  ["Maths", ["Maths", "Maths (2)"], "Maths (3)"],
  ["Maths (2)", ["Maths", "Maths (2)"], "Maths (3)"],
  ["Maths (2)", ["Maths (2)", "Maths (3)", "Maths (4)"], "Maths (5)"],
  ["Maths (9)", ["Maths (9)"], "Maths (2)"],
  ["Physics (2026)", ["Physics (2026)"], "Physics (2026) (2)"],
  ["(2)", ["(2)"], "(2) (2)"],
  ["高等数学", ["高等数学"], "高等数学 (2)"],
])("the copy of %s among %j is %s", (name, taken, copy) => {
  expect(nameOfCopy(name, taken)).toBe(copy);
});

it.each([
  ["x".repeat(63), `${"x".repeat(59)} (2)`],
  // No character is cut in two, and no space is left before the number.
  [`${"x".repeat(58)}😀😀x`, `${"x".repeat(58)} (2)`],
  [`${"x".repeat(58)} xxxx`, `${"x".repeat(58)} (2)`],
])("a long name loses its end", (name, copy) => {
  expect(nameOfCopy(name, [name])).toBe(copy);
});

it("a series of copies has a name for each, which an exam may have", () => {
  const names = ["考".repeat(MAX_EXAM_NAME)];
  for (let n = 0; n < 120; n += 1) names.push(nameOfCopy(names.at(-1) ?? "", names));
  expect(new Set(names).size).toBe(121);
  const times = { startTime: new Date(0), endTime: new Date(1) };
  for (const name of names) expect(createExamInput.parse({ name, ...times }).name).toBe(name);
});
