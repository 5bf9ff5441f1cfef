import { describe, expect, it } from "vitest";
import { withoutLogins } from "./scrub.js";

const logins = new Set(["e1", "pc_e1"]);

describe("a message that names an erased person", () => {
  it.each([
    ['{"userId":"e1","sid":"s"}', '{"userId":"","sid":"s"}'],
    ['{"receiverIdList":["e1","pc_e1","e2"]}', '{"receiverIdList":["e2"]}'],
    ['{"a":[{"id":"e1"},["pc_e1"]]}', '{"a":[{"id":""},[]]}'],
    ['{"e1":1,"e2":2}', '{"e2":2}'],
    ['"e1"', '""'],
  ])("%s becomes %s", (text, after) => {
    expect(withoutLogins(text, logins)).toBe(after);
  });

  it.each(['{ "userId" : "e12" }', ' "e1 is late" ', "1", "null", '{"é":"\\u0065"}', '["1e999", 1e3]'])(
    "%s stays unchanged, because it names no erased person",
    (text) => {
      expect(withoutLogins(text, logins)).toBe(text);
    },
  );
});
