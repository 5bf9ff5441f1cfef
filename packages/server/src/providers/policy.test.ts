import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { InvigilError } from "../platform/errors.js";
import { createVendorPolicy, type PolicyOptions, type VendorCall } from "./policy.js";
import { VendorError, type VendorFault } from "./vendor-error.js";

interface Line {
  readonly fields: object;
  readonly message: string;
}

const open = (options: Partial<PolicyOptions> = {}) => {
  const lines: Line[] = [];
  const note = (fields: object, message: string) => void lines.push({ fields, message });
  const policy = createVendorPolicy({
    provider: "a_service",
    timeoutMs: 10_000,
    concurrency: 4,
    pauseSeconds: 10,
    log: { warn: note, info: note },
    ...options,
  });
  const run = <T>(attempt: VendorCall<T>["attempt"], call: Partial<VendorCall<T>> = {}) =>
    policy.run({ action: "DoIt", idempotent: true, attempt, ...call });
  return { run, lines };
};

const fails = (fault: VendorFault, more: { code?: string; requestId?: string } = {}) =>
  new VendorError(`it is ${fault}`, { fault, ...more });

/** The error that callers receive. */
const failureOf = async (call: Promise<unknown>): Promise<InvigilError> => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof InvigilError) return error;
  throw new Error(`not refused as it should be: ${String(error)}`);
};
const faultOf = async (call: Promise<unknown>) => (await failureOf(call)).details?.fault;

/** Never responds, and records the signal. */
const hanging = () => {
  const signals: AbortSignal[] = [];
  const attempt = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<never>(() => undefined);
  };
  return { signals, attempt };
};

describe("a call to a vendor", () => {
  it("returns the response of a single attempt", async () => {
    const attempt = vi.fn(async () => "answer");
    expect(await open().run(attempt)).toBe("answer");
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it("that fails reports the service, and the vendor's error for administrators", async () => {
    const reported = { code: "InvalidParameter.AppId", requestId: "REQ-1" };
    const failed = await failureOf(open().run(() => Promise.reject(fails("refused", reported))));
    expect(failed).toMatchObject({
      code: "PROVIDER_FAILED",
      message: "The service a_service refused the call.",
      details: { provider: "a_service", action: "DoIt", fault: "refused", ...reported },
    });
    expect(failed.message).not.toContain("REQ-1");
  });

  it("logs every failed attempt with the vendor's request id", async () => {
    const { run, lines } = open();
    await failureOf(run(() => Promise.reject(fails("unavailable", { requestId: "REQ-2" }))));
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatchObject({
      message: "vendor call failed",
      fields: { provider: "a_service", action: "DoIt", fault: "unavailable", vendorRequestId: "REQ-2" },
    });
  });

  it("that hangs repeatedly counts against the vendor", async () => {
    const { run } = open({ timeoutMs: 100 });
    const { attempt } = hanging();
    for (let n = 0; n < 5; n++) expect(await faultOf(run(attempt))).toBe("timeout");
    expect(await faultOf(run(attempt))).toBe("paused");
  });

  it("passes on other errors", async () => {
    const bug = new TypeError("a bug of ours");
    const attempt = vi.fn(() => Promise.reject(bug));
    await expect(open().run(attempt)).rejects.toBe(bug);
    expect(attempt).toHaveBeenCalledTimes(1);
  });
});

describe("a retry", () => {
  it.each<[VendorFault, boolean, number]>([
    ["throttled", false, 3],
    ["throttled", true, 3],
    ["unreachable", true, 3],
    ["unavailable", true, 3],
    ["unreachable", false, 1],
    ["unavailable", false, 1],
    ["refused", true, 1],
    ["unreadable", true, 1],
    ["timeout", true, 1],
  ])("after %s, idempotent: %s, makes %i attempts in total", async (fault, idempotent, tries) => {
    const attempt = vi.fn(() => Promise.reject(fails(fault)));
    expect(await faultOf(open().run(attempt, { idempotent }))).toBe(fault);
    expect(attempt).toHaveBeenCalledTimes(tries);
  });

  it("can succeed", async () => {
    const attempt = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(fails("throttled"))
      .mockResolvedValueOnce("answer");
    expect(await open().run(attempt)).toBe("answer");
  });
});

describe("a call that takes too long", () => {
  it("ends and aborts its attempt", async () => {
    const { signals, attempt } = hanging();
    expect(await faultOf(open({ timeoutMs: 20 }).run(attempt))).toBe("timeout");
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it("ends even between two attempts", async () => {
    // The pause is random. This one is a long one.
    const random = vi.spyOn(Math, "random").mockReturnValue(0.9);
    onTestFinished(() => random.mockRestore());
    const { run } = open({ timeoutMs: 20 });
    const attempt = vi.fn(() => Promise.reject(fails("throttled")));
    expect(await faultOf(run(attempt))).toBe("timeout");
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it("ends when its caller aborts it, which does not count against the vendor", async () => {
    const { run } = open();
    const give = new AbortController();
    const { attempt } = hanging();
    const calls = Array.from({ length: 6 }, () => faultOf(run(attempt, { signal: give.signal })));
    await expect.poll(() => calls).toHaveLength(6);
    give.abort();
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 6 }, () => "timeout"));
    expect(await run(async () => "still asked")).toBe("still asked");
    expect(await faultOf(run(async () => "not asked", { signal: give.signal }))).toBe("timeout");
  });
});

describe("concurrent calls", () => {
  it("are limited to the configured number; others wait", async () => {
    const { run } = open({ concurrency: 2 });
    const answers: ((answer: string) => void)[] = [];
    const attempt = () => new Promise<string>((resolve) => void answers.push(resolve));
    const calls = [run(attempt), run(attempt), run(attempt)];
    await expect.poll(() => answers).toHaveLength(2);
    answers[0]?.("first");
    expect(await calls[0]).toBe("first");
    await expect.poll(() => answers).toHaveLength(3);
    answers[1]?.("second");
    answers[2]?.("third");
    expect(await Promise.all(calls)).toEqual(["first", "second", "third"]);
  });

  it("that end while they wait do not count against the vendor", async () => {
    const { run } = open({ concurrency: 1, timeoutMs: 30 });
    const { attempt } = hanging();
    const calls = Array.from({ length: 20 }, () => faultOf(run(attempt)));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(["timeout"]));
    expect(await run(async () => "still asked")).toBe("still asked");
  });
});

describe("a service that keeps failing", () => {
  afterEach(() => void vi.useRealTimers());

  it("is suspended, then called once, and resumed when it responds", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { run, lines } = open({ pauseSeconds: 10 });
    const broken = vi.fn(() => Promise.reject(fails("unreadable")));
    for (let n = 0; n < 5; n++) expect(await faultOf(run(broken))).toBe("unreadable");
    expect(await faultOf(run(broken))).toBe("paused");
    expect(broken).toHaveBeenCalledTimes(5);

    vi.setSystemTime(Date.now() + 9_999);
    expect(await faultOf(run(broken))).toBe("paused");
    vi.setSystemTime(Date.now() + 1);
    expect(await faultOf(run(broken))).toBe("unreadable");
    expect(await faultOf(run(broken))).toBe("paused");
    expect(broken).toHaveBeenCalledTimes(6);

    vi.setSystemTime(Date.now() + 10_000);
    expect(await run(async () => "back")).toBe("back");
    expect(await run(async () => "and on")).toBe("and on");
    const changes = lines.map(({ message }) => message).filter((message) => message !== "vendor call failed");
    expect(changes).toEqual([
      "vendor service is suspended after repeated failures",
      "vendor service is suspended after repeated failures",
      "vendor service responds again",
    ]);
  });

  it("is not called for calls that timed out during the trial call", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { run } = open({ pauseSeconds: 10 });
    const broken = () => Promise.reject(fails("unreadable"));
    for (let n = 0; n < 5; n++) expect(await faultOf(run(broken))).toBe("unreadable");
    vi.setSystemTime(Date.now() + 10_000);
    const answers: ((answer: string) => void)[] = [];
    const probe = run(() => new Promise<string>((resolve) => void answers.push(resolve)));
    await expect.poll(() => answers).toHaveLength(1);

    const give = new AbortController();
    const late = vi.fn(async () => "too late");
    const waiting = faultOf(run(late, { signal: give.signal }));
    // A later call: when it has its result, the earlier one has been handled.
    const patient = run(async () => "in time");
    give.abort();
    expect(await waiting).toBe("timeout");
    answers[0]?.("back");
    expect(await Promise.all([probe, patient])).toEqual(["back", "in time"]);
    expect(late).not.toHaveBeenCalled();
  });

  it.each<VendorFault>(["refused", "throttled"])(
    "does not include one that responds that a call is %s",
    async (fault) => {
      const { run } = open();
      const attempt = vi.fn(() => Promise.reject(fails(fault)));
      for (let n = 0; n < 6; n++) expect(await faultOf(run(attempt, { idempotent: false }))).toBe(fault);
      expect(await run(async () => "still asked")).toBe("still asked");
    },
  );
});
