import { describe, expect, it } from "vitest";
import { createStreamCallback } from "./stream-callback.js";

const TIMESTAMP = "1767323045";
/** Computed with md5sum from `push.example|1767323045|the callback key`. */
const SIGNATURE = "b17c6094ed9424467ceeae1255888467";
const settings = {
  pushDomain: "push.example",
  app: "exam",
  transcodeSuffix: "_240p",
  keys: ["the callback key"],
};
const verify = (
  sent: { timestamp?: string; signature?: string } = {},
  { change = {}, offset = 0 }: { change?: Partial<typeof settings>; offset?: number } = {},
) => {
  const clock = () => new Date((Number(TIMESTAMP) + offset) * 1000);
  const callback = createStreamCallback({ ...settings, ...change }, clock);
  return callback.verify({ timestamp: TIMESTAMP, signature: SIGNATURE, ...sent });
};

describe("the stream service's signature", () => {
  it("is the MD5 of domain, time and key, in upper or lower case", () => {
    expect(verify()).toBe("good");
    expect(verify({ signature: SIGNATURE.toUpperCase() })).toBe("good");
    expect(verify({}, { change: { pushDomain: "PUSH.example" } })).toBe("good");
  });

  it.each([
    ["another key", {}, { keys: ["the callback key "] }],
    ["no key", {}, { keys: [] }],
    ["another domain", {}, { pushDomain: "pull.example" }],
    ["another time", { timestamp: "1767323046" }, {}],
    ["a time written otherwise", { timestamp: "01767323045" }, {}],
    ["one digit changed", { signature: SIGNATURE.replace(/7$/, "8") }, {}],
    ["a digit less", { signature: SIGNATURE.slice(0, -1) }, {}],
    ["a byte more", { signature: `${SIGNATURE}00` }, {}],
    ["nothing", { signature: "" }, {}],
  ])("is wrong with %s", (_, sent, change) => {
    expect(verify(sent, { change })).toBe("wrong");
  });

  it.each([
    [0, "good"],
    [300, "good"],
    [-300, "good"],
    [300.001, "stale"],
    [-300.001, "stale"],
  ])("made %d seconds ago is %s", (offset, verdict) => {
    expect(verify({}, { offset })).toBe(verdict);
  });

  it("may be of each of two keys, while they are rotated", () => {
    for (const keys of [
      ["the callback key", "another"],
      ["another", "the callback key"],
    ])
      expect(verify({}, { change: { keys } })).toBe("good");
  });

  it("that is both wrong and old is reported as wrong", () => {
    expect(verify({ signature: "0".repeat(32) }, { offset: 1000 })).toBe("wrong");
  });
});
