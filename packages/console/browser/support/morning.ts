import { createHash } from "node:crypto";
import { streamOf } from "@invigil/schema";
import type { TestAppOptions } from "@invigil/server/testing";
import type { AppFixture, Served } from "./console.js";

const PUSH_DOMAIN = "push.example";
const KEY = "a key for the callback of tests";

/** Settings with which people come and go at once, and reports of streams are accepted. */
export const MORNING: TestAppOptions = {
  config: {
    presenceSettleSeconds: 0,
    streams: {
      domains: {
        pushDomain: PUSH_DOMAIN,
        pushKey: "push-key",
        pullDomain: "pull.example",
        pullKey: "pull-key",
      },
      app: "exam",
      ttlSeconds: 604_800,
      transcodeSuffix: "_240p",
    },
    streamCallbackKey: KEY,
    apps: { watchUrl: "https://watch.example/app/", examineeUrl: "https://sit.example/" },
  },
};

const FAMILY = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "欧阳"];
const GIVEN = ["芳", "伟", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "艳", "勇", "杰", "涛"];
const ENGLISH = ["Anna Smith", "James O'Neill", "Priya Raghunathan", "Tomás García", "Li Wei", "Wang Fang"];

/** A plausible name for each number. */
const nameOf = (n: number): string =>
  n % 5 === 4
    ? `${ENGLISH[n % ENGLISH.length]}${n >= 60 ? ` ${n}` : ""}`
    : `${FAMILY[(n * 7) % FAMILY.length]}${GIVEN[(n * 11 + (n >> 3)) % GIVEN.length]}`;

type Camera = "main" | "pc";

export interface Candidate {
  readonly userId: string;
  readonly name: string;
  readonly roomId: string;
}

/** An exam under way, whose people a test lets come and go. */
export interface Morning extends AsyncDisposable {
  readonly examId: string;
  readonly rooms: readonly { readonly id: string; readonly name: string }[];
  readonly candidates: readonly Candidate[];
  /** Opens a page. Several pages of one camera are several devices. */
  readonly come: (
    who: Pick<Candidate, "userId" | "roomId">,
    camera?: Camera,
    role?: "teacher",
  ) => Promise<void>;
  /** Closes all pages of a person. */
  readonly leave: (who: Pick<Candidate, "userId">) => Promise<void>;
  readonly publish: (who: Candidate, camera?: Camera) => Promise<unknown>;
  readonly stop: (who: Candidate, camera?: Camera) => Promise<unknown>;
  readonly detect: (who: Candidate, times?: number) => Promise<unknown>;
}

export interface MorningOptions {
  readonly name?: string;
  readonly rooms: number;
  readonly perRoom: number;
  /** Default: `Hall A 1`, `Hall A 2`, … with ten rooms to a hall. */
  readonly roomName?: (n: number) => string;
  readonly personName?: (n: number) => string;
  /** When it began, before now, in minutes. Default: 18. */
  readonly sinceMinutes?: number;
}

const HALLS = "ABCDEFGHJKLMNPQRSTUVWXYZ";

/** Makes an exam of the teacher, in which no person is there yet. */
export const openMorning = async (
  { app, teacher, admin }: Pick<AppFixture<Served>, "app" | "teacher" | "admin">,
  {
    name = "Mathematics A",
    rooms: roomCount,
    perRoom,
    roomName = (n) => `Hall ${HALLS[Math.floor(n / 10) % HALLS.length]} ${(n % 10) + 1}`,
    personName = nameOf,
    sinceMinutes = 18,
  }: MorningOptions,
): Promise<Morning> => {
  const now = Date.now();
  const { id: examId } = await teacher.exam.create({
    name,
    startTime: new Date(now - sinceMinutes * 60_000),
    endTime: new Date(now + 72 * 60_000),
  });
  const rooms: { id: string; name: string }[] = [];
  const candidates: Candidate[] = [];
  for (let n = 0; n < roomCount; n += 1) {
    const people = Array.from({ length: perRoom }, (_, index) => {
      const number = n * perRoom + index;
      return {
        userId: `2026${String(number).padStart(4, "0")}`,
        name: personName(number),
        role: "examinee" as const,
      };
    });
    const room = await teacher.room.create({ name: roomName(n), examId, participants: people });
    rooms.push({ id: room.id, name: room.name });
    candidates.push(...people.map(({ userId, name }) => ({ userId, name, roomId: room.id })));
  }

  const pages = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }[]>();
  const come: Morning["come"] = async ({ userId, roomId }, camera = "main", role) => {
    const abort = new AbortController();
    const caller = app.as({ sub: userId, role: role ?? "examinee" }, { signal: abort.signal });
    const events = await caller.room.onEvent({ roomId, camera });
    const iterator = events[Symbol.asyncIterator]();
    const listen = async () => {
      try {
        while (!(await iterator.next()).done);
      } catch {
        // The page was removed, or its room has ended.
      }
    };
    pages.set(userId, [...(pages.get(userId) ?? []), { abort, ended: listen() }]);
  };
  const leave: Morning["leave"] = async ({ userId }) => {
    const open = pages.get(userId) ?? [];
    pages.delete(userId);
    for (const { abort } of open) abort.abort();
    await Promise.all(open.map(({ ended }) => ended));
  };
  let reports = Math.floor(now / 1000) - 600;
  const report = ({ userId, roomId }: Candidate, camera: Camera, action: "publish" | "publish_done") => {
    const timestamp = String(Math.floor(Date.now() / 1000));
    reports += 1;
    return admin.stream.report({
      action,
      id: streamOf(`${examId}-${roomId}-${userId}`, camera),
      app: PUSH_DOMAIN,
      appname: "exam",
      time: reports,
      ip: "203.0.113.7",
      node: "node1",
      timestamp,
      signature: createHash("md5").update(`${PUSH_DOMAIN}|${timestamp}|${KEY}`).digest("hex"),
    });
  };
  return {
    examId,
    rooms,
    candidates,
    come,
    leave,
    publish: (who, camera = "main") => report(who, camera, "publish"),
    stop: (who, camera = "main") => report(who, camera, "publish_done"),
    detect: ({ userId, roomId }, times = 1) =>
      admin.cheat.addRecords({
        roomId,
        records: Array.from({ length: times }, () => ({
          userId,
          isMainMonitor: true,
          detectTime: new Date(),
          detectType: "watch",
          extraInfo: {},
        })),
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all([...pages.keys()].map((userId) => leave({ userId })));
    },
  };
};
