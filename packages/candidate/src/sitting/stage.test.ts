import { expect, it } from "vitest";
import { clockOf, DAY_AND_TIME, TIME } from "./clock.js";
import { entryOf, isNearEnd, stageOf } from "./stage.js";

const at = (minutes: number) => new Date(Date.parse("2026-01-02T03:00:00Z") + minutes * 60_000);
const facts = { room: "in_progress", attempt: undefined, endsAt: at(90), hasEntered: false } as const;

it("a person is before the exam until they enter, and after it when anything has ended it for them", () => {
  expect(stageOf(facts, at(0))).toBe("before");
  expect(stageOf({ ...facts, hasEntered: true }, at(89))).toBe("during");
  for (const [over, now] of [
    [{}, at(90)],
    [{ room: "ended" }, at(0)],
    [{ attempt: { status: "terminated" } }, at(0)],
    [{ attempt: { status: "finished" } }, at(0)],
  ] as const)
    expect(stageOf({ ...facts, hasEntered: true, ...over }, now)).toBe("after");
  // A pause ends nothing, and more time opens it again.
  expect(stageOf({ ...facts, hasEntered: true, attempt: { status: "paused" } }, at(0))).toBe("during");
  expect(stageOf({ ...facts, hasEntered: true, endsAt: at(100) }, at(95))).toBe("during");
});

it("the end is near in the last five minutes, and not when it is over or moves away", () => {
  const near = (endsAt: number, now: number) => isNearEnd(at(endsAt), at(now));
  expect([near(90, 84), near(90, 85), near(90, 89), near(90, 90), near(95, 89)]).toEqual([
    false,
    true,
    true,
    false,
    false,
  ]);
});

it("times have the name of their zone, in both languages", () => {
  // The order and the spaces differ between versions of ICU.
  const said = (locale: string, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone: "Asia/Shanghai" }).format(at(0));
  for (const options of [TIME, DAY_AND_TIME]) {
    expect(said("en", options)).toMatch(/11:00\sAM China Standard Time/);
    expect(said("zh-CN", options)).toMatch(/中国标准时间/);
    expect(said("zh-CN", options)).toMatch(/11:00/);
  }
  expect(said("en", DAY_AND_TIME)).toMatch(/Friday, January 2, 2026/);
  expect(said("zh-CN", DAY_AND_TIME)).toMatch(/2026年1月2日/);
});

it("people may enter an hour before the start", () => {
  expect(entryOf({ startTime: at(60) })).toEqual(at(0));
});

it.each([
  [0, "0:00"],
  [-5_000, "0:00"],
  [59_999, "0:59"],
  [61_000, "1:01"],
  [3_600_000, "1:00:00"],
  [36_061_000, "10:01:01"],
])("%d ms is %s", (ms, clock) => {
  expect(clockOf(ms)).toBe(clock);
});
