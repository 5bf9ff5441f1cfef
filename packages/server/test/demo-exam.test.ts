import { examEntriesInput, examPeopleInput, listHandsInput, terminateAttemptsInput } from "@invigil/schema";
import { getTableName } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { callerOf } from "../src/demo/callers.js";
import { CANDIDATES } from "../src/demo/exam/cast.js";
import { ROUND_SECONDS, writeScript } from "../src/demo/exam/script.js";
import { TABLES } from "../src/storage/inventory.js";
import { roomEvents } from "../src/storage/tables.js";
import { type DemoWorld, openDemo } from "./support/demo.js";
import { countRows } from "./support/tables.js";

describe("a script", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(writeScript(7)).toEqual(writeScript(7));
    expect(writeScript(7)).not.toEqual(writeScript(8));
  });
  it("shows everything within its first minute", () => {
    const first = writeScript(7).filter(({ at }) => at < 50);
    expect(new Set(first.map(({ does }) => does))).toEqual(
      new Set([
        "connect",
        "disconnect",
        "publish",
        "stop",
        "detect",
        "write",
        "tell",
        "raiseHand",
        "answerHand",
        "decide",
      ]),
    );
    const came = new Set(first.flatMap((act) => (act.does === "connect" ? [act.candidate] : [])));
    expect(came.size).toBeGreaterThan(50);
    expect(came.size).toBeLessThan(CANDIDATES.length);
  });
  it.each([1, 2, 3])("%i lets nobody connect twice but the one with two devices", (seed) => {
    const devices = new Map<string, number>();
    let most = 0;
    for (const act of writeScript(seed)) {
      if (act.does === "connect") {
        const page = `${act.candidate} ${act.camera}`;
        devices.set(page, (devices.get(page) ?? 0) + 1);
        if (act.candidate !== 44) most = Math.max(most, devices.get(page) ?? 0);
      }
      if (act.does === "disconnect")
        for (const camera of ["main", "pc"]) devices.set(`${act.candidate} ${camera}`, 0);
    }
    expect(most).toBe(1);
  });
  it("goes on to its end", () => {
    expect(writeScript(7).at(-1)?.at).toBeGreaterThan(ROUND_SECONDS - 120);
  });
});

const ADMIN = callerOf({ userId: "newcomer", role: "admin", name: "Newcomer" });
const idOf = (name: string): string => {
  const found = CANDIDATES.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`nobody is called ${name}`);
  return found.userId;
};

const roomIn = ({ access }: DemoWorld["services"], roomId: string) => access.open(ADMIN, "room", { roomId });
const roomToRun = ({ access }: DemoWorld["services"], roomId: string) =>
  access.open(ADMIN, "roomToRun", { roomId });
const moveIn = async (
  { access, participant }: DemoWorld["services"],
  move: Parameters<DemoWorld["services"]["participant"]["move"]>[2],
) => participant.move(ADMIN, await access.open(ADMIN, "roomToRun", { roomId: move.roomId }), move);
const roomsOf = async ({ access, room }: DemoWorld["services"], examId: string) =>
  (await room.list(ADMIN, await access.open(ADMIN, "ownRooms"), { examId, pageSize: 10 })).rooms;
/** Looks at an exam, as the console does. */
const visit = ({ services: { access } }: DemoWorld, examId: string) => access.open(ADMIN, "exam", { examId });

/** What an administrator sees of an exam. */
const look = async ({ services }: DemoWorld, examId: string) => {
  const rooms = await roomsOf(services, examId);
  return Promise.all(
    rooms
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .map(async (room) => {
        const opened = await roomIn(services, room.id);
        const { messages } = await services.im.history(ADMIN, opened, {
          roomId: room.id,
          camera: "main",
          pageSize: 100,
        });
        return {
          room,
          presence: await services.presence.ofRoom(room.id),
          candidates: await services.participant.list(ADMIN, opened, "examinee"),
          records: (await services.cheat.listRecords(ADMIN, opened, { roomId: room.id, pageSize: 100 }))
            .records,
          written: messages.filter(({ sender }) => sender.role !== "server"),
        };
      }),
  );
};
type Seen = Awaited<ReturnType<typeof look>>[number];
const isHere = ({ presence }: Seen, userId: string): boolean =>
  presence.some((page) => page.userId === userId && page.camera === "main");
const candidatesHere = (seen: Seen): number =>
  seen.candidates.filter(({ userId }) => isHere(seen, userId)).length;

describe("a round", () => {
  it("shows within a minute what the console shows: who is there, late, cut off, dark, detected, twice and writing", async () => {
    await using demo = await openDemo();
    const { examId, playTo } = await demo.beginRound();
    await playTo(40);
    const [hallA, hallB, home] = await look(demo, examId);
    if (!hallA || !hallB || !home) throw new Error("the exam has three rooms");
    expect([hallA, hallB, home].map(({ candidates }) => candidates.length)).toEqual([20, 20, 20]);
    // One hall has lost its network.
    expect(candidatesHere(hallB)).toBeLessThan(12);
    expect(candidatesHere(hallA)).toBeGreaterThan(15);
    for (const { presence } of [hallA, hallB, home])
      expect(presence.map(({ role }) => role)).toEqual(expect.arrayContaining(["teacher", "inspector"]));
    const dark = hallA.candidates.find(({ name }) => name === "王芳");
    expect(dark?.publishStatus.main).toBe("stopped");
    expect(isHere(hallA, idOf("王芳"))).toBe(true);
    expect(hallA.records.map(({ userId }) => userId)).toEqual(Array(3).fill(idOf("刘洋")));
    expect(home.presence.filter(({ devices }) => devices > 1).map(({ userId }) => userId)).toEqual([
      idOf("傅天宇"),
    ]);
    expect(hallA.written.map(({ sender }) => sender.userId)).toContain(idOf("陈静"));

    await playTo(100);
    const [, after] = await look(demo, examId);
    expect(after && candidatesHere(after)).toBeGreaterThan(16);
    expect(demo.warnings).toEqual([]);
  });

  /** What an administrator sees of raised hands, attempts and their history, by name. */
  const lookAtControl = async (demo: DemoWorld, examId: string) => {
    const { services } = demo;
    const { hands } = await services.hand.list(
      await visit(demo, examId),
      listHandsInput.parse({ examId, pageSize: 100 }),
    );
    const rooms = await services.access.open(ADMIN, "roomsToRun", { examId });
    const { people } = await services.roster.people(ADMIN, rooms, examPeopleInput.parse({ examId }));
    const nameOf = (userId: string | undefined) => people.find((person) => person.userId === userId)?.name;
    const { entries } = await services.entry.entries(ADMIN, rooms, examEntriesInput.parse({ examId }));
    return {
      hands: new Map(hands.map((hand) => [nameOf(hand.userId), hand])),
      attempts: new Map(people.flatMap(({ name, attempt }) => (attempt ? [[name, attempt]] : []))),
      cameras: new Map(people.map(({ name, publishStatus }) => [name, publishStatus.main])),
      entries: entries.map((entry) => `${nameOf(entry.userId)}: ${entry.kind}`),
      isHere: async (name: string) => (await look(demo, examId)).some((seen) => isHere(seen, idOf(name))),
    };
  };

  it("shows within a minute raised hands and decisions, and their ends a little later", async () => {
    await using demo = await openDemo();
    const { examId, playTo } = await demo.beginRound();
    await playTo(60);
    const first = await lookAtControl(demo, examId);
    expect(first.hands.get("李伟")).toMatchObject({ status: "taken", takenBy: "t-chen-shuhua" });
    expect(first.hands.get("Mia Thompson")).toMatchObject({ kind: "break", status: "granted" });
    expect(first.attempts.get("沈嘉怡")).toMatchObject({ status: "paused", givesBack: true });
    expect(first.attempts.get("Noah Williams")).toMatchObject({ status: "terminated" });
    expect(first.attempts.get("Olivia Brown")).toMatchObject({ status: "running", extendedMinutes: 2 });
    expect(await first.isHere("Olivia Brown")).toBe(true);
    expect(first.entries).toEqual(["Olivia Brown: extend", "Noah Williams: terminate", "沈嘉怡: pause"]);
    /** Plays on until it is so, but not until anything else happens to the person. */
    const untilHere = async (name: string, wanted: boolean, from: number, to: number) => {
      let second = from;
      await vi.waitFor(
        async () => {
          second = Math.min(second + 1, to);
          await playTo(second);
          expect(await first.isHere(name)).toBe(wanted);
        },
        { interval: 1, timeout: 60_000 },
      );
    };
    await untilHere("Noah Williams", false, 60, 160);
    await playTo(169);
    expect((await lookAtControl(demo, examId)).cameras.get("Noah Williams")).toBe("stopped");
    await untilHere("Noah Williams", true, 170, 235);
    const later = await lookAtControl(demo, examId);
    expect(later.hands.get("李伟")).toMatchObject({ status: "resolved", note: expect.any(String) });
    expect(later.hands.get("Mia Thompson")).toMatchObject({ status: "resolved" });
    expect(later.attempts.get("沈嘉怡")).toMatchObject({ status: "running", pausedMs: 78_000 });
    expect(later.attempts.get("Noah Williams")).toMatchObject({ status: "running", pausedMs: 123_000 });
    expect(later.entries.slice(0, 2)).toEqual(["Noah Williams: reopen", "沈嘉怡: resume"]);
    expect(demo.warnings).toEqual([]);
  });

  it("leaves to a user what they have taken care of first", async () => {
    await using demo = await openDemo();
    const { services } = demo;
    const { examId, playTo } = await demo.beginRound();
    await playTo(30);
    const [hallA, , home] = await look(demo, examId);
    if (!hallA || !home) throw new Error("the exam has three rooms");
    const before = await lookAtControl(demo, examId);
    const hand = before.hands.get("李伟");
    const hallOfHand = await roomIn(services, hallA.room.id);
    await services.hand.answer(ADMIN, hallOfHand, {
      roomId: hallA.room.id,
      handId: hand?.id ?? 0,
      action: "take",
    });
    const roomId = home.room.id;
    const terminate = terminateAttemptsInput.parse({
      roomId,
      userIds: [idOf("沈嘉怡")],
      reason: { code: "other" },
      key: "first",
    });
    await services.attempt.terminate(ADMIN, await roomToRun(services, roomId), terminate);
    await playTo(120);
    const after = await lookAtControl(demo, examId);
    expect(after.hands.get("李伟")).toMatchObject({ status: "taken", takenBy: ADMIN.userId });
    expect(after.attempts.get("沈嘉怡")).toMatchObject({ status: "terminated" });
    expect(await after.isHere("沈嘉怡")).toBe(false);
    expect(demo.warnings).toEqual([]);
  });

  it("is the same for the same seed", async () => {
    const play = async () => {
      await using demo = await openDemo({ seed: 5 });
      const { examId, playTo } = await demo.beginRound();
      await playTo(45);
      const seen = await look(demo, examId);
      return seen.map(({ presence, candidates, records, written }) => ({
        presence,
        status: candidates.map(({ userId, publishStatus }) => ({ userId, publishStatus })),
        records: records.map(({ userId, detectType, detectTime, extraInfo }) => ({
          userId,
          detectType,
          detectTime,
          extraInfo,
        })),
        written: written.map(({ sender, data, time }) => ({ sender, data, time })),
      }));
    };
    const played = await play();
    expect(played[0]?.presence.length).toBeGreaterThan(20);
    expect(await play()).toEqual(played);
  });

  it("reacts: candidates answer messages and commands, leave a room that ends, come back to it, and move", async () => {
    await using demo = await openDemo();
    const { services } = demo;
    const { examId, playTo } = await demo.beginRound();
    await playTo(20);
    const [hallA, , home] = await look(demo, examId);
    if (!hallA || !home) throw new Error("the exam has three rooms");
    const roomId = hallA.room.id;
    const zhang = idOf("张敏");
    const open = (id: string) => roomIn(services, id);
    const send = async (type: number, data: object, to?: string[]) => {
      const message = { roomId, type, text: JSON.stringify(data), to, camera: "main" as const };
      return services.im.send(ADMIN, await open(roomId), message);
    };
    await send(30_001, { text: "请调整摄像头。" }, [zhang]);
    await send(20_011, { sid: "clip", receiverIdList: [zhang, `pc_${zhang}`] }, [zhang, `pc_${zhang}`]);
    const move = { roomId, userId: idOf("杨帆"), toRoomId: home.room.id };
    await moveIn(services, move);
    await services.room.end(ADMIN, await open(home.room.id));
    let second = 20;
    await vi.waitFor(
      async () => {
        second += 1;
        await playTo(second);
        const [a, , atHome] = await look(demo, examId);
        const from = a?.written.filter(({ sender }) => sender.userId === zhang).map(({ type }) => type);
        expect(from).toEqual(expect.arrayContaining([20_012, 30_001]));
        expect(atHome && candidatesHere(atHome)).toBe(0);
      },
      { interval: 1, timeout: 60_000 },
    );
    await services.room.reopen(ADMIN, await open(home.room.id));
    await vi.waitFor(
      async () => {
        second += 1;
        await playTo(second);
        const [, , atHome] = await look(demo, examId);
        expect(atHome && candidatesHere(atHome)).toBeGreaterThan(15);
        expect(atHome && isHere(atHome, idOf("杨帆"))).toBe(true);
      },
      { interval: 1, timeout: 60_000 },
    );
    expect(demo.warnings).toEqual([]);
  });
});

/** Lets a number of seconds pass, one by one. */
const run = async ({ show, pass }: DemoWorld, seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    pass(1);
    await show.tick();
  }
};
const examsOf = async ({ services }: DemoWorld) =>
  (
    await services.exam.list(ADMIN, await services.access.open(ADMIN, "ownExams"), {
      pageSize: 100,
      withCounts: false,
    })
  ).exams;
/** The number of events, once no more come. */
const eventsIn = ({ db }: DemoWorld): Promise<number> => {
  let last = -1;
  return vi.waitFor(
    async () => {
      await db.written();
      const before = last;
      last = await countRows(db, roomEvents);
      expect(last).toBe(before);
      return last;
    },
    { interval: 10, timeout: 60_000 },
  );
};

/** Listens to an exam as the console does, until `end` is called. */
const watch = async ({ services }: DemoWorld, examId: string) => {
  const end = new AbortController();
  const heard: string[] = [];
  const events = await services.subscriptions.subscribeToExam(
    { caller: ADMIN, reopen: async (...of) => services.access.look(ADMIN, ...of), signal: end.signal },
    await services.access.look(ADMIN, "exam", { examId }),
  );
  const listening = (async () => {
    for await (const { type } of events) heard.push(type);
  })();
  await expect.poll(() => services.subscriptions.countOf(examId)).toBeGreaterThan(0);
  return {
    heard,
    async end() {
      const listeners = services.subscriptions.countOf(examId);
      end.abort();
      await listening.catch(() => undefined);
      await expect.poll(() => services.subscriptions.countOf(examId)).toBeLessThan(listeners);
    },
  };
};

describe("the exam of the demo", () => {
  it("moves only while somebody listens to it, or has looked at it in the last minute", async () => {
    await using demo = await openDemo();
    await demo.show.tick();
    const [exam] = await examsOf(demo);
    if (!exam) throw new Error("there is an exam");
    const before = await eventsIn(demo);
    await run(demo, 90);
    expect(await eventsIn(demo)).toBe(before);

    await visit(demo, exam.id);
    await run(demo, 5);
    const afterLook = await eventsIn(demo);
    expect(afterLook).toBeGreaterThan(before);
    await run(demo, 60);
    const still = await eventsIn(demo);
    await run(demo, 60);
    expect(await eventsIn(demo)).toBe(still);

    const watcher = await watch(demo, exam.id);
    await run(demo, 90);
    const watched = await eventsIn(demo);
    expect(watched).toBeGreaterThan(still);
    await watcher.end();
    await run(demo, 61);
    const left = await eventsIn(demo);
    await run(demo, 60);
    expect(await eventsIn(demo)).toBe(left);
    await demo.show.stop();
    expect(demo.warnings).toEqual([]);
  });

  it("begins anew after an hour while somebody watches, who keeps what they see until they leave", async () => {
    await using demo = await openDemo();
    await demo.show.tick();
    const [first] = await examsOf(demo);
    if (!first) throw new Error("there is an exam");
    expect(first.startTime < demo.clock() && demo.clock() < first.endTime).toBe(true);
    const watcher = await watch(demo, first.id);
    await run(demo, 30);
    demo.pass(ROUND_SECONDS);
    await run(demo, 2);
    await expect.poll(() => watcher.heard.filter((type) => type === "room_ended")).toHaveLength(3);
    const both = await examsOf(demo);
    expect(both.map(({ id }) => id)).toContain(first.id);
    expect(both).toHaveLength(2);
    await vi.waitFor(
      async () => {
        for (const { presence } of await look(demo, first.id)) expect(presence).toEqual([]);
      },
      { timeout: 60_000 },
    );
    const [next] = both.filter(({ id }) => id !== first.id);
    expect(next && next.startTime < demo.clock() && demo.clock() < next.endTime).toBe(true);

    await watcher.end();
    await run(demo, 61);
    expect(await examsOf(demo)).toEqual([next]);
    await demo.show.stop();
    expect(await examsOf(demo)).toEqual([]);
    expect(demo.warnings).toEqual([]);
  });

  it.each([
    {
      how: "ended its rooms",
      end: async ({ services }: DemoWorld, examId: string) => {
        for (const { id } of await roomsOf(services, examId))
          await services.room.end(ADMIN, await roomIn(services, id));
      },
    },
    {
      how: "deleted it",
      end: async ({ services }: DemoWorld, examId: string) =>
        services.exam.delete(ADMIN, await services.access.open(ADMIN, "wholeExam", { examId }), {
          withRooms: true,
          withRecords: false,
          erase: "now",
        }),
    },
  ])("begins anew when somebody has $how and left", async ({ end }) => {
    await using demo = await openDemo();
    await demo.show.tick();
    const [exam] = await examsOf(demo);
    await visit(demo, exam?.id ?? "");
    await run(demo, 10);
    await end(demo, exam?.id ?? "");
    await vi.waitFor(
      async () => {
        await run(demo, 20);
        const exams = await examsOf(demo);
        expect(exams).toHaveLength(1);
        expect(exams[0]?.id).not.toBe(exam?.id);
      },
      { interval: 1, timeout: 60_000 },
    );
    await demo.show.stop();
    expect(demo.warnings).toEqual([]);
  });

  it("deletes what an earlier process left behind, and no exam of anybody else", async () => {
    await using demo = await openDemo();
    await demo.beginRound();
    const unbound = await demo.services.access.open(ADMIN, "unbound");
    const { id: own } = await demo.services.room.create(ADMIN, unbound, {
      name: "Mine",
      examId: undefined,
      imServer: undefined,
      participants: [],
    });
    const [mine, killed] = await examsOf(demo);
    await demo.show.start();
    const exams = await examsOf(demo);
    expect(exams).toHaveLength(2);
    expect(exams.map(({ id }) => id)).toContain(mine?.id);
    expect(exams.map(({ id }) => id)).not.toContain(killed?.id);
    await demo.show.stop();
    expect(await examsOf(demo)).toEqual([mine]);
    expect(await demo.services.room.get(ADMIN, await roomIn(demo.services, own))).toMatchObject({
      name: "Mine",
    });
  });

  /** Seats a visitor, who must get a seat. */
  const sit = async ({ show }: DemoWorld) => (await show.seatVisitor()) ?? expect.fail("no seat");

  it("seats one more candidate beside the drawn ones, each time at the same place, and plays at once", async () => {
    await using demo = await openDemo();
    await demo.show.tick();
    const [exam] = await examsOf(demo);
    const seat = await sit(demo);
    expect(await sit(demo)).toEqual(seat);
    const rooms = await look(demo, exam?.id ?? "");
    expect(rooms.map(({ candidates }) => candidates.length)).toEqual([20, 20, 21]);
    const [{ userId, roomId }] = [seat];
    expect(rooms.find(({ room }) => room.id === roomId)?.candidates.map((one) => one.userId)).toContain(
      userId,
    );
    expect(CANDIDATES.map((one) => one.userId)).not.toContain(userId);
    const { members } = await demo.services.subscriptions.roomSnapshot(
      ADMIN,
      await roomIn(demo.services, roomId),
    );
    const looked = members.filter(({ identity }) => identity?.status === "later");
    expect(looked.map((member) => member.userId)).toEqual([userId]);
    await run(demo, 10);
    const [hallA] = await look(demo, exam?.id ?? "");
    expect(hallA && candidatesHere(hallA)).toBeGreaterThan(5);
    const move = { roomId, userId, toRoomId: hallA?.room.id ?? "" };
    await moveIn(demo.services, move);
    expect(await sit(demo)).toMatchObject({ userId, roomId: move.toRoomId });
    expect(demo.warnings).toEqual([]);
  });

  it("seats the next candidate when the attempt of the one before is over, or their room has ended", async () => {
    await using demo = await openDemo();
    await demo.show.tick();
    const first = await sit(demo);
    const { services } = demo;
    await run(demo, 2);
    const terminate = terminateAttemptsInput.parse({
      roomId: first.roomId,
      userIds: [first.userId],
      reason: { code: "other" },
      answers: "save",
      key: "end",
    });
    await services.attempt.terminate(ADMIN, await roomToRun(services, first.roomId), terminate);
    const second = await sit(demo);
    expect(second).toMatchObject({ roomId: first.roomId });
    expect(second.userId).not.toBe(first.userId);
    expect(await sit(demo)).toEqual(second);
    await services.room.end(ADMIN, await roomIn(services, second.roomId));
    await vi.waitFor(
      async () => {
        const third = await sit(demo);
        expect(third.roomId).not.toBe(second.roomId);
      },
      { timeout: 60_000 },
    );
    expect(demo.warnings).toEqual([]);
  });

  it.each([
    ["its hour is over", async (demo: DemoWorld) => demo.pass(ROUND_SECONDS)],
    [
      "its rooms have ended",
      async (demo: DemoWorld) => {
        const [exam] = await examsOf(demo);
        for (const { id } of await roomsOf(demo.services, exam?.id ?? ""))
          await demo.services.room.end(ADMIN, await roomIn(demo.services, id));
      },
    ],
  ])("leads a candidate into the next round when %s", async (_, end) => {
    await using demo = await openDemo();
    await demo.show.tick();
    const [exam] = await examsOf(demo);
    const seat = await sit(demo);
    await run(demo, 2);
    await end(demo);
    await vi.waitFor(
      async () => {
        const next = await sit(demo);
        expect(next).toMatchObject({ userId: seat.userId });
        expect(next.roomId).not.toBe(seat.roomId);
      },
      { timeout: 60_000 },
    );
    const exams = await examsOf(demo);
    expect(exams.map(({ id }) => id)).toContain(exam?.id);
    expect(exams).toHaveLength(2);
    expect(demo.warnings).toEqual([]);
  });

  it("seats nobody after it was stopped", async () => {
    await using demo = await openDemo();
    await demo.show.tick();
    await demo.show.stop();
    expect(await demo.show.seatVisitor()).toBeUndefined();
    expect(await examsOf(demo)).toEqual([]);
  });

  it("leaves no rows behind, however many rounds there were", async () => {
    await using demo = await openDemo();
    const rows = async () =>
      Object.fromEntries(
        await Promise.all(
          TABLES.map(async (table) => [getTableName(table), await countRows(demo.db, table)] as const),
        ),
      );
    const { room_events: _, duties: __, ...before } = await rows();
    for (let round = 0; round < 8; round += 1) {
      await demo.show.tick();
      const [exam] = await examsOf(demo);
      if (!exam) throw new Error("there is an exam");
      await visit(demo, exam.id);
      await run(demo, 5);
      demo.pass(ROUND_SECONDS);
    }
    await demo.show.stop();
    // The log keeps events for a day, also of exams that were deleted, and its newest one for good.
    demo.pass(86_401);
    demo.services.subscriptions.start();
    await vi.waitFor(
      async () => {
        // What a server has to do has one row, which may come meanwhile.
        const { room_events: events = 0, duties: ___, ...others } = await rows();
        expect(others).toEqual(before);
        expect(events).toBeLessThan(2);
      },
      { timeout: 60_000, interval: 20 },
    );
    expect(demo.warnings).toEqual([]);
  });
});
