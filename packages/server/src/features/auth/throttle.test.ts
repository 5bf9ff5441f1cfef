import { describe, expect, it } from "vitest";
import { InvigilError } from "../../errors.js";
import { createLoginThrottle, networkOf } from "./throttle.js";

const MINUTE = 60;

/** A throttle whose clock the test moves, in seconds. */
const start = (failuresPerAddress = 30) => {
  const world = { seconds: 0 };
  const clock = () => new Date(world.seconds * 1000);
  const throttle = createLoginThrottle({ clock, failuresPerAddress });
  /** How long a try has to wait, in seconds; undefined when it may begin, and then fails. */
  const fail = (account = "a", address = "10.0.0.1"): number | undefined => {
    try {
      throttle.begin({ account, address }).failed();
      return undefined;
    } catch (error) {
      if (!(error instanceof InvigilError)) throw error;
      expect(error.code).toBe("TOO_MANY_REQUESTS");
      expect(error.message).toContain(`${error.retryAfterSeconds} seconds`);
      return error.retryAfterSeconds;
    }
  };
  const failOften = (times: number, account?: string, address?: string) =>
    Array.from({ length: times }, () => fail(account, address));
  return { world, throttle, fail, failOften };
};
const free = (times: number) => Array<undefined>(times).fill(undefined);

describe("failures for one account", () => {
  it("are five; then it is a minute's wait, wherever they come from", () => {
    const { world, fail } = start();
    for (const n of [1, 2, 3, 4, 5]) expect(fail("a", `10.0.0.${n}`)).toBeUndefined();
    expect(fail("a", "10.0.0.6")).toBe(MINUTE);
    world.seconds = 59.5;
    expect(fail("a", "10.0.0.7")).toBe(1);
    world.seconds = 60;
    expect(fail("a", "10.0.0.8")).toBeUndefined();
    // Nobody else waits.
    expect(fail("b", "10.0.0.8")).toBeUndefined();
  });

  it("are five in any minute, not in those of the clock", () => {
    const { world, fail, failOften } = start();
    world.seconds = 55;
    expect(failOften(4)).toEqual(free(4));
    world.seconds = 61;
    expect(fail()).toBeUndefined();
    expect(fail()).toBe(MINUTE);
  });

  it("that come slowly do not add up", () => {
    const { world, fail } = start();
    for (let n = 0; n < 50; n++) {
      world.seconds = n * 16;
      expect(fail()).toBeUndefined();
    }
  });

  it("double the wait each time, up to a quarter of an hour", () => {
    const { world, fail, failOften } = start();
    for (const wait of [1, 2, 4, 8, 15, 15]) {
      expect(failOften(5)).toEqual(free(5));
      expect(fail()).toBe(wait * MINUTE);
      world.seconds += wait * MINUTE;
    }
  });

  it("are forgiven after a quiet quarter of an hour", () => {
    const { world, fail, failOften } = start();
    failOften(5);
    world.seconds += MINUTE;
    failOften(5);
    expect(fail()).toBe(2 * MINUTE);
    world.seconds += 17 * MINUTE;
    failOften(5);
    expect(fail()).toBe(MINUTE);
  });

  it("are forgotten once the password was right", () => {
    const { world, throttle, fail, failOften } = start();
    failOften(5);
    world.seconds += MINUTE;
    failOften(4);
    throttle.begin({ account: "a", address: "10.0.0.1" }).succeeded();
    expect(failOften(5)).toEqual(free(5));
    expect(fail()).toBe(MINUTE);
  });
});

describe("tries at the same time", () => {
  const who = { account: "a", address: "10.0.0.1" };

  it("count while they run", () => {
    const { throttle, fail } = start();
    const running = Array.from({ length: 5 }, () => throttle.begin(who));
    expect(fail()).toBe(1);
    for (const attempt of running) attempt.failed();
    expect(fail()).toBe(MINUTE);
  });

  it("are given back when they succeed, or nobody knows", () => {
    const { throttle, failOften } = start();
    const [first, ...others] = Array.from({ length: 5 }, () => throttle.begin(who));
    first?.succeeded();
    for (const attempt of others) attempt.abandoned();
    expect(failOften(5)).toEqual(free(5));
  });

  it("of one account do not count as failures of its address", () => {
    const { throttle, fail } = start(5);
    for (let n = 0; n < 20; n++) throttle.begin({ ...who, account: `right${n}` }).succeeded();
    expect(fail("wrong")).toBeUndefined();
  });
});

describe("failures from one address", () => {
  it("are as many as the setting says, for whatever names", () => {
    const { world, fail } = start(7);
    for (let n = 0; n < 7; n++) expect(fail(`name${n}`)).toBeUndefined();
    expect(fail("another")).toBe(MINUTE);
    expect(fail("another", "10.0.0.2")).toBeUndefined();
    world.seconds = 60;
    expect(fail("another")).toBeUndefined();
  });

  it("are not forgotten for one right password: its owner may be guessing others'", () => {
    const { throttle, fail } = start(5);
    for (let n = 0; n < 4; n++) fail(`name${n}`);
    throttle.begin({ account: "mine", address: "10.0.0.1" }).succeeded();
    expect(fail("name5")).toBeUndefined();
    expect(fail("name6")).toBe(MINUTE);
  });

  it("do not make an account wait that was not tried", () => {
    const { world, fail, failOften } = start(5);
    failOften(5, "a");
    for (let n = 0; n < 9; n++) fail("b");
    world.seconds = 60;
    expect(failOften(5, "b", "10.0.0.2")).toEqual(free(5));
  });
});

describe("an address", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2:ffff::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["1:2::5:6:7:8:9", "1:2:0:5::/64"],
    ["::1", "0:0:0:0::/64"],
    ["in-process", "in-process"],
  ])("%s counts as %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
