import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createReporter, type ReportedChecks } from "./readiness-reporter.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const PASSED = { result: "passed" } as const;
const FAILED = { result: "failed", detail: "dark" } as const;

/** An error as the server reports it. */
const refusal = (reason: string, retryAfterSeconds?: number) =>
  Object.assign(new Error(reason), { data: { reason, retryAfterSeconds } });

it("reports at once, then what has changed since, together and not sooner than the server takes it", async () => {
  const sent: ReportedChecks[] = [];
  const report = createReporter(async (checks) => void sent.push(checks));
  report("camera", FAILED);
  expect(sent).toEqual([{ camera: FAILED }]);
  report("camera", PASSED);
  report("microphone", PASSED);
  report("microphone", PASSED);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(sent).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(500);
  expect(sent.slice(1)).toEqual([{ camera: PASSED, microphone: PASSED }]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toHaveLength(2);
});

it("reports again what did not arrive, unless the server refuses it", async () => {
  const sent: ReportedChecks[] = [];
  const answers: (Error | undefined)[] = [
    new Error("no network"),
    refusal("TOO_MANY_REQUESTS", 10),
    undefined,
    refusal("ROOM_ENDED"),
  ];
  const report = createReporter(async (checks) => {
    sent.push(checks);
    const answer = answers.shift();
    if (answer) throw answer;
  });
  report("camera", FAILED);
  await vi.advanceTimersByTimeAsync(0);
  report("camera", PASSED);
  report("connection", PASSED);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(sent).toEqual([{ camera: FAILED }, { camera: PASSED, connection: PASSED }]);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(sent).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(sent).toHaveLength(3);
  report("microphone", PASSED);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toHaveLength(4);
});
