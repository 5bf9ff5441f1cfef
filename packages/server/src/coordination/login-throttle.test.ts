import { describe, expect, it } from "vitest";
import {
  type Started,
  settled,
  startMemoryThrottle,
  startSharedThrottle,
} from "../../test/support/throttles.js";

const MINUTE = 60;
const free = (times: number) => Array<undefined>(times).fill(undefined);

describe.each([
  ["in memory", startMemoryThrottle],
  ["in the database", startSharedThrottle],
])("counted %s,", (_, start) => {
  describe("failures for one account from one address", () => {
    it("are five; then it is a minute's wait", async () => {
      const { fixture, fail, failOften } = start();
      expect(await failOften(5)).toEqual(free(5));
      expect(await fail()).toBe(MINUTE);
      fixture.seconds = 59.5;
      expect(await fail()).toBe(1);
      // Neither other accounts wait, nor the account's owner elsewhere.
      expect(await fail("b")).toBeUndefined();
      expect(await fail("a", "10.0.0.2")).toBeUndefined();
      fixture.seconds = 60;
      expect(await fail()).toBeUndefined();
    });

    it("are five in any minute, not in those of the clock", async () => {
      const { fixture, fail, failOften } = start();
      fixture.seconds = 55;
      expect(await failOften(4)).toEqual(free(4));
      fixture.seconds = 61;
      expect(await fail()).toBeUndefined();
      expect(await fail()).toBe(MINUTE);
    });

    it("that come slowly do not add up", async () => {
      const { fixture, fail } = start();
      for (let n = 0; n < 50; n++) {
        fixture.seconds = n * 16;
        expect(await fail()).toBeUndefined();
      }
    });

    it("double the wait each time, up to a quarter of an hour", async () => {
      const { fixture, fail, failOften } = start();
      for (const wait of [1, 2, 4, 8, 15, 15]) {
        expect(await failOften(5)).toEqual(free(5));
        expect(await fail()).toBe(wait * MINUTE);
        fixture.seconds += wait * MINUTE;
      }
    });

    it("are forgiven after a quiet quarter of an hour", async () => {
      const { fixture, fail, failOften } = start();
      await failOften(5);
      fixture.seconds += MINUTE;
      await failOften(5);
      expect(await fail()).toBe(2 * MINUTE);
      fixture.seconds += 17 * MINUTE;
      await failOften(5);
      expect(await fail()).toBe(MINUTE);
    });

    it("are forgotten once the password was right", async () => {
      const { fixture, begin, fail, failOften } = start();
      await failOften(5);
      fixture.seconds += MINUTE;
      await failOften(4);
      await (await begin({ account: "a", address: "10.0.0.1" })).succeeded();
      expect(await failOften(5)).toEqual(free(5));
      expect(await fail()).toBe(MINUTE);
    });
  });

  describe("failures for one account from many addresses", () => {
    /** Fails once from each of so many addresses. */
    const failFrom = async (fail: Started["fail"], addresses: number, subnet = 1) => {
      const waits: (number | undefined)[] = [];
      for (let n = 0; n < addresses; n++) waits.push(await fail("a", `10.${subnet}.${n >> 8}.${n & 255}`));
      return waits;
    };

    it("are fifty in a quarter of an hour; then new addresses are blocked for a minute", async () => {
      const { fixture, fail } = start();
      expect(await failFrom(fail, 50)).toEqual(free(50));
      expect(await fail("a", "10.2.0.1")).toBe(MINUTE);
      expect(await fail("b", "10.2.0.1")).toBeUndefined();
      fixture.seconds = 60;
      expect(await fail("a", "10.2.0.1")).toBeUndefined();
    });

    it("that come slowly do not add up", async () => {
      const { fixture, fail } = start();
      for (let n = 0; n < 200; n++) {
        fixture.seconds = n * 19;
        expect(await fail("a", `10.1.0.${n}`)).toBeUndefined();
      }
    });

    it("double the wait each time, up to a quarter of an hour", async () => {
      const { fixture, fail } = start();
      for (const [round, wait] of [1, 2, 4, 8, 15, 15].entries()) {
        expect(await failFrom(fail, 50, round)).toEqual(free(50));
        expect(await fail("a", "10.9.0.1")).toBe(wait * MINUTE);
        fixture.seconds += wait * MINUTE;
      }
    });

    it("do not keep the owner out where they have logged in before", async () => {
      const { begin, fail, failOften } = start();
      const owner = { account: "a", address: "10.0.0.1" };
      await (await begin(owner)).succeeded();
      await failFrom(fail, 50);
      expect(await fail("a", "10.2.0.1")).toBe(MINUTE);
      await (await begin(owner)).succeeded();
      // The right password ends nobody else's wait.
      expect(await fail("a", "10.2.0.1")).toBe(MINUTE);
      // And there too it is five.
      expect(await failOften(5)).toEqual(free(5));
      expect(await fail()).toBe(MINUTE);
    });
  });

  describe("tries at the same time", () => {
    const who = { account: "a", address: "10.0.0.1" };

    const run = (begin: Started["begin"], times: number) =>
      Promise.all(Array.from({ length: times }, () => begin(who)));

    it("count while they run: more of them wait, and are refused once those have failed", async () => {
      const { begin, fail } = start();
      const running = await run(begin, 5);
      let outcome: unknown = "waits";
      const sixth = fail().then((wait) => {
        outcome = wait;
      });
      await settled();
      expect(outcome).toBe("waits");
      for (const attempt of running) await attempt.failed();
      await sixth;
      expect(outcome).toBe(MINUTE);
    });

    it("all come through that are right, however many they are", async () => {
      const { begin } = start();
      const logIn = async (n: number) => {
        const attempt = await begin({ account: `teacher${n % 8}`, address: "10.0.0.1" });
        await settled();
        await attempt.succeeded();
        return true;
      };
      const all = await Promise.all(Array.from({ length: 160 }, (_, n) => logIn(n)));
      expect(all).toEqual(Array(160).fill(true));
    });

    it("of which too many wait are refused", async () => {
      const { begin } = start();
      const running = await run(begin, 5);
      const waiting = Array.from({ length: 256 }, () => begin(who));
      await expect(begin(who)).rejects.toMatchObject({
        code: "TOO_MANY_REQUESTS",
        retryAfterSeconds: 1,
      });
      for (const attempt of running) await attempt.failed();
      const refused = await Promise.allSettled(waiting);
      expect(new Set(refused.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    });

    it("do not count when they succeed, or have no result", async () => {
      const { begin, failOften } = start();
      const [first, ...others] = await run(begin, 5);
      await first?.succeeded();
      for (const attempt of others) await attempt.abandoned();
      expect(await failOften(5)).toEqual(free(5));
    });

    it("of one account do not count as failures of its address", async () => {
      const { begin, fail } = start(5);
      for (let n = 0; n < 20; n++) await (await begin({ ...who, account: `right${n}` })).succeeded();
      expect(await fail("wrong")).toBeUndefined();
    });
  });

  describe("failures from one address", () => {
    it("are as many as the setting says, for whatever names", async () => {
      const { fixture, fail } = start(7);
      for (let n = 0; n < 7; n++) expect(await fail(`name${n}`)).toBeUndefined();
      expect(await fail("another")).toBe(MINUTE);
      expect(await fail("another", "10.0.0.2")).toBeUndefined();
      fixture.seconds = 60;
      expect(await fail("another")).toBeUndefined();
    });

    it("are not forgotten for one right password: its owner may be guessing others'", async () => {
      const { begin, fail } = start(5);
      for (let n = 0; n < 4; n++) await fail(`name${n}`);
      await (await begin({ account: "mine", address: "10.0.0.1" })).succeeded();
      expect(await fail("name5")).toBeUndefined();
      expect(await fail("name6")).toBe(MINUTE);
    });

    it("do not make an account wait that was not tried", async () => {
      const { fixture, fail, failOften } = start(5);
      await failOften(5, "a");
      for (let n = 0; n < 9; n++) await fail("b");
      fixture.seconds = 60;
      expect(await failOften(5, "b", "10.0.0.2")).toEqual(free(5));
    });
  });
});
