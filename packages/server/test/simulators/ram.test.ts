import { describe, expect, it } from "vitest";
import { fitsPattern, isAllowed, parseRamPolicy } from "./ram.js";

// The judge of our policies is judged first.

describe("a pattern", () => {
  it.each([
    ["*", "", true],
    ["*", "a/b", true],
    ["a*", "a", true],
    ["a*c", "abcbc", true],
    ["a*c", "abcb", false],
    ["a*b*c", "a-b-b-c", true],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a?c", "abbc", false],
    ["a", "ab", false],
    ["ab", "a", false],
    ["a.c", "abc", false],
    ["*/../*", "a/../b", true],
    ["*/../*", "a..b", false],
  ])("%s and %j", (pattern, text, fits) => {
    expect(fitsPattern(pattern, text)).toBe(fits);
  });
});

const policyOf = (...Statement: object[]) => parseRamPolicy(JSON.stringify({ Version: "1", Statement }));
const allow = (Action: string | string[], Resource: string | string[]) => ({
  Effect: "Allow",
  Action,
  Resource,
});
const put = (path: string) => ({ action: "oss:PutObject", resource: `acs:oss:oss-cn-hangzhou:1:${path}` });

describe("a policy", () => {
  it("allows what a statement allows, and nothing else", () => {
    const policy = policyOf(allow("oss:Put*", ["acs:oss:*:*:b/x/*", "acs:oss:*:*:b/y"]));
    expect(["b/x/1", "b/x/1:2/3", "b/y"].map((path) => isAllowed([policy], put(path)))).toEqual([
      true,
      true,
      true,
    ]);
    expect(["b/y/1", "b/x", "c/x/1"].map((path) => isAllowed([policy], put(path)))).toEqual([
      false,
      false,
      false,
    ]);
    expect(isAllowed([policy], { ...put("b/y"), action: "oss:GetObject" })).toBe(false);
    expect(isAllowed([policy], { ...put("b/y"), action: "OSS:putobject" })).toBe(true);
    expect(isAllowed([policy], { action: "oss:PutObject", resource: "acs:vod:a:1:b/y" })).toBe(false);
  });

  it("does not allow what another statement denies, whichever comes first", () => {
    const all = allow("*", "*");
    const none = { ...allow("oss:*", "acs:oss:*:*:b/x"), Effect: "Deny" };
    for (const policy of [policyOf(all, none), policyOf(none, all)]) {
      expect(isAllowed([policy], put("b/x"))).toBe(false);
      expect(isAllowed([policy], put("b/y"))).toBe(true);
    }
  });

  it("allows no more than another that holds as well", () => {
    const policies = [policyOf(allow("oss:*", "*")), policyOf(allow("*", "acs:oss:*:*:b/x"))];
    expect(isAllowed(policies, put("b/x"))).toBe(true);
    expect(isAllowed(policies, put("b/y"))).toBe(false);
    expect(isAllowed(policies.toReversed(), put("b/y"))).toBe(false);
  });

  it.each([
    ["another version", { Version: "2", Statement: [allow("*", "*")] }],
    ["no statement", { Version: "1", Statement: [] }],
    ["an unknown member", { Version: "1", Statement: [{ ...allow("*", "*"), Sid: "1" }] }],
    ["an unknown effect", { Version: "1", Statement: [{ ...allow("*", "*"), Effect: "allow" }] }],
    ["a variable", { Version: "1", Statement: [allow("*", "acs:oss:*:*:b/$" + "{x}")] }],
    ["what is no action", { Version: "1", Statement: [allow("PutObject", "*")] }],
    ["what is no resource", { Version: "1", Statement: [allow("*", "b/x")] }],
  ])("is refused with %s", (_, policy) => {
    expect(() => parseRamPolicy(JSON.stringify(policy))).toThrow();
  });

  it("is refused when it is empty, no JSON, or too long", () => {
    const long = JSON.stringify({ Version: "1", Statement: [allow("*", `acs:oss:*:*:${"b".repeat(2048)}`)] });
    for (const text of ["", "{", long]) expect(() => parseRamPolicy(text)).toThrow();
  });
});
