import { expect, it } from "vitest";
import { createFirstLetters, searchFor } from "./name-search.js";

it.each([
  ["王芳", "wf"],
  ["李伟", "lw"],
  ["张三", "zs"],
  ["欧阳", "oy"],
  ["刘洋", "ly"],
  ["吕布", "lb"],
  ["陈静", "cj"],
  ["任我行", "rwx"],
  ["诸葛亮", "zgl"],
  ["阿依古丽·买买提", "aygl mmt"],
  ["Wang Fang", "wf"],
  ["ＬＩ Wei", "lw"],
  ["王 Xiao-ming", "wxm"],
  ["娜塔莎 Иванова", "ntsи"],
  // Its strokes are all that the order knows of it.
  ["鿕", ""],
])("the first letters of %s are %s", (name, letters) => {
  expect(createFirstLetters()(name)).toBe(letters.replace(" ", ""));
});

it("finds people by a part of their name or id, and by first letters", () => {
  const people = [
    { userId: "2026-001", name: "王芳" },
    { userId: "2026-002", name: "王方方" },
    { userId: "wf-3", name: "Li Wei" },
    { userId: "2026-004", name: "李伟" },
  ];
  const find = (text: string) => people.filter(searchFor(text)).map(({ userId }) => userId);
  expect(find("wf")).toEqual(["2026-001", "2026-002", "wf-3"]);
  expect(find("WFF")).toEqual(["2026-002"]);
  expect(find("lw")).toEqual(["wf-3", "2026-004"]);
  expect(find("芳")).toEqual(["2026-001"]);
  expect(find("６-００４")).toEqual(["2026-004"]);
  expect(find("%")).toEqual([]);
});
