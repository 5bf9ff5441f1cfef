import { describe, expect, it } from "vitest";
import { sameNamesOf } from "./same-names.js";

const person = (userId: string, name: string) => ({ userId, name });

describe("people of one name", () => {
  it("are those whose names differ in case, width and spaces at most", () => {
    const people = [
      person("u1", "Li Wei"),
      person("u2", " ｌｉ　ＷＥＩ "),
      person("u3", "li  wei"),
      person("u4", "Li Wen"),
      person("u5", "王芳"),
      person("u6", "王芳"),
    ];
    expect(sameNamesOf(people)).toEqual([
      { name: "Li Wei", userIds: ["u1", "u2", "u3"] },
      { name: "王芳", userIds: ["u5", "u6"] },
    ]);
  });

  it("are not one person who is there twice", () => {
    expect(sameNamesOf([person("u1", "Li Wei"), person("u1", "Li Wei")])).toEqual([]);
  });
});
