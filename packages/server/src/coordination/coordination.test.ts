import { pino } from "pino";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openTestDatabase } from "../../test/support/database.js";
import { isOnPostgres } from "../../test/support/engine.js";
import { writeRows } from "../../test/support/writes.js";
import { testConfig } from "../config/config.js";
import { insertExam, insertRoom } from "../domain/people.js";
import { createIds } from "../platform/ids.js";
import { createCoordination, createShared } from "./coordination.js";

// What both implementations do. On SQLite, a server is alone, but the tables are there, too.

const FORMS = isOnPostgres
  ? ([["shared", createCoordination]] as const)
  : ([
      ["alone", createCoordination],
      ["shared", createShared],
    ] as const);

const open = async (create: typeof createCoordination) => {
  const db = await openTestDatabase();
  let ms = Date.parse("2026-01-02T03:04:05Z");
  const clock = () => new Date(ms);
  const coordination = create({
    config: testConfig(),
    db,
    clock,
    monotonic: () => ms,
    ids: createIds({ clock }),
    log: pino({ level: "silent" }),
    pruning: { last: clock },
    ownKey: (name) => `a key of the tests: ${name}`,
  });
  await coordination.instances.start();
  onTestFinished(async () => {
    await coordination.instances.stop();
    await db.close();
  });
  return {
    ...coordination,
    storage: db.storage,
    clock,
    pass: (passed: number): void => {
      ms += passed;
    },
  };
};

describe.each(FORMS)("%s,", (_, create) => {
  describe("a login name", () => {
    it("is held by the page with the latest login, in whichever order pages connect", async () => {
      const { claims } = await open(create);
      const [first, second] = [vi.fn(), vi.fn()];
      expect(await claims.claim({ page: "p", loginId: "1" }, first)).toBeDefined();
      expect(await claims.claim({ page: "another", loginId: "2" }, vi.fn())).toBeDefined();
      expect(first).not.toHaveBeenCalled();
      const release = await claims.claim({ page: "p", loginId: "2" }, second);
      expect(first).toHaveBeenCalledTimes(1);
      expect(await claims.claim({ page: "p", loginId: "1" }, vi.fn())).toBeUndefined();
      expect(second).not.toHaveBeenCalled();
      release?.();
      await expect.poll(() => claims.claim({ page: "p", loginId: "1" }, vi.fn())).toBeDefined();
      expect(second).not.toHaveBeenCalled();
    });

    it("is held by the page that connected last with the same login, whatever the displaced one does", async () => {
      const { claims } = await open(create);
      const [first, second] = [vi.fn(), vi.fn()];
      const release = await claims.claim({ page: "p", loginId: "2" }, first);
      await claims.claim({ page: "p", loginId: "2" }, second);
      expect(first).toHaveBeenCalledTimes(1);
      release?.();
      expect(await claims.claim({ page: "p", loginId: "1" }, vi.fn())).toBeUndefined();
      await claims.claim({ page: "p", loginId: "3" }, vi.fn());
      expect(first).toHaveBeenCalledTimes(1);
      expect(second).toHaveBeenCalledTimes(1);
    });

    it("is held by a page that connects while the one before leaves", async () => {
      const { claims } = await open(create);
      const release = await claims.claim({ page: "p", loginId: "2" }, vi.fn());
      const connecting = claims.claim({ page: "p", loginId: "2" }, vi.fn());
      release?.();
      await connecting;
      expect(await claims.claim({ page: "p", loginId: "1" }, vi.fn())).toBeUndefined();
    });
  });

  it("a login sends thirty messages in a room at once, and ten more each second", async () => {
    const { sendRate, storage, clock, pass } = await open(create);
    await writeRows({ storage }, async (tx) => {
      const now = clock();
      const times = { startTime: now, endTime: now, createdAt: now, updatedAt: now };
      await insertExam(tx, { id: "e", name: "E", createdBy: "t", ...times });
      for (const id of ["r", "other"])
        await insertRoom(tx, {
          id,
          examId: "e",
          name: id,
          createTeacher: "t",
          imServer: ["aliyun_new"],
          now,
        });
    });
    /** Counts a message as a service and its store do. */
    const send = async (login = "l", roomId = "r"): Promise<void> => {
      const sender = { examId: "e", roomId, login };
      sendRate.take?.(sender);
      await storage.write(async (tx) => {
        const counter = await sendRate.countIn?.(tx, [sender]);
        counter?.take(sender, clock());
        await counter?.save();
      });
    };
    const refused = { code: "TOO_MANY_REQUESTS", retryAfterSeconds: 1 };
    for (let n = 0; n < 30; n += 1) await send();
    await expect(send()).rejects.toMatchObject(refused);
    await send("pc_l");
    await send("l", "other");
    pass(1000);
    for (let n = 0; n < 10; n += 1) await send();
    await expect(send()).rejects.toMatchObject(refused);
  });

  it("a login counts with the transaction that decides it, and only if that is committed", async () => {
    const { throttle, storage } = await open(create);
    const begin = async () =>
      (await throttle.begin({ account: "a", address: "10.0.0.1" }, async () => undefined)).running;
    const fail = async ({ isCommitted = true } = {}): Promise<void> => {
      const attempt = await begin();
      const work = attempt.decide((countIn) =>
        storage.write(async (tx) => {
          const count = await countIn(tx);
          await count(false);
          if (!isCommitted) throw new Error("rolled back");
        }),
      );
      await work.catch(async () => attempt.abandoned());
    };
    for (let n = 0; n < 4; n += 1) await fail();
    for (let n = 0; n < 3; n += 1) await fail({ isCommitted: false });
    await fail();
    await expect(begin()).rejects.toMatchObject({ code: "TOO_MANY_REQUESTS", retryAfterSeconds: 60 });
  });

  it("the only server has no others", async () => {
    const { instances, storage, clock } = await open(create);
    expect(await instances.others(storage, clock())).toEqual([]);
  });
});
