import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { rowsOf } from "../../test/support/tables.js";
import {
  type Login,
  openProcesses,
  type Processes,
  type Started,
  settled,
} from "../../test/support/throttles.js";
import type { Storage } from "../storage/port.js";
import { loginCounters } from "../storage/tables.js";

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
const who = { account: "a", address: "10.0.0.1" };

const countersIn = ({ db }: Processes) => rowsOf(db, loginCounters);
const run = (begin: Started["begin"], times: number): Promise<Login[]> =>
  Promise.all(Array.from({ length: times }, () => begin(who)));

/** What has become of a promise by now. */
const watch = (promise: Promise<unknown>): { readonly state: () => unknown } => {
  let state: unknown = "waits";
  promise.then(
    () => {
      state = "began";
    },
    (error: unknown) => {
      state = error;
    },
  );
  return { state: () => state };
};

describe("processes with one database", () => {
  it("count the failures of an account from an address together", async () => {
    await using processes = openProcesses();
    const [one, two] = [processes.start(), processes.start()];
    await one.failOften(3);
    await two.failOften(2);
    expect([await one.fail(), await two.fail()]).toEqual([MINUTE, MINUTE]);
    expect(await two.fail("a", "10.0.0.2")).toBeUndefined();
    // So does one that starts later.
    expect(await processes.start().fail()).toBe(MINUTE);
  });

  it("count the failures of an address, and those of an account, together", async () => {
    await using processes = openProcesses();
    const both = [processes.start(6), processes.start(6)];
    for (let n = 0; n < 3; n++) for (const { fail } of both) await fail(`name${n}`);
    for (const { fail } of both) expect(await fail("another")).toBe(MINUTE);
    for (let n = 0; n < 25; n++)
      for (const [of, { fail }] of both.entries()) await fail("b", `10.${of}.1.${n}`);
    for (const { fail } of both) expect(await fail("b", "10.9.0.1")).toBe(MINUTE);
  });

  it("know the addresses of logins at other processes for ninety days", async () => {
    await using processes = openProcesses();
    const [one, two] = [processes.start(), processes.start()];
    await (await one.begin(who)).succeeded();
    processes.fixture.seconds = 90 * DAY - 1;
    for (let n = 0; n < 50; n++) await one.fail("a", `10.1.0.${n}`);
    expect(await two.fail("a", "10.2.0.1")).toBe(MINUTE);
    expect(await two.fail()).toBeUndefined();
    processes.fixture.seconds = 90 * DAY;
    expect(await two.fail()).toBe(MINUTE - 1);
  });

  it("wait for each other's running logins", async () => {
    await using processes = openProcesses();
    const [one, two] = [processes.start(), processes.start()];
    const [first, ...others] = await run(one.begin, 5);
    const sixth = watch(two.begin(who));
    for (let n = 0; n < 3; n++) {
      await settled();
      processes.endPauses();
    }
    await settled();
    expect(sixth.state()).toBe("waits");
    await first?.succeeded();
    await settled();
    expect(sixth.state()).toBe("waits");
    processes.endPauses();
    await settled();
    expect(sixth.state()).toBe("began");
    for (const attempt of others) await attempt.failed();
  });

  it("do not begin more logins than may fail, however many come at once", async () => {
    await using processes = openProcesses();
    const [one, two] = [processes.start(), processes.start()];
    /** Has a hundred logins fail at once, half of them at each process. Returns how many have begun. */
    const begun = async (login: (n: number) => [account: string, address: string]): Promise<number> => {
      let isOver = false;
      const fail = (_: unknown, n: number) => (n % 2 === 0 ? one : two).fail(...login(n));
      const all = Promise.all(Array.from({ length: 100 }, fail)).finally(() => {
        isOver = true;
      });
      while (!isOver) {
        await nextTurn();
        processes.endPauses();
      }
      return (await all).filter((wait) => wait === undefined).length;
    };
    expect(await begun(() => ["a", "10.0.0.1"])).toBe(5);
    expect(await begun((n) => [`b${n}`, "10.0.0.2"])).toBe(30);
    expect(await begun((n) => ["c", `10.1.0.${n}`])).toBe(50);
  });
});

describe("a process that has died", () => {
  it("leaves logins that count for a minute", async () => {
    await using processes = openProcesses();
    const [dead, other] = [processes.start(), processes.start()];
    await run(dead.begin, 5);
    processes.fixture.seconds = 59;
    const waiting = watch(other.begin(who));
    await settled();
    expect(waiting.state()).toBe("waits");
    processes.fixture.seconds = 60;
    processes.endPauses();
    await settled();
    expect(waiting.state()).toBe("began");
  });

  it("keeps nobody waiting for longer than half a minute", async () => {
    await using processes = openProcesses();
    const [dead, other] = [processes.start(), processes.start()];
    await run(dead.begin, 5);
    const waiting = [1, 2].map(() => watch(other.begin(who)));
    processes.fixture.seconds = 29;
    await settled();
    processes.endPauses();
    await settled();
    expect(waiting.map(({ state }) => state())).toEqual(["waits", "waits"]);
    processes.fixture.seconds = 30;
    processes.endPauses();
    await settled();
    const refused = expect.objectContaining({ code: "TOO_MANY_REQUESTS", retryAfterSeconds: 1 });
    expect(waiting.map(({ state }) => state())).toEqual([refused, refused]);
  });

  it("that has not died, but was slow, has its failures counted", async () => {
    await using processes = openProcesses();
    const [slow, other] = [processes.start(), processes.start()];
    const running = await run(slow.begin, 5);
    processes.fixture.seconds = 60;
    const [late] = await run(other.begin, 1);
    for (const attempt of running) await attempt.failed();
    expect(await other.fail()).toBe(MINUTE);
    await late?.abandoned();
    processes.fixture.seconds = 120;
    expect(await other.failOften(6)).toEqual([...Array<undefined>(5).fill(undefined), 2 * MINUTE]);
  });
});

describe("a clock that is set back", () => {
  it("extends no block", async () => {
    await using processes = openProcesses();
    const { fail, failOften } = processes.start();
    processes.fixture.seconds = DAY;
    await failOften(5);
    processes.fixture.seconds = 0;
    expect(await fail()).toBe(MINUTE);
    processes.fixture.seconds = 59;
    expect(await fail()).toBe(1);
    processes.fixture.seconds = 60;
    expect(await fail()).toBeUndefined();
  });

  it("neither keeps failures nor running logins for longer", async () => {
    await using processes = openProcesses();
    const { begin, fail } = processes.start();
    processes.fixture.seconds = DAY;
    await run(begin, 2);
    await fail();
    await fail();
    processes.fixture.seconds = 0;
    await run(begin, 5);
  });
});

describe("what is stored", () => {
  it("names neither accounts, nor what was typed for one, nor addresses", async () => {
    await using processes = openProcesses();
    const { begin, fail } = processes.start();
    const typed = { account: "correct horse battery", address: "203.0.113.77" };
    await fail(typed.account, typed.address);
    await (await begin(typed)).succeeded();
    await begin(typed);
    const stored = JSON.stringify(await countersIn(processes));
    expect(await countersIn(processes)).toHaveLength(3);
    for (const text of [...typed.account.split(" "), "203.0", "113.77"]) expect(stored).not.toContain(text);
    for (const { key } of await countersIn(processes)) expect(key).toMatch(/^[\w-]{43}$/);
  });

  it("stays small, however many failures the setting allows", async () => {
    await using processes = openProcesses();
    const { fixture, fail } = processes.start(1_000_000);
    for (let n = 0; n < 300; n++) {
      fixture.seconds = n / 3;
      await fail(`name${n}`);
    }
    const sizes = (await countersIn(processes)).map(
      ({ failures, running }) => failures.length + running.length,
    );
    expect(Math.max(...sizes)).toBeLessThan(2000);
  });

  it("is deleted when it no longer matters, a few rows with each login", async () => {
    await using processes = openProcesses();
    const { fixture, begin, fail } = processes.start();
    for (let n = 0; n < 30; n++) await fail(`name${n}`, `10.0.1.${n}`);
    // Nothing of a success is kept but that it was one.
    await (await begin(who)).succeeded();
    expect(await countersIn(processes)).toHaveLength(30 * 3 + 1);
    const countAfterLogin = async () => {
      await fail("another", "10.0.0.9");
      return (await countersIn(processes)).length;
    };
    fixture.seconds = 14 * MINUTE;
    await countAfterLogin();
    // Only the failures of accounts still count, the success, and what has just failed.
    expect(await countAfterLogin()).toBe(30 + 1 + 3);
    fixture.seconds = DAY;
    expect(await countAfterLogin()).toBe(4);
    fixture.seconds = 91 * DAY;
    expect(await countAfterLogin()).toBe(3);
  });
});

describe("the database", () => {
  it("gets few statements", async () => {
    const statements: string[] = [];
    await using processes = openProcesses({ onStatement: (text) => statements.push(text) });
    const { begin } = processes.start();
    const attempt = await begin(who);
    await attempt.succeeded();
    const kinds = statements.flatMap(
      (text) => /^(SELECT|INSERT|DELETE) .*login_counters/i.exec(text)?.[1] ?? [],
    );
    expect(kinds.map((kind) => kind.toLowerCase())).toEqual([
      "select",
      "select",
      "insert",
      "delete",
      "select",
      "insert",
      "delete",
    ]);
  });

  it("locks the keys of a login in one order, before their counters are read", async () => {
    const calls: string[][] = [];
    const change = (storage: Storage): Storage => ({
      ...storage,
      write: (work, options) =>
        storage.write((tx) => {
          const own: string[] = [];
          calls.push(own);
          return work({
            ...tx,
            lockName: async (name) => void own.push(name),
            all: (statement, values) => {
              own.push("read");
              return tx.all(statement, values);
            },
          });
        }, options),
    });
    await using processes = openProcesses({ change });
    const { fail } = processes.start();
    for (let n = 0; n < 4; n++) await fail(`name${n}`, `10.0.0.${n}`);
    expect(calls).toHaveLength(8);
    for (const own of calls) {
      expect(own).toEqual([...own.slice(0, 3).toSorted(), "read"]);
      const keys = (await countersIn(processes)).map(({ key }) => `login:${key}`);
      expect(keys).toEqual(expect.arrayContaining(own.slice(0, 3)));
    }
  });

  it("may fail while a login is abandoned: the login then counts for a minute", async () => {
    let isBroken = false;
    const change = (storage: Storage): Storage => ({
      ...storage,
      write: async (work, options) => {
        if (isBroken) throw new Error("the database does not answer");
        return storage.write(work, options);
      },
    });
    await using processes = openProcesses({ change });
    const { begin } = processes.start();
    const running = await run(begin, 5);
    isBroken = true;
    await expect(running[0]?.failed()).rejects.toThrow("does not answer");
    for (const attempt of running) await attempt.abandoned();
    isBroken = false;
    const sixth = watch(begin(who));
    await settled();
    expect(sixth.state()).toBe("waits");
    processes.fixture.seconds = 60;
    expect(await run(processes.start().begin, 1)).toHaveLength(1);
  });
});
