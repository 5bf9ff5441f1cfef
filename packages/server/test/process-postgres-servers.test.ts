import { describe, expect, it as test } from "vitest";
import { WHOLE_EXAM } from "../src/domain/events.js";
import { auditEntries, messages, roomEvents, sendRates } from "../src/storage/tables.js";
import type { AppFixtureOptions } from "./support/app-fixture.js";
import { endAndReopenBesideMoves } from "./support/beside-moves.js";
import { trpc } from "./support/calls.js";
import { imLogin, rawDropIn } from "./support/drop-in.js";
import { often } from "./support/effort.js";
import { APPS } from "./support/exams-fixture.js";
import { listenExam, listenPeople, listenRoom } from "./support/listening.js";
import { isPostgresMissing, openSchemasForTests } from "./support/postgres-schemas.js";
import { reasonOf } from "./support/reason.js";
import { type Member, openMember, openPair, openThree, stoppedClock, until } from "./support/servers.js";
import { shared } from "./support/shared.js";
import { rowsOf } from "./support/tables.js";
import {
  type Member as AnyMember,
  createRoom,
  openPage,
  ROOT,
  TEACHER,
  WAYS,
} from "./support/taken-rights.js";

// Several servers on one database of PostgreSQL are one installation.

const describePostgres = describe.skipIf(isPostgresMissing());

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

describePostgres("servers of one database", () => {
  const schemas = shared(openSchemasForTests);

  test("end and reopen attempts of people whom another server moves", async () => {
    await using servers = await openPair((await schemas().open()).url);
    const [one, other] = servers.all;
    await endAndReopenBesideMoves(one.db, [one.as, other.as]);
  });

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

    test("have one order for the listeners of all servers, while all of them write", async () => {
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
    });

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
});
