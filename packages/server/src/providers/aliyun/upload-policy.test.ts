import { describe, expect, it } from "vitest";
import { isAllowed, parseRamPolicy, type RamPolicy } from "../../../test/simulators/ram.js";
import type { UploadPrefixes } from "../types.js";
import { emptyPolicy, MAX_POLICY_LENGTH, recordingsPolicy, videoPolicy } from "./upload-policy.js";

const STORE = { bucket: "exam-records", basePath: "/record" };
const policyFor = (...prefixes: UploadPrefixes) =>
  parseRamPolicy(recordingsPolicy({ ...STORE, prefixes }).policy);
const may = (policy: RamPolicy, path: string, action = "oss:PutObject", bucket = STORE.bucket) =>
  isAllowed([policy], { action, resource: `acs:oss:oss-cn-hangzhou:1234567890123456:${bucket}/${path}` });

describe("the policy for recordings", () => {
  it("has the vendor's format, and only allows putting objects", () => {
    const { policy, allowed } = recordingsPolicy({ ...STORE, prefixes: ["e-r-u/", "e-r-u_pc/"] });
    expect(allowed).toBe(2);
    expect(JSON.parse(policy)).toEqual({
      Version: "1",
      Statement: [
        {
          Effect: "Allow",
          Action: ["oss:PutObject"],
          Resource: [
            "acs:oss:*:*:exam-records/record/local/e-r-u/*",
            "acs:oss:*:*:exam-records/record/local/e-r-u_pc/*",
          ],
        },
        { Effect: "Deny", Action: ["oss:PutObject"], Resource: ["acs:oss:*:*:exam-records/*/../*"] },
      ],
    });
  });

  it.each([
    "record/local/e-r-u/2026-01-02 03:04:05_2026-01-02 03:09:05.mp4",
    "record/local/e-r-u/a..b/c..mp4",
    "record/local/e-r-u_pc/1.webm",
  ])("allows putting %s", (path) => {
    expect(may(policyFor("e-r-u/", "e-r-u_pc/"), path)).toBe(true);
  });

  it.each([
    "record/local/e-r-u2/1.mp4",
    "record/local/e-r-u",
    "record/local/e-r-u_pc2/1.mp4",
    "record/local/e-r2-u/1.mp4",
    "record/local/1.mp4",
    "record/e-r-u/1.mp4",
    "e-r-u/1.mp4",
    "other/local/e-r-u/1.mp4",
    "x/record/local/e-r-u/1.mp4",
    "record/local/E-R-U/1.mp4",
    "record/local/e-r-u/../e-r-u2/1.mp4",
    "record/local/e-r-u/x/../../e-r-u2/1.mp4",
    "record/local/../local/e-r-u/1.mp4",
  ])("does not allow putting %s", (path) => {
    expect(may(policyFor("e-r-u/", "e-r-u_pc/"), path)).toBe(false);
  });

  it.each(["oss:GetObject", "oss:DeleteObject", "oss:ListObjects", "oss:PutObjectAcl", "oss:PutBucket"])(
    "does not allow calling %s",
    (action) => {
      expect(may(policyFor("e-r-u/"), "record/local/e-r-u/1.mp4", action)).toBe(false);
    },
  );

  it("is for one bucket", () => {
    const path = "record/local/e-r-u/1.mp4";
    expect(may(policyFor("e-r-u/"), path, "oss:PutObject", "exam-records2")).toBe(false);
  });

  it("allows everything below a prefix, and nothing that leads out of it", () => {
    const policy = policyFor("e-r-");
    expect(may(policy, "record/local/e-r-u/1.mp4")).toBe(true);
    expect(may(policy, "record/local/e-r-another_pc/1.mp4")).toBe(true);
    expect(may(policy, "record/local/e-r2-u/1.mp4")).toBe(false);
    expect(may(policy, "record/local/e-r-u/../e-r2-u/1.mp4")).toBe(false);
    expect(may(policy, "record/local/e-r-u/../../../1.mp4")).toBe(false);
  });

  it.each([
    "",
    "*",
    "e-*",
    "e-?/",
    "e-$x/",
    "e-$" + "{acs:UserId}/",
    "e/r/",
    "/e",
    "../",
    "..",
    ".",
    "./",
    "e\n",
    "e r/",
    "é/",
    'e"/',
  ])("refuses %j", (prefix) => {
    expect(() => recordingsPolicy({ ...STORE, prefixes: ["e-r-u/", prefix] })).toThrow(
      `a policy cannot contain the prefix ${JSON.stringify(prefix)}`,
    );
  });
});

describe("the length of a policy", () => {
  it("fits the two folders of a person with the longest names", () => {
    const user = "u".repeat(61);
    const stream = `${"e".repeat(32)}-${"r".repeat(64)}-${user}`;
    const basePath = `/${"b".repeat(64)}`.repeat(8);
    const prefixes = [`${stream}/`, `${stream}_pc/`] as const;
    const { policy, allowed } = recordingsPolicy({ bucket: "k".repeat(63), basePath, prefixes });
    expect(allowed).toBe(2);
    expect(policy.length).toBeLessThanOrEqual(MAX_POLICY_LENGTH);
  });

  it("limits the allowed prefixes to the first ones that fit", () => {
    const names = Array.from({ length: 60 }, (_, index) => `e-${String(index).padStart(32, "0")}-`);
    const [first = "", ...more] = names;
    const { policy, allowed } = recordingsPolicy({ ...STORE, prefixes: [first, ...more] });
    expect(policy.length).toBeLessThanOrEqual(MAX_POLICY_LENGTH);
    // One more would not fit.
    const each = `"acs:oss:*:*:exam-records/record/local/${first}*",`.length;
    expect(policy.length + each).toBeGreaterThan(MAX_POLICY_LENGTH);
    const read = parseRamPolicy(policy);
    const covered = names.map((name) => may(read, `record/local/${name}u/1.mp4`));
    expect(covered).toEqual(names.map((_, index) => index < allowed));
  });
});

describe("the policy for video on demand", () => {
  const policy = parseRamPolicy(videoPolicy());
  const mayCall = (action: string) => isAllowed([policy], { action, resource: "acs:vod:cn-shanghai:1234:*" });

  it("allows the calls of a video upload", () => {
    expect(mayCall("vod:CreateUploadVideo")).toBe(true);
    expect(mayCall("vod:RefreshUploadVideo")).toBe(true);
  });

  it.each([
    "vod:DeleteVideo",
    "vod:GetPlayInfo",
    "vod:CreateUploadImage",
    "vod:UploadMediaByURL",
    "oss:PutObject",
  ])("does not allow %s", (action) => expect(mayCall(action)).toBe(false));
});

it("the empty policy allows nothing", () => {
  const policy = parseRamPolicy(emptyPolicy());
  expect(may(policy, "record/local/e-r-u/1.mp4")).toBe(false);
  expect(isAllowed([policy], { action: "vod:CreateUploadVideo", resource: "*" })).toBe(false);
});
