import { and, eq, inArray } from "drizzle-orm";
import { callInProcess } from "../../src/app/in-process.js";
import type { TestApp } from "../../src/app/testing.js";
import { callerOf } from "../../src/demo/callers.js";
import { seededRandom } from "../../src/demo/exam/random.js";
import { starterLibrary } from "../../src/demo/library.js";
import { query } from "../../src/storage/statement.js";
import { examMinutes, pageTimes, participants, presence } from "../../src/storage/tables.js";
import { type DemoWorld, openDemo } from "./demo.js";
import { limited } from "./limits.js";
import { change, insertRows, rowsOf } from "./tables.js";

// An exam on a morning, for pictures: everything is the same each time.

/** The exam of the demo under way, one with 5,000 candidates, and others before and after them. */
export interface PicturesFixture extends DemoWorld, Pick<TestApp, "as" | "listen"> {
  /** The exam of the demo, in which a hall has just lost its network. */
  readonly examId: string;
  /** Its first hall, with somebody whom the detectors see again and again. */
  readonly roomId: string;
  readonly flaggedId: string;
  readonly largeId: string;
  /** An exam of tomorrow, whose rooms are not planned. */
  readonly tomorrowId: string;
}

const SEED = 23;
/** Half a minute after the second hall has lost its network. */
const UNTIL = 528;
const MINUTE = 60_000;
const ADMIN = { sub: "admin", role: "admin", name: "Demo" } as const;

const SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗".split("");
const GIVEN = "芳,伟,敏,静,丽娟,强,磊,洋,艳,勇,军,杰,娜,涛,明轩,思琪,子涵,浩然,雨桐,欣怡".split(",");
const WESTERN = [
  "Emma Clarke",
  "Liam O'Connor",
  "Sophia Müller",
  "Noah Williams",
  "Priya Raman",
  "Lucas García",
];

const SIZE = 5000;
const ROOM_SIZE = 30;

const base64 = (text: string): string => Buffer.from(text).toString("base64");

const rosterOf = (size: number, seed: number): string => {
  const random = seededRandom(seed);
  const one = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)];
  const people = Array.from({ length: size }, (_, n) => [
    `2026${String(n + 1).padStart(5, "0")}`,
    n % 17 === 16 ? one(WESTERN) : `${one(SURNAMES)}${one(GIVEN)}`,
    "examinee",
    n % 250 === 7 ? 30 : "",
  ]);
  const teachers = Array.from({ length: Math.ceil(size / ROOM_SIZE) }, (_, n) => [
    `t${String(n + 1).padStart(3, "0")}`,
    `${one(SURNAMES)}${one(GIVEN)}`,
    "teacher",
    "",
  ]);
  return [["id", "name", "role", "extra minutes"], ...people, ...teachers]
    .map((row) => row.join(","))
    .join("\n");
};

type Fate = "here" | "gone" | "absent" | "dark" | "twice";

const fateOf = (chance: number, isCutOff: boolean): Fate => {
  if (isCutOff && chance > 0.2) return "gone";
  if (chance < 0.01) return "absent";
  if (chance < 0.0112) return "gone";
  if (chance < 0.0125) return "dark";
  return chance < 0.013 ? "twice" : "here";
};

/** Lets the people of an exam be where they are on a morning: one room without network, a few who are late, a few dark cameras. */
const seatEverybody = async (
  { db }: Pick<DemoWorld, "db">,
  { examId, now }: { examId: string; now: Date },
): Promise<void> => {
  const random = seededRandom(SEED);
  const ago = (minutes: number): Date => new Date(now.getTime() - Math.round(minutes * 60) * 1000);
  const people = (await rowsOf(db, participants)).filter((person) => person.examId === examId);
  const rooms = [...new Set(people.map(({ roomId }) => roomId))];
  const cutOff = rooms[76];
  const fates = people.map((person) => {
    const chance = random();
    const since = ago(14 + random() * 16);
    const isStaff = person.role !== "examinee";
    const at = person.roomId === cutOff ? ago(3 + random() / 20) : ago(1 + random() * 9);
    return { ...person, fate: isStaff ? "here" : fateOf(chance, person.roomId === cutOff), since, at };
  });
  const those = (...wanted: readonly Fate[]) => fates.filter(({ fate }) => wanted.includes(fate));
  await insertRows(
    db,
    presence,
    those("here", "dark", "twice").map(({ roomId, userId, role, since, fate }) => ({
      examId,
      roomId,
      userId,
      camera: "main" as const,
      role,
      since,
      devices: fate === "twice" ? 2 : 1,
    })),
  );
  const candidates = fates.filter(({ role, fate }) => role === "examinee" && fate !== "absent");
  await insertRows(
    db,
    pageTimes,
    candidates.map(({ roomId, userId, fate, since, at }) => ({
      examId,
      roomId,
      userId,
      camera: "main" as const,
      leftAt: fate === "gone" ? at : null,
      status: fate === "here" || fate === "twice" ? ("publishing" as const) : ("stopped" as const),
      statusSince: fate === "here" || fate === "twice" ? since : at,
    })),
  );
  const statusOf = async (status: "publishing" | "stopped", ...wanted: readonly Fate[]): Promise<void> => {
    const ids = candidates.filter(({ fate }) => wanted.includes(fate)).map(({ userId }) => userId);
    const isTheirs = and(eq(participants.examId, examId), inArray(participants.userId, ids));
    await change(db, query.update(participants).set({ mainPublishStatus: status }).where(isTheirs));
  };
  await statusOf("publishing", "here", "twice");
  await statusOf("stopped", "gone", "dark");

  const here = those("here", "dark", "twice").filter(({ role }) => role === "examinee").length;
  const lasts = 23;
  await insertRows(
    db,
    examMinutes,
    Array.from({ length: lasts }, (_, n) => {
      const came = Math.min(1, 1.02 - Math.exp(-(n + 2) / 4));
      const present = Math.round((n > lasts - 5 ? here : here + 28) * came);
      return {
        examId,
        minute: new Date(Math.floor(now.getTime() / MINUTE) * MINUTE - (lasts - n) * MINUTE),
        present,
        publishing: Math.round(present * (0.9 + came / 11)),
        detections: Math.round(came * (14 + random() * 18)),
        rooms: rooms.length,
        lastRecordId: 0,
      };
    }),
  );
};

/** Lets the detectors see something in some rooms of an exam. */
const detectSome = async (
  admin: ReturnType<TestApp["as"]>,
  { db, clock }: Pick<DemoWorld, "db" | "clock">,
  examId: string,
): Promise<void> => {
  const random = seededRandom(SEED);
  const candidates = (await rowsOf(db, participants)).filter(
    (person) =>
      person.examId === examId && person.role === "examinee" && person.mainPublishStatus === "publishing",
  );
  for (const { roomId, userId } of candidates.filter((_, n) => n % 420 === 33)) {
    const records = Array.from({ length: 1 + Math.floor(random() * 7) }, () => ({
      userId,
      isMainMonitor: true,
      detectType: random() < 0.6 ? "cellPhone" : "actionHeadUpDown",
      detectTime: new Date(clock().getTime() - Math.round(random() * 500) * 1000),
    }));
    await admin.cheat.addRecords({ roomId, records });
  }
};

export const openPicturesFixture = async (): Promise<PicturesFixture> => {
  const demo = await openDemo({
    seed: SEED,
    config: {
      ...limited({ INVIGIL_LIMIT_READS: "person=1000000", INVIGIL_LIMIT_READ_ROWS: "person=1000000000" }),
      publicUrl: "https://exam.school.example",
      apps: { watchUrl: "https://watch.school.example/", examineeUrl: "https://sit.school.example/" },
    },
  });
  const { services, clock } = demo;
  // Only full minutes count, and each is written when it ends.
  await services.seriesRecorder.stop();
  const as: TestApp["as"] = (caller, { signal, ttlSeconds } = {}) =>
    callInProcess(demo.router, services, (seconds) => demo.token(caller, seconds), {
      clock,
      ttlSeconds,
      signal,
    });
  const admin = as(ADMIN);
  await starterLibrary(services.audio, callerOf({ userId: ADMIN.sub, role: ADMIN.role, name: ADMIN.name }));

  const begin = clock().getTime();
  const examAt = async (name: string, fromMinutes: number, minutes: number): Promise<string> => {
    const startTime = new Date(begin + fromMinutes * MINUTE);
    const { id } = await admin.exam.create({
      name,
      startTime,
      endTime: new Date(startTime.getTime() + minutes * MINUTE),
    });
    return id;
  };
  await examAt("大学英语四级模拟 · English, mock exam", -48 * 60, 120);
  await examAt("Physics B", -24 * 60, 150);
  const largeId = await examAt("Mathematics A · 数学 A 卷", -15, 150);
  const tomorrowId = await examAt("Chemistry, resit", 24 * 60 - 60, 120);
  await examAt("线性代数期末考试", 28 * 60, 120);

  await admin.participant.import({ examId: tomorrowId, file: base64(rosterOf(64, SEED + 1)) });

  const round = await demo.beginRound();
  for (let second = 45; second < UNTIL; second += 1) {
    await round.playTo(second);
    if (second % 60 === 0 || second === 45) await services.seriesRecorder.recordMinute();
  }
  await round.playTo(UNTIL);
  // Afterwards, so that its minutes are those below.
  await admin.participant.import({ examId: largeId, file: base64(rosterOf(SIZE, SEED)) });
  await admin.exam.plan({ examId: largeId, roomSize: ROOM_SIZE, roomName: "Room {n}" });
  await seatEverybody(demo, { examId: largeId, now: clock() });
  await detectSome(admin, demo, largeId);

  const { rooms } = await admin.room.list({ examId: round.examId });
  const fixture = rooms.find(({ name }) => name.startsWith("A"));
  if (!fixture) throw new Error("the exam of the demo has no first hall");
  const { people } = await admin.exam.people({ examId: round.examId });
  const flagged = people.find(({ name }) => name === "刘洋");
  return {
    ...demo,
    as,
    listen: () => demo.app.listen({ host: "127.0.0.1", port: 0 }),
    examId: round.examId,
    roomId: fixture.id,
    flaggedId: flagged?.userId ?? "",
    largeId,
    tomorrowId,
    async [Symbol.asyncDispose]() {
      round.leave();
      await demo[Symbol.asyncDispose]();
    },
  };
};
