import { setTimeout as pause } from "node:timers/promises";
import pLimit from "p-limit";
import { Client } from "pg";
import { describe, expect, onTestFinished, it as test, vi } from "vitest";
import { createInstanceStore } from "../src/coordination/instances-table.js";
import { WHOLE_EXAM } from "../src/domain/events.js";
import { SetupError } from "../src/platform/setup-error.js";
import { CommitUnknownError } from "../src/storage/errors.js";
import type { Storage } from "../src/storage/port.js";
import {
  auditEntries,
  bulkChanges,
  instances,
  messages,
  pageClaims,
  participants,
  roomEvents,
  sendRates,
  serverNotices,
  unseated,
} from "../src/storage/tables.js";
import type { AppFixtureOptions } from "./support/app-fixture.js";
import { rest, trpc } from "./support/calls.js";
import { imLogin, rawDropIn } from "./support/drop-in.js";
import { often } from "./support/effort.js";
import { APPS } from "./support/exams-fixture.js";
import { listenExam, listenPeople, listenRoom } from "./support/listening.js";
import { createTestService, held, withServices } from "./support/message-services.js";
import { openOutdated } from "./support/newer-schema.js";
import { createOutage } from "./support/outage.js";
import { isPostgresMissing, openSchemasForTests } from "./support/postgres-schemas.js";
import { run, serve, tempFolder, testEnv } from "./support/process.js";
import { reasonOf } from "./support/reason.js";
import { type Member, openMember, openPair, openThree } from "./support/servers.js";
import { shared } from "./support/shared.js";
import { countRows, rowsOf } from "./support/tables.js";
import {
  type Member as AnyMember,
  createRoom,
  openPage,
  ROOT,
  TEACHER,
  WAYS,
} from "./support/taken-rights.js";

vi.setConfig({ testTimeout: 120_000 });

// Several servers on one database of PostgreSQL are one installation.

const describePostgres = describe.skipIf(isPostgresMissing());

/** A clock that stands still until the test advances it. */
const stoppedClock = () => {
  let now = Date.parse("2026-01-02T03:04:05Z");
  return {
    now: () => new Date(now),
    pass(ms: number) {
      now += ms;
    },
  };
};
const count = <Value>(values: readonly Value[]): Map<Value, number> => {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
};
/** Holds the grouped writes of a server until they are released. */
const heldGroups = () => {
  let arrive = (): void => undefined;
  let release = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const change: NonNullable<AppFixtureOptions["change"]> = (deps) => ({
    ...deps,
    db: {
      ...deps.db,
      storage: {
        ...deps.db.storage,
        grouped(writeAll, examOf) {
          const write = deps.db.storage.grouped(writeAll, examOf);
          return async (call) => {
            arrive();
            await released;
            return write(call);
          };
        },
      },
    },
  });
  return { arrived, release: () => release(), change };
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
    hold() {
      held = new Promise((resolve) => {
        release = resolve;
      });
    },
    release() {
      held = undefined;
      release();
    },
  };
};
/** A server whose writes fail from some moment on, as if it had ended. */
const openDoomed = async (url: string, now: () => Date) => {
  let left = Number.POSITIVE_INFINITY;
  const member = await openMember(url, {
    now,
    change: beforeWrites(() => {
      left -= 1;
      if (left < 0) throw new Error("the test has ended this server");
    }),
  });
  return {
    ...member,
    /** Lets some more writes succeed, and no later one. */
    failAfter(writes: number) {
      left = writes;
    },
    restore() {
      left = Number.POSITIVE_INFINITY;
    },
  };
};
/** Repeats a question until its answer is yes. */
const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await pause(10);
};

describePostgres("servers of one database", () => {
  const schemas = shared(openSchemasForTests);

  test("give the same join codes, also at the same time, and each opens those of the other", async () => {
    const config = { apps: APPS, publicUrl: "https://invigil.example" };
    await using servers = await openPair((await schemas().open()).url, { config });
    const [one, other] = servers.all;
    const people = Array.from({ length: 20 }, (_, n) => ({
      userId: `e${n}`,
      name: "E",
      role: "examinee" as const,
    }));
    const { id: roomId } = await one.as(TEACHER).room.create({ name: "R", participants: people });
    const [made, again] = await Promise.all(
      servers.all.map((server) => server.as(ROOT).room.joinCodes({ roomId })),
    );
    expect(again).toEqual(made);
    const codes = (made ?? []).flatMap(({ code, pcCode }) => [code, ...(pcCode ? [pcCode] : [])]);
    expect(new Set(codes).size).toBe(1 + 2 * 20);
    for (const server of [one, other])
      for (const code of codes) expect((await server.inject({ url: `/j/${code}` })).statusCode).toBe(303);
    await one.as(TEACHER).room.revokeLinks({ roomId, userIds: ["e0"] });
    const revoked = (made ?? []).find(({ userId }) => userId === "e0");
    expect((await other.inject({ url: `/j/${revoked?.code}` })).statusCode).toBe(404);
    expect(await other.as(ROOT).room.joinCodes({ roomId })).toEqual(
      await one.as(ROOT).room.joinCodes({ roomId }),
    );
  });

  test("accept one changed check of a person in three seconds, and one consent, on whichever server", async () => {
    const clock = stoppedClock();
    await using servers = await openPair((await schemas().open()).url, { now: clock.now });
    const [one, other] = servers.all;
    const people = ["e1", "e2"].map((userId) => ({ userId, name: "E", role: "examinee" as const }));
    const { id: roomId, examId } = await one.as(TEACHER).room.create({ name: "R", participants: people });
    const sitting = servers.all.map((server) => server.as({ sub: "e1", role: "examinee" }).attempt);
    const details = ["busy", "absent", "refused"] as const;
    for (let round = 0; round < often(3, 30); round += 1) {
      const outcomes = await Promise.all(
        sitting.map((attempt, n) =>
          reasonOf(
            attempt.reportReadiness({
              roomId,
              checks: { camera: { result: "failed", detail: details[(round + n) % 3] } },
            }),
          ),
        ),
      );
      // What is as it was is never refused.
      expect(["TOO_MANY_REQUESTS ok", "ok ok"]).toContain(outcomes.toSorted().join(" "));
      if (round === 0) expect(outcomes.toSorted()).toEqual(["TOO_MANY_REQUESTS", "ok"]);
      const [seen, same] = await Promise.all(
        servers.all.map(async (server) => (await server.as(ROOT).room.snapshot({ roomId })).members[1]),
      );
      expect(seen).toMatchObject({ userId: "e1", readiness: { since: clock.now() } });
      expect(same).toEqual(seen);
      clock.pass(3000);
    }
    const given = await Promise.all(sitting.map((attempt) => attempt.consent({ roomId, version: 0 })));
    expect(given[0]).toEqual(given[1]);
    await one.as(TEACHER).exam.setConsent({ examId, zh: "同意", en: "" });
    expect(
      await reasonOf(other.as({ sub: "e1", role: "examinee" }).attempt.consent({ roomId, version: 2 })),
    ).toBe("EXAM_CONFLICT");
    const { entries } = await other.as(ROOT).exam.entries({ examId });
    expect(entries.filter(({ kind }) => kind === "consent")).toHaveLength(1);
  });

  test("let one of two people take a raised hand, on whichever server, and keep one open hand a person", async () => {
    await using servers = await openPair((await schemas().open()).url);
    const [one, other] = servers.all;
    const people = ["e1", "e2"].map((userId) => ({ userId, name: "E", role: "examinee" as const }));
    const { id: roomId } = await one.as(TEACHER).room.create({ name: "R", participants: people });
    for (let round = 0; round < often(3, 30); round += 1) {
      const raised = await Promise.all(
        servers.all.map((server) =>
          server.as({ sub: "e1", role: "examinee" }).hand.raise({ roomId, kind: "break" }),
        ),
      );
      const [handId = 0, ...more] = new Set(raised.map(({ id }) => id));
      expect(more).toEqual([]);
      const answer = { roomId, handId, action: "take" } as const;
      const outcomes = await Promise.all(
        [() => one.as(TEACHER).hand.answer(answer), () => other.as(ROOT).hand.answer(answer)].map((take) =>
          reasonOf(take()),
        ),
      );
      expect(outcomes.toSorted()).toEqual(["HAND_CONFLICT", "ok"]);
      const winner = outcomes[0] === "ok" ? TEACHER.sub : ROOT.sub;
      for (const server of servers.all)
        expect((await server.as(ROOT).room.snapshot({ roomId })).hands).toMatchObject([
          { id: handId, status: "taken", takenBy: winner },
        ]);
      await other.as(ROOT).hand.answer({ ...answer, action: "resolve" });
      expect((await one.as(ROOT).room.snapshot({ roomId })).hands).toEqual([]);
    }
  });

  test("keep one audit, which both prune", async () => {
    const time = stoppedClock();
    const config = { auditDays: 1 };
    const monotonic = () => time.now().getTime();
    await using servers = await openPair((await schemas().open()).url, { config, now: time.now, monotonic });
    const [one, other] = servers.all;
    const { id: roomId } = await one.as(TEACHER).room.create({ name: "R" });
    await other.as(TEACHER).room.end({ roomId });
    await other.as(ROOT).participant.list({ roomId });
    await other.services.accessLog.flush();
    const procedures = async (server: Member) =>
      (await server.as(ROOT).audit.list({})).entries.map(({ procedure }) => procedure);
    expect((await procedures(one)).toSorted()).toEqual(["participant.list", "room.create", "room.end"]);
    time.pass(86_400_001);
    const prune = async ({ services: { audit } }: Member): Promise<void> => {
      await audit.stop();
      audit.start();
      await audit.stop();
    };
    await Promise.all(servers.all.map(prune));
    expect(await rowsOf(one.db, auditEntries)).toEqual([]);
  });

  test("tell everybody of an exam, whichever server somebody comes to, and since when", async () => {
    const config = { presenceSettleSeconds: 0 };
    await using servers = await openPair((await schemas().open()).url, { config });
    const [one, other] = servers.all;
    const { id: roomId, examId } = await one.as(TEACHER).room.create({
      name: "R",
      participants: [{ userId: "e1", name: "E", role: "examinee" }],
    });
    const examinee = { sub: "e1", role: "examinee" } as const;
    await using watching = await listenPeople(one, ROOT, { examId });
    const first = await listenRoom(one, examinee, { roomId });
    const [entered] = await watching.until(({ type }) => type === "participant_entered");
    const second = await listenRoom(other, examinee, { roomId });
    await watching.until(({ type }) => type === "devices_changed");
    await first.leave();
    await watching.until(({ type }) => type === "devices_changed");
    const entry = async (server: Member) => (await server.as(ROOT).exam.people({ examId })).people.at(-1);
    // The page is connected to the other server alone, and has been present since it came to the first one.
    const pages = [{ camera: "main", since: entered?.time, devices: 1 }];
    expect([await entry(one), await entry(other)]).toMatchObject([{ pages }, { pages }]);
    await second.leave();
    const left = (await watching.until(({ type }) => type === "participant_left")).at(-1);
    expect(await entry(one)).toMatchObject({ pages: [], left: [{ camera: "main", since: left?.time }] });
  });

  describe("a right that one server takes away is gone at the others, too, when", () => {
    const ROUNDS = often(3, 200);
    const installation = shared(async () => {
      const servers = await openThree((await schemas().open()).url, { config: { apps: APPS } });
      const urls = await Promise.all(servers.all.map((server) => server.listen()));
      return { ...servers, urls };
    });

    test.each(WAYS)(
      "$name",
      async ({ grant, refusal }) => {
        const { all, urls } = installation();
        const uses = (members: readonly Member[], use: (at: AnyMember) => Promise<string>) =>
          Promise.all(members.map(use));
        for (let round = 0; round < ROUNDS; round += 1) {
          await using right = await grant(all, round, urls);
          expect(await uses(all, right.use)).toEqual(["ok", "ok", "ok"]);
          const at = all[round % 3] ?? all[0];
          await right.takeAway(at);
          expect(await uses(all, right.use)).toEqual([refusal, refusal, refusal]);
        }
      },
      600_000,
    );
  });

  describe("events", () => {
    const STEPS = often(15, 400);

    test(
      "have one order for the listeners of all servers, while all of them write",
      async () => {
        await using servers = await openThree((await schemas().open()).url);
        const { all } = servers;
        const [first] = all;
        const room = await createRoom(first, "e0", "e1", "e2");
        const sibling = await first.as(ROOT).room.create({ name: "Sibling", examId: room.examId });
        const rooms = [room.id, sibling.id];
        const { lastEventId } = await first.as(ROOT).exam.snapshot({ examId: room.examId });
        const listeners = await Promise.all(
          all.flatMap((server) => [
            ...rooms.map(async (roomId) => ({
              of: [roomId],
              events: await listenRoom(server, ROOT, { roomId, lastEventId }),
            })),
            (async () => ({
              of: rooms,
              events: await listenExam(server, ROOT, { examId: room.examId, lastEventId }),
            }))(),
          ]),
        );
        const isLast = (event: { readonly type: string }) => event.type === "room_ended";
        const heard = listeners.map(async ({ of, events }) => {
          const received: { readonly id: string; readonly type: string }[] = [];
          for (const _ of of) received.push(...(await events.until(isLast)));
          return received;
        });

        const write = async (server: Member, n: number): Promise<void> => {
          const admin = server.as(ROOT);
          const roomId = rooms[n % 2] ?? "";
          const userId = `p${all.indexOf(server)}-${n}`;
          const audioStatus = n % 4 < 2 ? "speaking" : "silent";
          const person = { userId, name: userId, role: "examinee" as const };
          await Promise.all([
            // Each message has a sender of its own, because the messages of one sender are limited.
            server.as({ ...ROOT, sub: `admin-${userId}` }).im.send({ roomId, type: 30_001, data: userId }),
            admin.room.setAudioStatus({ roomId, audioStatus }),
            admin.participant.add({ roomId, participants: [person] }),
            admin.cheat.setConfig({ examId: room.examId, data: JSON.stringify(userId) }),
            admin.cheat.addRecords({
              roomId: room.id,
              records: [
                {
                  userId: `e${n % 3}`,
                  isMainMonitor: true,
                  detectType: "manyPeople",
                  detectTime: new Date(),
                  extraInfo: userId,
                },
              ],
            }),
          ]);
          const page = await listenRoom(server, { sub: userId, role: "examinee" }, { roomId, camera: "pc" });
          // People see the events about themselves.
          await page.until((event) => event.type === "participant_entered");
          await page.leave();
        };
        await Promise.all(
          all.map(async (server) => {
            for (let n = 0; n < STEPS; n += 1) await write(server, n);
          }),
        );
        for (const roomId of rooms) await first.as(ROOT).room.end({ roomId });

        const received = await Promise.all(heard);
        const logged = (await rowsOf(first.db, roomEvents)).filter(({ id }) => id > Number(lastEventId));
        const idsOf = (of: readonly string[]) => {
          const ids = logged
            .filter(({ roomId }) => roomId === WHOLE_EXAM || of.includes(roomId))
            .map(({ id, type }) => ({ id, type }));
          return ids.slice(0, ids.findLastIndex(({ type }) => type === "room_ended") + 1).map(({ id }) => id);
        };
        expect(received.map((events) => events.map(({ id }) => Number(id)))).toEqual(
          listeners.map(({ of }) => idsOf(of)),
        );
        // Messages and records are numbered in the order of the commits, too.
        const assertInOrder = (...names: readonly string[]) => {
          const ids = logged.flatMap(({ data }) => names.flatMap((name) => data[name] ?? []).map(Number));
          expect(ids.length).toBeGreaterThan(STEPS);
          expect(ids).toEqual(ids.toSorted((a, b) => a - b));
        };
        assertInOrder("messageId");
        assertInOrder("from", "to");
        // Not only the ids are the same, but also what is in the events, apart from the config, which may have changed again.
        const third = received.length / 3;
        const contents = received.map((events) =>
          events.map((event) => ({ ...event, ...("cheatConfig" in event && { cheatConfig: undefined }) })),
        );
        expect(contents.slice(third, 2 * third)).toEqual(contents.slice(0, third));
        expect(contents.slice(2 * third)).toEqual(contents.slice(0, third));
        const types = new Set(logged.map(({ type }) => type));
        expect([...types].toSorted()).toEqual([
          "audio_status_changed",
          "cheat_config_changed",
          "cheat_records_added",
          // The administrator is in the room that they have created.
          "devices_changed",
          "message",
          "participant_added",
          "participant_entered",
          "participant_left",
          "room_ended",
        ]);
        await Promise.all(listeners.map(({ events }) => events.leave()));
      },
      often(60_000, 300_000),
    );

    test("count the devices of a page at all servers, and it leaves with the last one", async () => {
      await using servers = await openThree((await schemas().open()).url);
      const [one, two, three] = servers.all;
      const { id: roomId } = await createRoom(one, "e1");
      await using watcher = await listenRoom(three, ROOT, { roomId });
      const caller = { sub: "e1", role: "examinee" } as const;
      const next = async () => {
        const { type, ...event } = await watcher.next();
        return "devices" in event ? [type, event.devices] : [type];
      };
      const devices = async () =>
        (await three.as(TEACHER).room.presence({ roomId })).map((page) => page.devices);

      const atOne = await listenRoom(one, caller, { roomId });
      expect(await next()).toEqual(["participant_entered"]);
      const atTwo = await listenRoom(two, caller, { roomId });
      expect(await next()).toEqual(["devices_changed", 2]);
      const another = await listenRoom(two, caller, { roomId });
      expect(await next()).toEqual(["devices_changed", 3]);
      expect(await devices()).toEqual([3]);
      await atTwo.leave();
      expect(await next()).toEqual(["devices_changed", 2]);
      await atOne.leave();
      expect(await next()).toEqual(["devices_changed", 1]);
      await another.leave();
      expect(await next()).toEqual(["participant_left"]);
      expect(await devices()).toEqual([]);
    });
  });

  describe("pages with the drop-in script", () => {
    const installation = shared(async () => {
      const servers = await openPair((await schemas().open()).url);
      const urls = [await servers.all[0].listen(), await servers.all[1].listen()] as const;
      return { ...servers, urls };
    });
    /** Logs a page in to a server. Returns the response. */
    const logIn = async (url: string, made: Awaited<ReturnType<typeof imLogin>>) => {
      const page = await rawDropIn(url);
      const { appId, appToken, auth } = made;
      return { page, answer: await page.ask({ do: "login", login: { appId, appToken, auth } }) };
    };

    test("learn of mutes from the other server", async () => {
      const { all, urls } = installation();
      const [one] = all;
      const { id: roomId } = await createRoom(one, "e1");
      using teacher = await openPage(urls[0], {
        token: await one.token(TEACHER),
        userId: "teacher1",
        roomId,
      });
      const token = await one.token({ sub: "e1", role: "examinee" });
      using page = await openPage(urls[1], { token, userId: "e1", roomId });
      for (const muted of [true, false, true]) {
        await teacher.ask({ do: "mute", groupId: roomId, muted });
        expect(await page.receive("muted")).toMatchObject({ status: { groupId: roomId, muteAll: muted } });
      }
    });

    test("give way to a later login at the other server, and not to an earlier one", async () => {
      const { all, urls } = installation();
      const [one, two] = all;
      const { id: roomId } = await createRoom(one, "e1");
      const token = await one.token({ sub: "e1", role: "examinee" });
      const asked = { roomId, userId: "e1" };
      const logins = [];
      for (let n = 0; n < 4; n += 1) logins.push(await imLogin(urls[n % 2 === 0 ? 0 : 1], token, asked));
      const [first, second, third] = logins;
      if (!first || !second || !third) throw new Error("there are too few logins");

      const older = await logIn(urls[0], second);
      expect(older.answer).toEqual({});
      const newer = await logIn(urls[1], third);
      expect(newer.answer).toEqual({});
      expect(await older.page.receive("bye")).toEqual({ is: "bye", code: 4 });
      expect((await older.page.closed())[0]).toBe(1000);
      for (const login of [first, second]) {
        const { page, answer } = await logIn(urls[0], login);
        expect(answer).toMatchObject({ code: 304 });
        page.socket.terminate();
      }
      // The newer page was not disturbed, and its login ends at the other server with its connection.
      expect(await newer.page.ask({ do: "join", groupId: roomId })).toHaveProperty("group");
      newer.page.socket.terminate();
      await until(async () => {
        const { page, answer } = await logIn(urls[0], first);
        page.socket.terminate();
        return answer.code === undefined;
      });
      expect(two.lines.filter(({ level }) => level === 50)).toEqual([]);
    });
  });

  test("a server without pages removes notices when it renews its lease", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
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
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
      onTestFinished(() => void vi.useRealTimers());
      const clock = stoppedClock();
      const url = (await schemas().open()).url;
      const writes = heldWrites();
      await using paused = await openMember(url, {
        now: clock.now,
        change: writes.change,
        config: { apps: APPS },
      });
      await using cleaner = await openDoomed(url, clock.now);
      const { id: roomId } = await createRoom(paused, "e1");
      const at = await paused.listen();
      const token = await paused.token({ sub: "e1", role: "examinee" });
      using _page = await openPage(at, { token, userId: "e1", roomId });
      const devices = async () =>
        (await cleaner.as(TEACHER).room.presence({ roomId })).map((page) => page.devices);
      await expect.poll(devices).toEqual([1]);
      const [before] = await rowsOf(cleaner.db, pageClaims);

      const renewed = async (by: Date) =>
        (await rowsOf(cleaner.db, instances)).filter(({ leaseUntil }) => leaseUntil > by).length;
      /** Asks after the timers. A timer does nothing while what it began the last time is not done. */
      const later = <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
        vi.advanceTimersByTime(5_000);
        return ask();
      };
      writes.hold();
      clock.pass(25_000);
      vi.advanceTimersByTime(5_000);
      await expect.poll(() => renewed(new Date(clock.now().getTime() + 5_000))).toBe(1);
      // The other server renews its lease, claims the clean-up, makes the page leave, and fails.
      cleaner.failAfter(2);
      clock.pass(6_000);
      await expect.poll(() => later(devices)).toEqual([]);
      writes.release();
      await expect.poll(devices).toEqual([1]);
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
      expect(await devices()).toEqual([1]);
      expect(await rowsOf(cleaner.db, pageClaims)).toEqual([
        { ...before, instance: paused.services.instances.id },
      ]);
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

  describe("limits of all servers together", () => {
    test("let a login send a burst of 30 messages", async () => {
      const clock = stoppedClock();
      await using servers = await openPair((await schemas().open()).url, { now: clock.now });
      const { all } = servers;
      const { id: roomId } = await createRoom(all[0], "e1", "e2");
      const send = (sub: string, n: number) =>
        reasonOf(
          (all[n % 2] ?? all[0])
            .as({ sub, role: "examinee" })
            .im.send({ roomId, type: 30_001, data: n, key: `${sub} ${n}` }),
        );
      const burst = (sub: string, messages: number) =>
        Promise.all(Array.from({ length: messages }, (_, n) => send(sub, n)));
      expect(count(await burst("e1", 50))).toEqual(
        new Map([
          ["ok", 30],
          ["TOO_MANY_REQUESTS", 20],
        ]),
      );
      // Others have an allowance of their own, and this one gets ten messages a second.
      expect(await send("e2", 0)).toBe("ok");
      clock.pass(1_000);
      const later = await Promise.all(Array.from({ length: 30 }, (_, n) => send("e1", 100 + n)));
      expect(later.filter((reason) => reason === "ok")).toHaveLength(10);
    });

    test("let somebody fail five times to log in", async () => {
      const clock = stoppedClock();
      await using servers = await openPair((await schemas().open()).url, { now: clock.now });
      const { all } = servers;
      const password = "a long password";
      await all[0].as(ROOT).account.create({ userId: "clerk", role: "teacher", name: "C", password });
      const attempt = async (n: number, tried: string) => {
        const at = all[n % 2] ?? all[0];
        const { error } = await trpc(at).mutate("auth.login", { username: "clerk", password: tried });
        return error?.data.reason ?? "ok";
      };
      const reasons = await Promise.all(Array.from({ length: 20 }, (_, n) => attempt(n, "wrong password")));
      const refused = reasons.filter((reason) => reason === "TOO_MANY_REQUESTS");
      expect(reasons.filter((reason) => reason === "UNAUTHENTICATED")).toHaveLength(5);
      expect(refused).toHaveLength(15);
      expect([await attempt(0, password), await attempt(1, password)]).toEqual([
        "TOO_MANY_REQUESTS",
        "TOO_MANY_REQUESTS",
      ]);
      clock.pass(61_000);
      expect([await attempt(0, password), await attempt(1, password)]).toEqual(["ok", "ok"]);
    });
  });

  describe("a person who is erased", () => {
    test("leaves no trace by a message that another server still had to write", async () => {
      const clock = stoppedClock();
      const url = (await schemas().open()).url;
      await using one = await openMember(url, { now: clock.now });
      const { arrived, release, change } = heldGroups();
      await using two = await openMember(url, { now: clock.now, change });
      const { id: roomId, examId } = await createRoom(one, "e1", "e2");
      const sent = reasonOf(
        two.as({ sub: "e1", role: "examinee" }).im.send({ roomId, type: 30_001, data: "late" }),
      );
      // The other server has checked the sender's rights, and writes only after the erasure.
      await arrived;
      const remove = (userId: string) =>
        one.as(ROOT).participant.removeFromExam({ examId, userId, withRecords: true });
      await remove("e1");
      release();
      expect(await sent).toBe("ok");
      const logins = async () => (await rowsOf(one.db, sendRates)).map(({ login }) => login);
      expect(await logins()).toEqual(["e1"]);
      clock.pass(120_000);
      await remove("e2");
      expect(await logins()).toEqual([]);
      expect((await rowsOf(one.db, messages)).filter(({ senderId }) => senderId === "e1")).toEqual([]);
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
        vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
        onTestFinished(() => void vi.useRealTimers());
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
        vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
        onTestFinished(() => void vi.useRealTimers());
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
