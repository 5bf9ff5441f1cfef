import { describe, expect, it } from "vitest";
import { countChanges } from "./use-stable-rows.js";

describe("the number of changes between two lists", () => {
  it.each([
    ["nothing", "abc", "abc", 0],
    ["one that came", "abc", "abxc", 1],
    ["one that went", "abc", "ac", 1],
    ["one that moved from the end to the front", "abcde", "eabcd", 1],
    ["two that changed places", "abcd", "dbca", 2],
    ["all", "abc", "xyz", 6],
  ])("counts %s", (_, shown, wanted, changes) => {
    expect(countChanges(shown.split(""), wanted.split(""))).toBe(changes);
  });
});
