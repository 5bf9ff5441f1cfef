import { createServer } from "node:http";
import { signals } from "@invigil/schema";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { RongFault, RongHost } from "../../../test/simulators/rongcloud.js";
import { portOf } from "../../../test/support/ports.js";
import { detailsOf, openRongWorld, type RongWorld } from "../../../test/support/rongcloud.js";
import { given } from "../../../test/support/secrets.js";
import { rongSignature } from "./client.js";

let fixture: RongWorld;
afterEach(async () => {
  vi.useRealTimers();
  expect(fixture?.vendor.refusals ?? []).toEqual([]);
  await fixture?.[Symbol.asyncDispose]();
});

const open = async (
  options: Parameters<typeof openRongWorld>[0] & { faults?: [RongHost, RongFault][] } = {},
) => {
  fixture = await openRongWorld(options);
  for (const [host, fault] of options.faults ?? []) fixture.vendor.fault(host, fault);
  return fixture;
};
const both = (fault: RongFault): [RongHost, RongFault][] => [
  ["main", fault],
  ["spare", fault],
];
const HANDED_OVER = "vendor host did not respond: calling the next one";
/** Lets pending work continue while the test controls the timers. */
const turns = async (count: number) => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => void setImmediate(resolve));
};
const seen = async (count: number) => {
  while (fixture.vendor.calls.length < count) await turns(1);
};
const token = () => fixture.im.issueToken({ userId: "s1", role: "" });
const publish = () =>
  fixture.im.announce({ groupId: "r1", type: signals.streamStopped.type, data: '{"userId":"s1"}' });

describe("the signature", () => {
  it("is the vendor's own example", () => {
    expect(rongSignature("Y1W2MeFwwwRxa0", "14314", "1408710653000")).toBe(
      "30be0bbca9c9b2e27578701e9fda2358a814c88f",
    );
  });
});

describe("every call", () => {
  it("is signed with a new nonce, even when it is retried", async () => {
    const { vendor } = await open({ faults: both("throttle") });
    await detailsOf(token());
    vendor.fault("main", "reset");
    await token().catch(() => undefined);
    vendor.fault("main", undefined);
    vendor.fault("spare", undefined);
    await Promise.all([token(), token(), publish(), publish()]);
    const nonces = vendor.calls.map(({ nonce }) => nonce);
    expect(nonces.length).toBeGreaterThan(8);
    expect(new Set(nonces).size).toBe(nonces.length);
    expect(nonces.filter((nonce) => nonce.length > 18)).toEqual([]);
    expect(new Set(vendor.calls.map(({ alone }) => alone))).toEqual(new Set([true]));
  });

  it("has a request id, which administrators receive if it fails", async () => {
    const { vendor, log } = await open({ faults: [["main", "bad signature"]] });
    const details = await detailsOf(token());
    expect(details).toEqual({
      provider: "rong_cloud",
      action: "user/getToken",
      fault: "refused",
      code: "1004",
      requestId: `seen-${vendor.calls[0]?.requestId}`,
    });
    const fields = { vendorRequestId: details?.requestId, reason: "Signature is not right" };
    expect(log).toMatchObject([{ message: "vendor call failed", fields }]);
  });
});

describe("a failure of the vendor", () => {
  it.each<[RongFault, string, string | undefined, number]>([
    ["500", "unavailable", "500", 3],
    ["busy", "unavailable", "1050", 3],
    ["throttle", "throttled", "1008", 3],
    ["throttle at a gateway", "throttled", "429", 3],
    ["bad signature", "refused", "1004", 1],
    ["redirect", "unreadable", undefined, 1],
    ["wrong JSON", "unreadable", undefined, 1],
    ["no JSON", "unreadable", undefined, 1],
    // Each attempt calls both hosts.
    ["reset", "unreachable", undefined, 6],
    ["half an answer", "unreachable", undefined, 6],
  ])(
    "(%s) is reported as %s with its code, after this number of requests: %s, %i",
    async (fault, faultCode, code, times) => {
      const { vendor } = await open({ faults: both(fault) });
      const details = await detailsOf(token());
      expect([details?.fault, details?.code]).toEqual([faultCode, code]);
      expect(details?.requestId).toMatch(/^(seen-)?[0-9a-f]{32}$/);
      expect(vendor.calls).toHaveLength(times);
    },
  );

  it.each<RongFault>(["hang", "lost", "slow"])("(%s) ends with the time-out", async (fault) => {
    await open({ timeoutMs: 200, faults: both(fault) });
    expect((await detailsOf(token()))?.fault).toBe("timeout");
  });

  it("(slow) is no failure if the response arrives in time", async () => {
    const { vendor } = await open({ faults: [["main", "slow"]], timeoutMs: 60_000 });
    const asked = token();
    await expect.poll(() => vendor.release()).toBe(1);
    expect(await asked).toBe(given("rong-token-1-of-s1"));
    expect(vendor.calls).toHaveLength(1);
  });

  it("ends earlier if the caller aborts", async () => {
    const { vendor, im, requests, log } = await open({ faults: both("hang"), timeoutMs: 60_000 });
    const give = new AbortController();
    const group = { groupId: "r1", name: "Maths", creatorId: "t1", members: ["t1"] };
    const made = detailsOf(im.createGroup(group, give.signal));
    await expect.poll(() => vendor.calls).toHaveLength(1);
    give.abort();
    expect((await made)?.fault).toBe("timeout");
    await turns(20);
    expect(requests()).toEqual(["main group/create"]);
    expect(log.map(({ message }) => message)).toEqual(["vendor call failed"]);
  });
});

describe("the spare host", () => {
  it.each<RongFault>(["reset", "half an answer"])("is called after: %s", async (fault) => {
    const { requests, log } = await open({ faults: [["main", fault]] });
    expect(await token()).toBe(given("rong-token-1-of-s1"));
    expect(requests()).toEqual(["main user/getToken", "spare user/getToken"]);
    expect(log).toMatchObject([{ message: HANDED_OVER, fields: { fault: "unreachable" } }]);
  });

  it.each<RongFault>(["hang", "lost"])("is called after half of the time: %s", async (fault) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { vendor, requests, log } = await open({ timeoutMs: 5000, faults: [["main", fault]] });
    const issued = token();
    await seen(1);
    vi.advanceTimersByTime(2499);
    await turns(20);
    expect(log).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await issued).toMatch(/rong-token-.-of-s1$/);
    expect(requests()).toEqual(["main user/getToken", "spare user/getToken"]);
    const [{ requestId } = { requestId: "" }] = vendor.calls;
    const fields = { provider: "rong_cloud", fault: "timeout", vendorRequestId: requestId };
    expect(log).toMatchObject([{ message: HANDED_OVER, fields }]);
  });

  it("gets only the other half", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    await open({ timeoutMs: 5000, faults: both("hang") });
    const failed = detailsOf(token());
    await seen(1);
    vi.advanceTimersByTime(2500);
    await seen(2);
    vi.advanceTimersByTime(2500);
    expect((await failed)?.fault).toBe("timeout");
  });

  it("is called by the next attempt after a server error of the main one", async () => {
    const { requests } = await open({ faults: [["main", "500"]] });
    expect(await token()).toBe(given("rong-token-1-of-s1"));
    expect(requests()).toEqual(["main user/getToken", "spare user/getToken"]);
  });

  it.each<RongFault>(["bad signature", "wrong JSON", "no JSON", "throttle"])(
    "is not called after a response: %s",
    async (fault) => {
      const { vendor } = await open({ faults: [["main", fault]] });
      await detailsOf(token());
      expect(new Set(vendor.calls.map(({ host }) => host))).toEqual(new Set(["main"]));
    },
  );

  it("is called first from then on, until it fails itself", async () => {
    const { vendor, requests } = await open({ faults: [["main", "reset"]] });
    await token();
    vendor.fault("main", undefined);
    await token();
    vendor.fault("spare", "reset");
    await token();
    await token();
    expect(requests().map((call) => call.split(" ")[0])).toEqual(
      ["main spare", "spare", "spare main", "main"].flatMap((call) => call.split(" ")),
    );
  });

  it("gets even a message if the main one was never reached", async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    const port = portOf(gone);
    await new Promise((resolve) => gone.close(resolve));
    const { vendor } = await open({ urls: ({ urls }) => [`http://127.0.0.1:${port}`, urls[1]] });
    await publish();
    expect(vendor.messages).toHaveLength(1);
  });

  it("is optional", async () => {
    const { vendor, requests } = await open({ urls: ({ urls }) => [urls[0]], faults: both("reset") });
    expect((await detailsOf(token()))?.fault).toBe("unreachable");
    expect(requests()).toHaveLength(3);
    vendor.fault("main", undefined);
    expect(await token()).toBe(given("rong-token-1-of-s1"));
  });
});

describe("a message", () => {
  it.each<[RongFault, string]>([
    ["reset", "unreachable"],
    ["half an answer", "unreachable"],
    ["500", "unavailable"],
  ])("is sent once, whatever the result: %s", async (fault, expected) => {
    const { requests } = await open({ faults: both(fault) });
    expect((await detailsOf(publish()))?.fault).toBe(expected);
    expect(requests()).toEqual(["main message/group/publish"]);
  });

  it("is sent once even without a response, with the whole time limit", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { vendor, requests, log } = await open({ timeoutMs: 5000, faults: both("lost") });
    const failed = detailsOf(publish());
    while (vendor.messages.length === 0) await turns(1);
    vi.advanceTimersByTime(4999);
    await turns(20);
    expect(log).toEqual([]);
    vi.advanceTimersByTime(1);
    expect((await failed)?.fault).toBe("timeout");
    vendor.fault("spare", undefined);
    await publish();
    expect(requests()).toEqual(["main message/group/publish", "spare message/group/publish"]);
  });

  it("is sent again if the vendor throttled it", async () => {
    const { vendor } = await open({ faults: both("throttle") });
    expect((await detailsOf(publish()))?.fault).toBe("throttled");
    expect(vendor.calls).toHaveLength(3);
  });

  it("goes to the other host the next time", async () => {
    const { requests } = await open({ faults: [["main", "500"]] });
    await detailsOf(publish());
    await publish();
    expect(requests()).toEqual(["main message/group/publish", "spare message/group/publish"]);
  });
});

describe("a vendor that keeps failing", () => {
  it("is suspended, and called again after the pause", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { vendor, log } = await open({ faults: both("500") });
    for (let n = 0; n < 5; n++) expect((await detailsOf(publish()))?.fault).toBe("unavailable");
    vendor.fault("main", undefined);
    vendor.fault("spare", undefined);
    expect((await detailsOf(publish()))?.fault).toBe("paused");
    expect((await detailsOf(token()))?.fault).toBe("paused");
    expect(vendor.calls).toHaveLength(5);

    vi.setSystemTime(Date.now() + 10_000);
    await publish();
    expect(await token()).toBe(given("rong-token-1-of-s1"));
    expect(log.at(-1)?.message).toBe("vendor service responds again");
  });
});

describe("the app's secret", () => {
  it.each<RongFault>(["reset", "500", "bad signature", "wrong JSON", "no JSON"])(
    "and tokens are in no log line and no error: %s",
    async (fault) => {
      const { vendor, log } = await open();
      const issued = await token();
      for (const [host] of both(fault)) vendor.fault(host, fault);
      const errors = [await token().catch((error: unknown) => error)];
      for (let error = errors[0]; error instanceof Error; error = error.cause)
        errors.push(String(error), error.stack);
      expect(log.length).toBeGreaterThan(0);
      const logged = JSON.stringify([log, errors]);
      expect(logged).not.toContain(vendor.appSecret);
      expect(logged).not.toContain(issued);
    },
  );
});
