import { expect, it } from "vitest";
import { pageOf } from "./paging.js";

const rows = [{ id: 3 }, { id: 2 }, { id: 1 }];
const idOf = ({ id }: { id: number }): number => id;

it("cuts the extra row off, and continues after the last row of the page", () => {
  expect(pageOf(rows, 2, idOf)).toEqual({ rows: [{ id: 3 }, { id: 2 }], nextCursor: 2 });
});

it.each([3, 4])("has no cursor when nothing is left: %i of 3 rows", (limit) => {
  expect(pageOf(rows, limit, idOf)).toEqual({ rows });
});

it("is empty when there are no rows", () => {
  expect(pageOf([], 2, idOf)).toEqual({ rows: [] });
});
