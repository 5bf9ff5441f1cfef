import { describe, expect, it } from "vitest";
import { InvigilError } from "../src/platform/errors.js";
import { selectProviders } from "../src/providers/select.js";
import type { UploadProvider } from "../src/providers/types.js";
import type { Fault } from "./simulators/aliyun.js";
import { BUCKET, openRecordings, type Recordings, ROLE } from "./support/recordings.js";
import { watchLog } from "./support/secrets.js";

const MINUTE = 60_000;
const START = new Date("2026-01-02T03:04:05Z");

interface Store extends Recordings {
  readonly uploads: UploadProvider;
  /** The log so far, as text. */
  readonly lines: string[];
  /** Advances the clock, in milliseconds. */
  pass(ms: number): void;
}

const openStore = async (environment: Readonly<Record<string, string>> = {}): Promise<Store> => {
  let now = START;
  const clock = () => now;
  const recordings = await openRecordings({ clock, environment });
  const lines: string[] = [];
  const note = (fields: object, message: string): void => {
    const line = JSON.stringify({ ...fields, message });
    watchLog(line);
    lines.push(line);
  };
  const { uploads } = selectProviders({
    config: recordings.config,
    clock,
    nonce: () => "nonce",
    publicUrl: () => "http://here",
    ownKey: (name) => `own ${name}`,
    log: { warn: note, info: note },
  });
  if (!uploads) throw new Error("no provider for uploads was selected");
  return {
    ...recordings,
    uploads,
    lines,
    pass(ms) {
      now = new Date(now.getTime() + ms);
    },
  };
};

type CredentialsRequest = Parameters<UploadProvider["credentials"]>[0];
const MINE: CredentialsRequest = { userId: "u1", mode: "OSS", prefixes: ["e-r-u1/", "e-r-u1_pc/"] };

const failureOf = async (call: Promise<unknown>): Promise<InvigilError> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof InvigilError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};

describe("credentials for uploads", () => {
  it("are asked for with exactly the documented parameters, and answered as uploaders take them", async () => {
    await using store = await openStore();
    const credentials = await store.uploads.credentials(MINE);
    expect(store.sts.calls).toEqual([
      {
        action: "AssumeRole",
        params: {
          RoleArn: ROLE,
          RoleSessionName: "u1",
          DurationSeconds: "3600",
          Policy: expect.stringContaining("acs:oss:*:*:exam-records/record/local/e-r-u1/*"),
        },
      },
    ]);
    expect(store.sts.failedChecks).toEqual([]);
    const [issued] = store.sts.issued;
    expect(credentials).toStrictEqual({
      region: "oss-cn-hangzhou",
      accessKeyId: issued?.accessKeyId,
      accessKeySecret: issued?.accessKeySecret,
      stsToken: issued?.stsToken,
      bucket: BUCKET,
      expiration: new Date("2026-01-02T04:04:05Z"),
    });
  });

  it("follow the settings: region, base path, lifetime", async () => {
    await using store = await openStore({
      INVIGIL_UPLOAD_REGION: "ap-southeast-1",
      INVIGIL_UPLOAD_BASE_PATH: "/exams/2026",
      INVIGIL_UPLOAD_TTL_SECONDS: "43200",
    });
    const credentials = await store.uploads.credentials(MINE);
    expect(credentials.region).toBe("oss-ap-southeast-1");
    expect(credentials.expiration).toEqual(new Date("2026-01-02T15:04:05Z"));
    expect(store.sts.mayPut(credentials, "exams/2026/local/e-r-u1/1.mp4")).toBe(true);
    expect(store.sts.mayPut(credentials, "record/local/e-r-u1/1.mp4")).toBe(false);
  });

  it("allow their holder to put into its folders while they are good, and nothing else", async () => {
    await using store = await openStore();
    const { sts } = store;
    const credentials = await store.uploads.credentials(MINE);
    const mine = "record/local/e-r-u1_pc/1.mp4";
    expect(sts.mayPut(credentials, mine)).toBe(true);
    expect(sts.mayPut(credentials, "record/local/e-r-u2/1.mp4")).toBe(false);
    expect(sts.may(credentials, "oss:GetObject", `acs:oss:oss-cn-hangzhou:1:${BUCKET}/${mine}`)).toBe(false);
    expect(sts.may(credentials, "vod:CreateUploadVideo", "*")).toBe(false);
    expect(sts.mayPut({ ...credentials, stsToken: "another" }, mine)).toBe(false);
    store.pass(60 * MINUTE);
    expect(sts.mayPut(credentials, mine)).toBe(false);
  });

  it("for video on demand allow the upload calls, and no bucket", async () => {
    await using store = await openStore();
    const { sts } = store;
    const credentials = await store.uploads.credentials({ ...MINE, mode: "VOD" });
    const may = (action: string) => sts.may(credentials, action, "acs:vod:cn-shanghai:1:*");
    expect(["vod:CreateUploadVideo", "vod:RefreshUploadVideo"].map(may)).toEqual([true, true]);
    expect(["vod:DeleteVideo", "vod:GetPlayInfo"].map(may)).toEqual([false, false]);
    expect(sts.mayPut(credentials, "record/local/e-r-u1/1.mp4")).toBe(false);
  });

  it("are for the person by name, in the characters that the vendor takes", async () => {
    await using store = await openStore();
    const people = [
      "ab",
      "a.b_c-d@school.example",
      "a",
      "张三",
      "李四",
      "a b",
      "a_b",
      "x".repeat(128),
      "y".repeat(64),
    ];
    for (const userId of people) await store.uploads.credentials({ ...MINE, userId });
    const names = store.sts.issued.map(({ sessionName }) => sessionName);
    expect(store.sts.failedChecks).toEqual([]);
    expect(names).toEqual([
      "ab",
      "a.b_c-d@school.example",
      expect.stringMatching(/^a-[0-9a-f]{16}$/),
      expect.stringMatching(/^__-[0-9a-f]{16}$/),
      expect.stringMatching(/^__-[0-9a-f]{16}$/),
      expect.stringMatching(/^a_b-[0-9a-f]{16}$/),
      "a_b",
      expect.stringMatching(/^x{47}-[0-9a-f]{16}$/),
      "y".repeat(64),
    ]);
    expect(new Set(names).size).toBe(people.length);
  });

  it("cover as many folders as a policy takes, the first ones, and say in the log that it was not all", async () => {
    await using store = await openStore();
    const names = Array.from({ length: 100 }, (_, index) => `e-${index}-`);
    const credentials = await store.uploads.credentials({ ...MINE, prefixes: ["e-r-", ...names] });
    const covered = ["e-r-", ...names].filter((name) =>
      store.sts.mayPut(credentials, `record/local/${name}u/1.mp4`),
    );
    expect(covered.length).toBeGreaterThan(10);
    expect(covered).toEqual(["e-r-", ...names].slice(0, covered.length));
    expect(store.lines.map((line) => JSON.parse(line))).toEqual([
      {
        userId: "u1",
        asked: 101,
        allowed: covered.length,
        message: expect.stringContaining("do not cover all folders"),
      },
    ]);
  });
});

describe("issued credentials are given out again", () => {
  it("until ten minutes before their end", async () => {
    await using store = await openStore();
    const first = await store.uploads.credentials(MINE);
    store.pass(50 * MINUTE - 1);
    expect(await store.uploads.credentials(MINE)).toEqual(first);
    expect(store.sts.count()).toBe(1);
    store.pass(1);
    const second = await store.uploads.credentials(MINE);
    expect(store.sts.count()).toBe(2);
    expect(second.stsToken).not.toBe(first.stsToken);
    expect(second.expiration).toEqual(new Date("2026-01-02T04:54:05Z"));
    // These apply from now on.
    expect(await store.uploads.credentials(MINE)).toEqual(second);
    expect(store.sts.count()).toBe(2);
  });

  it("for five minutes where they are good for fifteen", async () => {
    await using store = await openStore({ INVIGIL_UPLOAD_TTL_SECONDS: "900" });
    await store.uploads.credentials(MINE);
    store.pass(5 * MINUTE - 1);
    await store.uploads.credentials(MINE);
    expect(store.sts.count()).toBe(1);
    store.pass(1);
    await store.uploads.credentials(MINE);
    expect(store.sts.count()).toBe(2);
  });

  it.each<[string, CredentialsRequest]>([
    ["person", { ...MINE, userId: "u2" }],
    ["mode", { ...MINE, mode: "VOD" }],
    ["folders", { ...MINE, prefixes: ["e-r-u1/"] }],
  ])("for one and the same %s", async (_, another) => {
    await using store = await openStore();
    const mine = await store.uploads.credentials(MINE);
    const other = await store.uploads.credentials(another);
    expect(other.stsToken).not.toBe(mine.stsToken);
    expect(await store.uploads.credentials(MINE)).toEqual(mine);
    expect(await store.uploads.credentials(another)).toEqual(other);
    expect(store.sts.count()).toBe(2);
  });

  it("for video on demand whatever the folders: they are the same", async () => {
    await using store = await openStore();
    for (const prefixes of [["a-"], ["b-"]] as const)
      await store.uploads.credentials({ ...MINE, mode: "VOD", prefixes });
    expect(store.sts.count()).toBe(1);
  });

  it("to all who ask while the vendor is being asked", async () => {
    await using store = await openStore();
    const held = store.sts.hold();
    const calls = Array.from({ length: 20 }, () => store.uploads.credentials(MINE));
    await held.arrived;
    calls.push(store.uploads.credentials(MINE));
    held.release();
    const all = await Promise.all(calls);
    expect(store.sts.count()).toBe(1);
    expect(new Set(all.map(({ stsToken }) => stsToken)).size).toBe(1);
    expect(all).toHaveLength(21);
  });

  it("also while those that are near their end are renewed", async () => {
    await using store = await openStore();
    const first = await store.uploads.credentials(MINE);
    store.pass(55 * MINUTE);
    const held = store.sts.hold();
    const calls = [store.uploads.credentials(MINE), store.uploads.credentials(MINE)];
    await held.arrived;
    calls.push(store.uploads.credentials(MINE));
    held.release();
    const tokens = new Set((await Promise.all(calls)).map(({ stsToken }) => stsToken));
    expect(tokens.size).toBe(1);
    expect(tokens).not.toContain(first.stsToken);
    expect(store.sts.count()).toBe(2);
  });

  it("but a failure is not: all who wait are told, and who asks next asks the vendor", async () => {
    await using store = await openStore();
    store.sts.fail("signature");
    const held = store.sts.hold();
    const calls = [store.uploads.credentials(MINE), store.uploads.credentials(MINE)].map(failureOf);
    await held.arrived;
    held.release();
    for (const { code } of await Promise.all(calls)) expect(code).toBe("PROVIDER_FAILED");
    expect(store.sts.count()).toBe(1);
    store.sts.heal();
    const credentials = await store.uploads.credentials(MINE);
    expect(store.sts.mayPut(credentials, "record/local/e-r-u1/1.mp4")).toBe(true);
    expect(store.sts.count()).toBe(2);
  });
});

describe("a failure of the vendor", () => {
  // The call is idempotent, so temporary failures are retried twice.
  it.each<[Fault, string, string | undefined, number]>([
    ["hang", "timeout", undefined, 1],
    ["error", "unavailable", "ServerError", 3],
    ["gateway", "unavailable", undefined, 3],
    ["throttle", "throttled", "Throttling.User", 3],
    ["busy", "throttled", undefined, 3],
    ["overload", "throttled", "ServiceUnavailable", 3],
    ["nonsense", "unreadable", undefined, 1],
    ["wrong", "unreadable", undefined, 1],
    ["signature", "refused", "SignatureDoesNotMatch", 1],
    ["reset", "unreachable", undefined, 3],
    ["garbage", "unreadable", undefined, 1],
  ])("(%s) is PROVIDER_FAILED: %s", async (fault, kind, code, tries) => {
    // Only the service that never responds may reach its time limit.
    await using store = await openStore({
      INVIGIL_PROVIDER_TIMEOUT_MS: fault === "hang" ? "1000" : "30000",
    });
    store.sts.fail(fault);
    const failed = await failureOf(store.uploads.credentials(MINE));
    expect(failed.code).toBe("PROVIDER_FAILED");
    expect(failed.details).toMatchObject({ provider: "uploads", action: "AssumeRole", fault: kind });
    expect(failed.details?.code).toBe(code);
    expect(store.sts.count()).toBe(tries);
    expect(store.sts.issued).toEqual([]);
    if (code) expect(failed.details?.requestId).toBe(store.sts.requestIds.at(-1));

    expect(store.lines).toHaveLength(tries);
    const output = [...store.lines, failed.message, JSON.stringify(failed.details)].join("\n");
    for (const secret of store.secrets()) expect(output).not.toContain(secret);

    store.sts.heal();
    await expect(store.uploads.credentials(MINE)).resolves.toMatchObject({ bucket: BUCKET });
  });

  it("that passes is not noticed", async () => {
    await using store = await openStore({ INVIGIL_PROVIDER_TIMEOUT_MS: "30000" });
    store.sts.fail("throttle", { times: 2 });
    await expect(store.uploads.credentials(MINE)).resolves.toMatchObject({ bucket: BUCKET });
    expect(store.sts.count()).toBe(3);
  });

  it.each([
    ["no expiry", { Expiration: undefined }],
    ["an expiry that is no time", { Expiration: "soon" }],
    ["no token", { SecurityToken: "" }],
    ["no key", { AccessKeyId: undefined }],
    ["a secret that is no text", { AccessKeySecret: 7 }],
  ])("to answer in full (%s) is PROVIDER_FAILED, and is kept by nobody", async (_, spoilt) => {
    await using store = await openStore();
    store.sts.spoil(spoilt);
    const failed = await failureOf(store.uploads.credentials(MINE));
    expect(failed.details).toMatchObject({ fault: "unreadable", requestId: store.sts.requestIds.at(-1) });
    const output = [...store.lines, failed.message, JSON.stringify(failed.details)].join("\n");
    for (const secret of store.secrets()) expect(output).not.toContain(secret);
    store.sts.spoil(undefined);
    await expect(store.uploads.credentials(MINE)).resolves.toMatchObject({ bucket: BUCKET });
  });

  it("to know the role is told with its code", async () => {
    await using store = await openStore({ INVIGIL_UPLOAD_ROLE_ARN: "acs:ram::1234567890123456:role/other" });
    const failed = await failureOf(store.uploads.credentials(MINE));
    expect(failed.details).toMatchObject({ fault: "refused", code: "InputInvalid" });
    expect(store.sts.failedChecks).toHaveLength(1);
  });
});

describe("the check of the service", () => {
  it("has credentials issued that allow nothing, for the shortest time", async () => {
    await using store = await openStore();
    await store.uploads.check();
    const [issued] = store.sts.issued;
    if (!issued) throw new Error("nothing was issued");
    expect(issued).toMatchObject({ sessionName: "invigil-doctor", seconds: 900 });
    expect(store.sts.mayPut(issued, "record/local/e-r-u1/1.mp4")).toBe(false);
    expect(store.sts.may(issued, "vod:CreateUploadVideo", "*")).toBe(false);
  });

  it("fails with what the vendor said", async () => {
    await using store = await openStore();
    store.sts.fail("signature");
    const failed = await failureOf(store.uploads.check());
    expect(failed.details).toMatchObject({ action: "AssumeRole", code: "SignatureDoesNotMatch" });
  });
});
