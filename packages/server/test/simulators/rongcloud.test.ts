import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openRongCloud, type RongCloud } from "./rongcloud.js";

const NOW = 1_700_000_000_000;
let vendor: RongCloud;
let nonces = 0;
beforeAll(async () => {
  vendor = await openRongCloud({ clock: () => new Date(NOW) });
});
beforeEach(() => {
  vendor.refusals.length = 0;
});
afterAll(() => vendor[Symbol.asyncDispose]());

interface Changes {
  readonly action?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly nonce?: string;
  readonly timestamp?: string;
  readonly method?: string;
}

/** A call that is right but for what is changed. */
const ask = async (changes: Changes = {}): Promise<{ status: number; code: unknown }> => {
  nonces += 1;
  const { action = "group/dismiss", body = "userId=t1&groupId=r1", method = "POST" } = changes;
  const { nonce = `n${nonces}`, timestamp = String(NOW) } = changes;
  const response = await fetch(`${vendor.urls[0]}/${action}.json`, {
    method,
    headers: {
      "App-Key": vendor.appKey,
      Nonce: nonce,
      Timestamp: timestamp,
      Signature: createHash("sha1").update(vendor.appSecret).update(nonce).update(timestamp).digest("hex"),
      "X-Request-ID": "request-1",
      "Content-Type": "application/x-www-form-urlencoded",
      ...changes.headers,
    },
    ...(method === "POST" && { body }),
  });
  const answer: unknown = await response.json();
  return { status: response.status, code: (answer as { code: unknown }).code };
};
const ok = { status: 200, code: 200 };
const unsigned = { status: 401, code: 1004 };
const wrong = { status: 400, code: 1002 };

describe("the simulator of RongCloud", () => {
  it("takes a call that is right", async () => {
    expect(await ask()).toEqual(ok);
    expect(vendor.refusals).toEqual([]);
  });

  it.each<[string, Changes, { status: number; code: number }]>([
    ["another app", { headers: { "App-Key": "other" } }, { status: 401, code: 1001 }],
    ["another signature", { headers: { Signature: "0".repeat(40) } }, unsigned],
    ["a long nonce", { nonce: "n".repeat(19) }, unsigned],
    ["a time in seconds", { timestamp: String(NOW / 1000) }, unsigned],
    ["a time of long ago", { timestamp: String(NOW - 301_000) }, unsigned],
    ["a time to come", { timestamp: String(NOW + 301_000) }, unsigned],
    ["no id of the request", { headers: { "X-Request-ID": "" } }, wrong],
    ["JSON", { headers: { "Content-Type": "application/json" } }, wrong],
    ["a GET", { method: "GET" }, { status: 405, code: 405 }],
    ["another path", { action: "group/delete" }, { status: 404, code: 404 }],
    ["a parameter that it does not know", { body: "userId=t1&groupId=r1&name=x" }, wrong],
    ["a missing parameter", { body: "groupId=r1" }, wrong],
    ["a parameter twice", { body: "userId=t1&groupId=r1&groupId=r2" }, wrong],
    ["an id with a dot", { body: "userId=t.1&groupId=r1" }, wrong],
    [
      "a message type of the vendor's",
      {
        action: "message/group/publish",
        body: "fromUserId=t1&toGroupId=r1&objectName=RC:TxtMsg&content=x",
      },
      wrong,
    ],
    [
      "a message to some in two groups",
      {
        action: "message/group/publish",
        body: "fromUserId=t1&toGroupId=r1&toGroupId=r2&toUserId=s1&objectName=A&content=x",
      },
      wrong,
    ],
  ])("refuses %s", async (_what, changes, refusal) => {
    expect(await ask(changes)).toEqual(refusal);
    expect(vendor.refusals).toHaveLength(1);
  });

  it("refuses a nonce that came before, on either host", async () => {
    expect(await ask({ nonce: "again" })).toEqual(ok);
    expect(await ask({ nonce: "again" })).toEqual(unsigned);
    expect(vendor.refusals).toHaveLength(1);
  });
});
