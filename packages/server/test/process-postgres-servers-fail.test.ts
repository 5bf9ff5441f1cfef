import pLimit from "p-limit";
import { Client } from "pg";
import { describe, expect, onTestFinished, it as test, vi } from "vitest";
import { createInstanceStore } from "../src/coordination/instances-table.js";
import { SetupError } from "../src/platform/setup-error.js";
import { CommitUnknownError } from "../src/storage/errors.js";
import type { Storage } from "../src/storage/port.js";
import {
  bulkChanges,
  instances,
  pageClaims,
  participants,
  serverNotices,
  unseated,
} from "../src/storage/tables.js";
import type { AppFixtureOptions } from "./support/app-fixture.js";
import { rest } from "./support/calls.js";
import { imLogin, rawDropIn } from "./support/drop-in.js";
import { often } from "./support/effort.js";
import { APPS } from "./support/exams-fixture.js";
import { createTestService, held, withServices } from "./support/message-services.js";
import { openOutdated } from "./support/newer-schema.js";
import { createOutage } from "./support/outage.js";
import { isPostgresMissing, openSchemasForTests } from "./support/postgres-schemas.js";
import { run, serve, tempFolder, testEnv } from "./support/process.js";
import { reasonOf } from "./support/reason.js";
import { type Member, openMember, openPair, stoppedClock, until } from "./support/servers.js";
import { shared } from "./support/shared.js";
import { countRows, rowsOf } from "./support/tables.js";
import { createRoom, openPage, ROOT, TEACHER } from "./support/taken-rights.js";

// Servers on one database of PostgreSQL that fail, are paused, or start beside others.

const describePostgres = describe.skipIf(isPostgresMissing());

/** Lets what servers do at intervals happen when the test says so. */
const holdIntervals = (): void => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
};
/** Runs something before each write of a server. */
const beforeWrites =
  (run: () => Promise<void> | undefined | void): NonNullable<AppFixtureOptions["change"]> =>
  (deps) => {
    const changed = (storage: Storage): Storage => ({
      ...storage,
      async write(work, options) {
        await run();
        return storage.write(work, options);
      },
    });
    const { db } = deps;
    return { ...deps, db: { ...db, storage: changed(db.storage), control: changed(db.control) } };
  };
/** Holds the writes of a server, as if it were paused. */
const heldWrites = () => {
  let held: Promise<void> | undefined;
  let release = (): void => undefined;
  const change = beforeWrites(() => held);
  return {
    change,
    /** Holds them until `release`, or until the scope of the result ends, so that the server can be closed. */
    hold() {
      held = new Promise((resolve) => {
        release = resolve;
      });
      const end = (): void => {
        held = undefined;
        release();
      };
      return { release: end, [Symbol.dispose]: end };
    },
  };
};
/** A server whose writes fail from some moment on, as if it had ended. */
const openDoomed = async (url: string, now: () => Date) => {
  let isOver: () => boolean | Promise<boolean> = () => false;
  let hasFailed = false;
  const member = await openMember(url, {
    now,
    change: beforeWrites(async () => {
      if (!(await isOver())) return;
      hasFailed = true;
      throw new Error("the test has ended this server");
    }),
  });
  return {
    ...member,
    /** Lets some more writes succeed, and no later one. */
    failAfter(writes: number) {
      let left = writes;
      isOver = () => {
        left -= 1;
        return left < 0;
      };
    },
    /** Lets no more writes succeed once it cleans up after another server. */
    failInCleanUp() {
      isOver = async () =>
        (await rowsOf(member.db, instances)).some(({ claimedUntil }) => claimedUntil !== null);
    },
    /** Whether a write has failed. */
    hasFailed: () => hasFailed,
    restore() {
      isOver = () => false;
    },
    /** Ends the work at intervals that writes, except that the server renews its lease and cleans up after others. */
    async onlyRenews() {
      const { services } = member;
      await services.subscriptions.stop();
      await Promise.all([
        services.audit.stop(),
        services.bulk.stop(),
        services.erasure.stop(),
        services.queue.stop(0),
        services.seriesRecorder.stop(),
      ]);
    },
  };
};

describePostgres("servers of one database", () => {
  const schemas = shared(openSchemasForTests);

  test("a server without pages removes notices when it renews its lease", async () => {
    holdIntervals();
    await using servers = await openPair((await schemas().open()).url, { config: { apps: APPS } });
    const [one] = servers.all;
    const { id: roomId } = await createRoom(one);
    const at = { token: await one.token(TEACHER), userId: "teacher1", roomId };
    using teacher = await openPage(await one.listen(), at);
    await teacher.ask({ do: "mute", groupId: roomId, muted: true });
    expect(await rowsOf(one.db, serverNotices)).toMatchObject([{ topic: "muted", data: roomId }]);
    await vi.advanceTimersByTimeAsync(5_000);
    await expect.poll(() => rowsOf(one.db, serverNotices)).toEqual([]);
  });

  describe("a server whose database fails for a while", () => {
    test("learns of mutes, although it does not learn that it has removed the notice", async () => {
      const url = (await schemas().open()).url;
      await using one = await openMember(url, { config: { apps: APPS } });
      let isLosing = false;
      let hasLost = false;
      await using two = await openMember(url, {
        config: { apps: APPS },
        change: (deps) => ({
          ...deps,
          db: {
            ...deps.db,
            control: {
              ...deps.db.control,
              async write(work, options) {
                const result = await deps.db.control.write(work, options);
                if (!isLosing) return result;
                hasLost = true;
                throw new CommitUnknownError("the test has lost the answer");
              },
            },
          },
        }),
      });
      const urls = [await one.listen(), await two.listen()] as const;
      const { id: roomId } = await createRoom(one, "e1");
      const token = await one.token({ sub: "e1", role: "examinee" });
      using teacher = await openPage(urls[0], {
        token: await one.token(TEACHER),
        userId: "teacher1",
        roomId,
      });
      using page = await openPage(urls[1], { token, userId: "e1", roomId });
      isLosing = true;
      await teacher.ask({ do: "mute", groupId: roomId, muted: true });
      expect(await page.receive("muted")).toMatchObject({ status: { groupId: roomId, muteAll: true } });
      await until(async () => hasLost);
      isLosing = false;
    });

    test("tells its pages of mutes and gives up their logins afterwards", async () => {
      const url = (await schemas().open()).url;
      await using one = await openMember(url, { config: { apps: APPS } });
      const outage = createOutage();
      await using two = await openMember(url, { config: { apps: APPS }, change: outage.change });
      const urls = [await one.listen(), await two.listen()] as const;
      const { id: roomId } = await createRoom(one, "e1", "e2");
      const [early, late] = await Promise.all(
        ["e1", "e2"].map((sub) => one.token({ sub, role: "examinee" })),
      );
      const earlier = await imLogin(urls[0], early ?? "", { roomId, userId: "e1" });
      using teacher = await openPage(urls[0], {
        token: await one.token(TEACHER),
        userId: "teacher1",
        roomId,
      });
      using page = await openPage(urls[1], { token: late ?? "", userId: "e2", roomId });
      using leaving = await openPage(urls[1], { token: early ?? "", userId: "e1", roomId });

      outage.begin();
      await teacher.ask({ do: "mute", groupId: roomId, muted: true });
      leaving.socket.terminate();
      await outage.failed(20);
      expect(await page.ask({ do: "group", groupId: roomId })).toMatchObject({ code: 412 });
      outage.end();
      expect(await page.receive("muted")).toMatchObject({ status: { groupId: roomId, muteAll: true } });
      // An earlier login is refused for as long as the later one is held.
      await until(async () => {
        using again = await rawDropIn(urls[0]);
        const { appId, appToken, auth } = earlier;
        return (await again.ask({ do: "login", login: { appId, appToken, auth } })).code === undefined;
      });
    });
  });

  describe("a server that was paused for longer than its lease", () => {
    test("begins again under a new id, although the server that cleaned up after it failed meanwhile", async () => {
      holdIntervals();
      const clock = stoppedClock();
      const url = (await schemas().open()).url;
      const writes = heldWrites();
      await using paused = await openMember(url, {
        now: clock.now,
        change: writes.change,
        config: { apps: APPS },
      });
      await using cleaner = await openDoomed(url, clock.now);
      await cleaner.onlyRenews();
      const { id: roomId } = await createRoom(paused, "e1");
      const at = await paused.listen();
      const token = await paused.token({ sub: "e1", role: "examinee" });
      using page = await openPage(at, { token, userId: "e1", roomId });
      const devices = async () =>
        (await cleaner.as(TEACHER).room.presence({ roomId })).map((page) => page.devices);
      await expect.poll(devices).toEqual([1]);
      const [before] = await rowsOf(cleaner.db, pageClaims);

      const renewed = async (by: Date) =>
        (await rowsOf(cleaner.db, instances)).filter(({ leaseUntil }) => leaseUntil > by).length;
      /** Asks after the timers. A timer does nothing while what it began the last time is not done. The page has answered the pings. */
      const later = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
        vi.advanceTimersByTime(5_000);
        await page.ask({ do: "group", groupId: roomId });
        return ask();
      };
      using hold = writes.hold();
      clock.pass(25_000);
      await expect.poll(() => later(() => renewed(new Date(clock.now().getTime() + 5_000)))).toBe(1);
      // The other server renews its lease, claims the clean-up, and fails.
      cleaner.failInCleanUp();
      clock.pass(6_000);
      await expect.poll(() => later(async () => cleaner.hasFailed())).toBe(true);
      expect(await devices()).toEqual([]);
      hold.release();
      await expect.poll(() => later(devices)).toEqual([1]);
      // What it begins under the new id, nobody removes with the old one.
      cleaner.restore();
      clock.pass(1_000);
      const soon = new Date(clock.now().getTime() + 29_000);
      await expect.poll(() => later(() => renewed(soon))).toBe(2);
      clock.pass(31_000);
      for (const { services } of [paused, cleaner]) expect(services.instances.id).not.toBe(before?.instance);
      // Both are late, so neither cleans up before the other has renewed its lease.
      await expect.poll(() => later(() => renewed(clock.now()))).toBe(2);
      const running = () => rowsOf(cleaner.db, instances);
      await expect
        .poll(async () => (await later(running)).map(({ id }) => id))
        .not.toContain(before?.instance);
      await expect.poll(() => later(devices)).toEqual([1]);
      await expect
        .poll(() => later(() => rowsOf(cleaner.db, pageClaims)))
        .toEqual([{ ...before, instance: paused.services.instances.id }]);
    });

    test("is cleaned up after by one server at a time, and by the next if that one fails", async () => {
      await using member = await openMember((await schemas().open()).url);
      const store = createInstanceStore(member.db);
      const at = (seconds: number) => new Date(Date.parse("2026-01-02T03:04:05Z") + seconds * 1000);
      const claim = (seconds: number) => store.claim("a", { now: at(seconds), until: at(seconds + 30) });
      await store.begin({ id: "a", leaseUntil: at(30), startedAt: null, version: null });
      expect(await claim(29)).toBe(false);
      expect(await store.renew("a", at(35))).toBe(true);
      expect(await claim(34)).toBe(false);
      const claims = await Promise.all([claim(36), claim(36), claim(36)]);
      expect(claims.filter((isClaimed) => isClaimed)).toHaveLength(1);
      expect(await store.renew("a", at(70))).toBe(false);
      expect(await claim(65)).toBe(false);
      expect(await claim(66)).toBe(true);
      await store.remove("a");
      expect(await store.renew("a", at(100))).toBe(false);
    });
  });

  describe("work that is left to the servers", () => {
    const ROOMS = often(40, 400);

    test("is done once: each vendor task is sent by one of them", async () => {
      const clock = stoppedClock();
      const service = createTestService();
      const { behaviour, release } = held();
      await using servers = await openPair((await schemas().open()).url, {
        now: clock.now,
        change: withServices({ aliyun_new: service }),
        queue: false,
      });
      const { all } = servers;
      // A caller may have 68 writes under way.
      const made = await pLimit(40).map(Array.from({ length: ROOMS }), (_, n) =>
        (all[n % 2] ?? all[0]).as(TEACHER).room.create({ name: "R", imServer: ["aliyun_new"] }),
      );
      await pLimit(40).map(made, ({ id }) => all[0].as(TEACHER).room.end({ roomId: id }));
      service.on("delete", behaviour);
      clock.pass(600_000);
      for (const { services } of all) services.queue.start();
      // Both have taken tasks and wait for the service, while their queues look for more.
      await service.called(2, "delete");
      for (const { services } of all) services.queue.wake();
      release();
      await service.called(ROOMS, "delete");
      await until(async () => service.groups.size === 0);
      await Promise.all(all.map(({ services }) => services.queue.stop(10_000)));
      const deleted = service.calls.filter((call) => call.startsWith("delete ")).toSorted();
      expect(deleted).toEqual(made.map(({ id }) => `delete ${id}`).toSorted());
    });

    const PEOPLE = 2_500;
    const roster = (name: string) =>
      Buffer.from(
        `id,name\n${Array.from({ length: PEOPLE }, (_, n) => `k${n},${name}\n`).join("")}`,
      ).toString("base64");
    const times = { startTime: new Date("2099-02-01T08:00:00Z"), endTime: new Date("2099-02-01T10:00:00Z") };

    test("is taken over: a change that one server began is undone or finished by the other", async () => {
      const clock = stoppedClock();
      const url = (await schemas().open()).url;
      const doomed = await openDoomed(url, clock.now);
      await using heir = await openMember(url, { now: clock.now });
      const admin = heir.as(ROOT);
      const { id: examId } = await admin.exam.create({ name: "Large", ...times });
      const importAt = (member: Member, name: string) =>
        reasonOf(member.as(ROOT).participant.import({ examId, file: roster(name) })).catch(() => "failed");
      const rows = async () => [await countRows(heir.db, unseated), await countRows(heir.db, bulkChanges)];
      const visible = async () => (await admin.participant.listUnseated({ examId })).totals?.unseated;

      doomed.failAfter(3);
      expect(await importAt(doomed, "First")).toBe("failed");
      // The database has the first rows of the import, but no list shows them.
      const [begun = 0, changes] = await rows();
      expect(begun).toBeGreaterThan(0);
      expect(begun).toBeLessThan(PEOPLE);
      expect(changes).toBe(1);
      expect(await visible()).toBe(0);
      clock.pass(10_000);
      await until(async () => (await rows())[1] === 0);
      expect(await rows()).toEqual([0, 0]);

      expect(await importAt(heir, "Second")).toBe("ok");
      await until(async () => (await rows())[1] === 0);
      expect(await visible()).toBe(PEOPLE);

      // A deletion is announced with its first write. What it leaves to do, the other server does.
      doomed.failAfter(2);
      await reasonOf(doomed.as(ROOT).exam.delete({ examId, withRooms: true, erase: "now" })).catch(
        () => "failed",
      );
      expect((await rows())[1]).toBe(1);
      clock.pass(10_000);
      await until(async () => (await rows())[1] === 0);
      expect(await rows()).toEqual([0, 0]);
      expect(await countRows(heir.db, participants)).toBe(0);
      doomed.restore();
      await doomed[Symbol.asyncDispose]();
    });
  });

  describe("starting", () => {
    const ROUNDS = often(3, 20);

    test("at once on an empty database, all servers come up and serve each other's rooms", async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const url = (await schemas().open()).url;
        const members = await Promise.all(Array.from({ length: 4 }, () => openMember(url)));
        const made = await Promise.all(members.map((member) => createRoom(member)));
        for (const member of members) {
          const token = await member.token(ROOT);
          for (const { id: roomId } of made)
            expect((await rest(member, token).get("roomInfo", { roomId })).body.data.id).toBe(roomId);
          expect((await member.inject("/ready")).statusCode).toBe(200);
        }
        await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
      }
    });

    describe("beside an incompatible schema, a server that runs still reads, and writes nothing more", () => {
      const migrateFurther = async (url: string, incompatible: boolean) => {
        const client = new Client({ connectionString: url });
        await client.connect();
        await client.query(
          "INSERT INTO invigil_migrations (created_at, hash, incompatible) SELECT max(created_at) + 1, 'newer', $1 FROM invigil_migrations",
          [incompatible],
        );
        await client.end();
      };

      test("within ten seconds", async () => {
        holdIntervals();
        const clock = stoppedClock();
        const url = (await schemas().open()).url;
        await using server = await openMember(url, { now: clock.now, config: { apps: APPS } });
        using outdated = await openOutdated(server);
        await migrateFurther(url, false);
        vi.advanceTimersByTime(10_000);
        expect(await outdated.writes()).toBe(true);
        await migrateFurther(url, true);
        vi.advanceTimersByTime(10_000);
        await until(async () => !(await outdated.writes()));
        await outdated.expectReadsOnly((ms) => clock.pass(ms));
      });

      test("at once after a pause", async () => {
        holdIntervals();
        const clock = stoppedClock();
        const url = (await schemas().open()).url;
        await using server = await openMember(url, { now: clock.now, config: { apps: APPS } });
        using outdated = await openOutdated(server);
        await migrateFurther(url, true);
        // None of its timers has run since.
        const before = performance.now.bind(performance);
        const pausedClock = vi.spyOn(performance, "now").mockImplementation(() => before() + 10_001);
        onTestFinished(() => pausedClock.mockRestore());
        expect(await outdated.writes()).toBe(false);
      });
    });

    test("works on a newer schema, unless the newer version says that it does not", async () => {
      const url = (await schemas().open()).url;
      await using running = await openMember(url);
      const client = new Client({ connectionString: url });
      await client.connect();
      const add = (createdAt: number, incompatible: boolean) =>
        client.query(
          "INSERT INTO invigil_migrations (created_at, hash, incompatible) VALUES ($1, 'newer', $2)",
          [createdAt, incompatible],
        );
      try {
        await add(9_000_000_000_000, false);
        await (await openMember(url))[Symbol.asyncDispose]();
        expect((await running.inject("/ready")).statusCode).toBe(200);
        await add(9_000_000_000_001, true);
        await expect(openMember(url)).rejects.toThrow(SetupError);
        await expect(openMember(url)).rejects.toThrow(/was made by a newer version of Invigil/);
        // A server that runs reports that it no longer fits.
        const { statusCode, body } = await running.inject("/ready");
        expect([statusCode, JSON.parse(body).migrations]).toEqual([503, "of another version"]);
      } finally {
        await client.end();
      }
    });
  });
});

describePostgres("a server with an embedded media server", () => {
  const schemas = shared(openSchemasForTests);

  test("does not start beside another server, which goes on", async () => {
    const { url } = await schemas().open();
    const env = { ...testEnv, INVIGIL_DATABASE_URL: url, INVIGIL_STREAM_SERVICE: "embedded" };
    using one = tempFolder();
    using other = tempFolder();
    await using first = await serve({ cwd: one.path, env });
    const { code, stderr } = await run(["serve"], { cwd: other.path, env });
    expect(stderr).toMatch(/^invigil: INVIGIL_STREAM_SERVICE must not be 'embedded', because [^\n]+\n$/);
    expect(code).toBe(1);
    expect((await fetch(`${first.url}/ready`)).status).toBe(200);
  });
});
