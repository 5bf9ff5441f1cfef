import { afterEach, describe, expect, it, vi } from "vitest";
import { InvigilError } from "../src/platform/errors.js";
import type { Fault } from "./simulators/aliyun.js";
import { type Aliyun, aliyunConfig, KEY, openAliyun } from "./support/aliyun.js";
import { openRefusingPort } from "./support/ports.js";
import { given } from "./support/secrets.js";

const GROUP = { groupId: "g1", name: "Maths", creatorId: "t1", members: ["t1"] };
const SIGNAL = { groupId: "g1", type: 20_001, data: '{"userId":"s1"}' };
/** An idempotent call, and one that is not. */
const create = ({ im }: Aliyun) => im.createGroup(GROUP);
const send = ({ im }: Aliyun) => im.announce(SIGNAL);

const failureOf = async (call: Promise<unknown>): Promise<InvigilError> => {
  const error: unknown = await call.then(
    () => new Error("nothing failed"),
    (caught: unknown) => caught,
  );
  if (!(error instanceof InvigilError)) throw error;
  expect(error.code).toBe("PROVIDER_FAILED");
  return error;
};

afterEach(() => void vi.useRealTimers());

describe("a call of the vendor's OpenAPI", () => {
  it("is signed, dated, and never has a nonce twice", async () => {
    await using aliyun = await openAliyun();
    for (let n = 0; n < 20; n++) await create(aliyun);
    expect(aliyun.live.count()).toBe(20);
    expect(aliyun.live.failedChecks).toEqual([]);
  });

  it("carries every character unchanged", async () => {
    await using aliyun = await openAliyun();
    const name = `名 é😀 +*~'()!/?&=%20;:@,[]{}"\\`;
    await aliyun.im.createGroup({ ...GROUP, name });
    expect(aliyun.live.groups.get("g1")?.name).toBe(name);
    expect(aliyun.live.failedChecks).toEqual([]);
  });

  it.each<[Fault, object, string, tries: { repeatable: number; other: number }]>([
    [
      "error",
      { fault: "unavailable", code: "ServerError" },
      "reported a server error",
      { repeatable: 3, other: 1 },
    ],
    ["gateway", { fault: "unavailable" }, "reported a server error", { repeatable: 3, other: 1 }],
    [
      "throttle",
      { fault: "throttled", code: "Throttling.User" },
      "throttled the call",
      { repeatable: 3, other: 3 },
    ],
    ["busy", { fault: "throttled" }, "throttled the call", { repeatable: 3, other: 3 }],
    [
      "overload",
      { fault: "throttled", code: "ServiceUnavailable" },
      "throttled the call",
      { repeatable: 3, other: 3 },
    ],
    ["nonsense", { fault: "unreadable" }, "sent an unreadable response", { repeatable: 1, other: 1 }],
    ["wrong", { fault: "unreadable" }, "sent an unreadable response", { repeatable: 1, other: 1 }],
    [
      "signature",
      { fault: "refused", code: "SignatureDoesNotMatch" },
      "refused the call",
      { repeatable: 1, other: 1 },
    ],
    ["reset", { fault: "unreachable" }, "cannot be reached", { repeatable: 3, other: 1 }],
    ["garbage", { fault: "unreadable" }, "sent an unreadable response", { repeatable: 1, other: 1 }],
  ])("that meets %s fails with %o", async (fault, details, sentence, tries) => {
    await using aliyun = await openAliyun();
    const { live } = aliyun;
    // A readable response contains the vendor's request id.
    const answered = !["gateway", "reset", "garbage"].includes(fault);
    for (const [call, action, times] of [
      [create, "CreateLiveMessageGroup", tries.repeatable],
      [send, "SendLiveMessageGroup", tries.other],
    ] as const) {
      live.fail(fault);
      const error = await failureOf(call(aliyun));
      expect(error.message).toBe(`The service aliyun_new ${sentence}.`);
      expect(error.details).toStrictEqual({
        provider: "aliyun_new",
        action,
        ...details,
        ...(answered && { requestId: live.requestIds.at(-1) }),
      });
      expect(live.count(action)).toBe(times);
    }
    live.heal();
    await create(aliyun);
    expect(live.failedChecks).toEqual([]);
  });

  it("is tried again until it is done", async () => {
    await using aliyun = await openAliyun();
    aliyun.live.fail("error", { times: 2 });
    await create(aliyun);
    expect(aliyun.live.count()).toBe(3);
  });

  it("ends when its time is up, however long the vendor takes", async () => {
    await using aliyun = await openAliyun({ vendors: { timeoutMs: 300 } });
    aliyun.live.fail("hang");
    const { details } = await failureOf(create(aliyun));
    expect(details).toStrictEqual({
      provider: "aliyun_new",
      action: "CreateLiveMessageGroup",
      fault: "timeout",
    });
    // None, if its time was up before it was sent.
    expect(aliyun.live.count()).toBeLessThan(2);
  });

  it("whose answer drips ends when its time is up, and keeps no connection", async () => {
    await using aliyun = await openAliyun({ vendors: { timeoutMs: 300 } });
    aliyun.live.fail("drip");
    expect((await failureOf(create(aliyun))).details?.fault).toBe("timeout");
    await expect.poll(() => aliyun.live.answering()).toBe(0);
  });

  it.each(["endless", "endless-failure"] as const)(
    "whose answer is %s is unreadable after a megabyte, and keeps no connection",
    async (fault) => {
      await using aliyun = await openAliyun();
      aliyun.live.fail(fault);
      expect((await failureOf(send(aliyun))).details?.fault).toBe("unreadable");
      await expect.poll(() => aliyun.live.answering()).toBe(0);
      // The buffers of both ends add to it.
      expect(aliyun.live.flooded()).toBeLessThan(32 * 1024 * 1024);
    },
  );

  it("ends when its caller gives up", async () => {
    await using aliyun = await openAliyun();
    const ending = new AbortController();
    const held = aliyun.live.hold();
    const failed = failureOf(aliyun.im.createGroup(GROUP, ending.signal));
    await held.arrived;
    ending.abort();
    const { details, cause } = await failed;
    expect(details?.fault).toBe("timeout");
    expect(String(cause)).toContain("the time limit of all calls was reached");
    held.release();
  });

  it("to where nobody listens cannot be reached", async () => {
    await using refusing = await openRefusingPort();
    await using aliyun = await openAliyun({
      config: { aliyun: aliyunConfig({ url: `http://127.0.0.1:${refusing.port}` }).aliyun },
    });
    expect((await failureOf(create(aliyun))).details?.fault).toBe("unreachable");
    expect(aliyun.log.join()).toContain("ECONNREFUSED");
  });
});

describe("the circuit breaker", () => {
  const open = async (aliyun: Aliyun): Promise<void> => {
    aliyun.live.fail("error");
    for (let n = 0; n < 5; n++) expect((await failureOf(send(aliyun))).details?.fault).toBe("unavailable");
  };

  it("leaves a vendor alone that failed five times in a row, and comes back", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await using aliyun = await openAliyun({ vendors: { pauseSeconds: 30 } });
    await open(aliyun);
    aliyun.live.heal();
    vi.setSystemTime(Date.now() + 29_000);
    expect((await failureOf(send(aliyun))).details).toStrictEqual({
      provider: "aliyun_new",
      action: "SendLiveMessageGroup",
      fault: "paused",
    });
    expect(aliyun.live.count()).toBe(5);
    vi.setSystemTime(Date.now() + 2000);
    await send(aliyun);
    await send(aliyun);
    expect(aliyun.live.count()).toBe(7);
    expect(aliyun.log.at(-1)).toContain("responds again");
  });

  it("leaves it alone again when it still fails", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await using aliyun = await openAliyun({ vendors: { pauseSeconds: 30 } });
    await open(aliyun);
    vi.setSystemTime(Date.now() + 31_000);
    expect((await failureOf(send(aliyun))).details?.fault).toBe("unavailable");
    expect((await failureOf(send(aliyun))).details?.fault).toBe("paused");
    expect(aliyun.live.count()).toBe(6);
  });

  it.each<Fault>(["throttle", "signature"])("is not for a vendor that answers: %s", async (fault) => {
    await using aliyun = await openAliyun();
    aliyun.live.fail(fault);
    for (let n = 0; n < 6; n++) expect((await failureOf(send(aliyun))).details?.fault).not.toBe("paused");
  });

  it("of one service stops no other", async () => {
    await using aliyun = await openAliyun();
    await open(aliyun);
    aliyun.live.heal();
    expect((await failureOf(send(aliyun))).details?.fault).toBe("paused");
    expect(await aliyun.old.createGroup(GROUP)).toEqual({ groupId: "OLD-GROUP-1" });
  });
});

describe("secrets", () => {
  const FAULTS = [
    "error",
    "gateway",
    "throttle",
    "nonsense",
    "wrong",
    "signature",
    "reset",
    "garbage",
  ] as const;

  it("reach no log line and no error, whatever fails", async () => {
    const key = { ...KEY, token: given("session-token") };
    for (const fault of FAULTS) {
      await using live = await openAliyun({ keys: [key] });
      await using aliyun = await openAliyun({
        config: { aliyun: aliyunConfig(live.live, key).aliyun },
      });
      live.live.fail(fault);
      const error = await failureOf(create(aliyun));
      const shown = [...aliyun.log, error.message, String(error.cause), JSON.stringify(error.details)].join();
      expect(shown).toContain("CreateLiveMessageGroup");
      expect(shown).not.toContain("secret");
      expect(shown).not.toContain(KEY.id);
      // The vendor repeats the request if a signature is wrong.
      expect(JSON.stringify(live.live.lastHeaders())).toContain(key.token);
    }
  });
});
