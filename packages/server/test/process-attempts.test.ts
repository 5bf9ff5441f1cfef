import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type Attempt,
  type AttemptAction,
  attemptAfter,
  type ExamEntry,
  endsAtOf,
  RUNNING,
} from "@invigil/schema";
import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTestApp, type TestApp, type TestCaller } from "../src/app/testing.js";
import { cases } from "./support/effort.js";
import { tempFolder } from "./support/folders.js";
import { isPostgresMissing, openSchemasForTests } from "./support/postgres-schemas.js";
import { type Server, serve, testEnv, tokenFor } from "./support/process.js";
import { reasonOf } from "./support/reason.js";
import { openMember } from "./support/servers.js";
import { shared } from "./support/shared.js";
import { slowWrites } from "./support/slow-writes.js";

// Decisions about attempts by several callers on several servers, and by one that is killed.

const MINUTE_MS = 60_000;
const ROOT: TestCaller = { sub: "root", role: "admin" };

// Random decisions.

type Speaker = Pick<TestApp, "as">;
interface Pair extends AsyncDisposable {
  readonly all: readonly [Speaker, Speaker];
}
interface Times {
  readonly now: () => Date;
  /** Limits of each minute do not matter here. */
  readonly monotonic: () => number;
}

/** The clock of the second server is ahead. */
const AHEAD_MS = 7_000;
const aheadOf = ({ now, ...times }: Times): Times => ({
  ...times,
  now: () => new Date(now().getTime() + AHEAD_MS),
});

const openOnSqlite = async (times: Times): Promise<Pair> => {
  const folder = tempFolder();
  const config = { databaseFile: join(folder.path, "invigil.db") };
  const one = await createTestApp({ ...times, config, seed: 1 });
  const other = await createTestApp({ ...aheadOf(times), config, seed: 2 });
  return {
    all: [one, other],
    async [Symbol.asyncDispose]() {
      await Promise.all([one.close(), other.close()]);
      folder[Symbol.dispose]();
    },
  };
};
const openOnPostgres = async (times: Times): Promise<Pair> => {
  const schemas = await openSchemasForTests();
  const { url } = await schemas.open();
  const [one, other] = [await openMember(url, times), await openMember(url, aheadOf(times))];
  return {
    all: [one, other],
    async [Symbol.asyncDispose]() {
      await Promise.all([one, other].map((member) => member[Symbol.asyncDispose]()));
      await schemas[Symbol.asyncDispose]();
    },
  };
};

const PEOPLE = ["e0", "e1", "e2"] as const;
const CALLERS: readonly TestCaller[] = [
  ROOT,
  { sub: "creator", role: "teacher" },
  { sub: "colleague", role: "teacher" },
];
const KINDS = [
  "pause",
  "resume",
  "extend",
  "terminate",
  "reopen",
  "finish",
  "endRoom",
  "reopenRoom",
  "move",
] as const;
const step = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...KINDS.slice(0, 5)) },
    { weight: 1, arbitrary: fc.constantFrom(...KINDS.slice(5)) },
  ),
  server: fc.nat(1),
  caller: fc.nat(CALLERS.length - 1),
  /** Empty: everybody in the room. */
  people: fc.subarray([...PEOPLE]),
  room: fc.nat(1),
  /** Few of them, so that some are repeated. */
  key: fc.nat(5),
  giveBack: fc.boolean(),
  minutes: fc.constantFrom(-90, -20, 5, 30, 400),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
/** Always accepted as the first step of an exam. */
const PAUSE_ALL: Step = {
  kind: "pause",
  server: 0,
  caller: 0,
  people: [],
  room: 0,
  key: 0,
  giveBack: true,
  minutes: 5,
};
/** The steps of a batch are taken at the same time. */
const batch = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 4 }), minutes: fc.nat(25) });

/** What a call may be refused with, depending on what happened before. */
const REFUSALS = [
  "ROOM_ENDED",
  "PARTICIPANT_NOT_FOUND",
  "PARTICIPANT_CONFLICT",
  "INVALID_INPUT",
  "FORBIDDEN",
];

const openExam = async ([one, other]: Pair["all"], now: Date) => {
  const times = {
    startTime: now,
    endTime: new Date(now.getTime() + 100 * MINUTE_MS),
  };
  const creator = one.as({ sub: "creator", role: "teacher" });
  const { id: examId } = await creator.exam.create({ name: "E", ...times, maxRoomMinutes: 60 });
  const staff = CALLERS.slice(1).map(({ sub }) => ({ userId: sub, name: sub, role: "teacher" as const }));
  const examinees = PEOPLE.map((userId, n) => ({
    userId,
    name: userId,
    role: "examinee" as const,
    extraMinutes: n * 10,
  }));
  const admin = one.as(ROOT);
  const first = await admin.room.create({ name: "1", examId, participants: [...staff, ...examinees] });
  const second = await admin.room.create({ name: "2", examId, participants: staff });
  const rooms = [first.id, second.id];
  /** A key and a person for each change that was answered. */
  const changed = new Set<string>();

  const take = async ({
    kind,
    server,
    caller,
    people,
    room,
    key,
    giveBack,
    minutes,
  }: Step): Promise<void> => {
    const at = server === 0 ? one : other;
    const [roomId = "", otherId = ""] = room === 0 ? rooms : rooms.toReversed();
    const [person = PEOPLE[0]] = people;
    const as = at.as(CALLERS[caller] ?? ROOT);
    const decision = {
      roomId,
      ...(people.length > 0 && { userIds: people }),
      reason: { code: "other" as const },
      key: `${key}`,
    };
    const decide = () => {
      switch (kind) {
        case "pause":
          return as.attempt.pause({ ...decision, giveBack });
        case "extend":
          return as.attempt.extend({ ...decision, minutes });
        case "resume":
        case "terminate":
        case "reopen":
          return as.attempt[kind](decision);
        case "finish":
          return at.as({ sub: person, role: "examinee" }).attempt.finish({ roomId });
        case "endRoom":
          return as.room.end({ roomId });
        case "reopenRoom":
          return at.as(ROOT).room.reopen({ roomId });
        case "move":
          return at.as(ROOT).participant.move({ roomId, userId: person, toRoomId: otherId });
      }
    };
    const asked = decide();
    const reason = await reasonOf(asked);
    if (reason !== "ok") {
      expect(REFUSALS).toContain(reason);
      return;
    }
    const answer = await asked;
    if (typeof answer === "object" && "people" in answer)
      for (const { userId, outcome } of answer.people)
        if (outcome === "changed") changed.add(`${key} ${userId}`);
  };

  /** All entries of the exam, the oldest first. */
  const entries = async (at: Speaker): Promise<ExamEntry[]> => {
    const found: ExamEntry[] = [];
    let cursor: number | undefined;
    do {
      const page = await at.as(ROOT).exam.entries({ examId, pageSize: 100, cursor });
      found.push(...page.entries);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return found.toReversed();
  };
  /** The attempts, as a server says. */
  const attempts = async (at: Speaker): Promise<Record<string, Attempt>> => {
    const { people } = await at.as(ROOT).exam.people({ examId });
    return Object.fromEntries(
      people.flatMap(({ role, userId, attempt }) =>
        role === "examinee" ? [[userId, attempt ?? RUNNING]] : [],
      ),
    );
  };
  /** The attempts, as people are told them: the last event about each person. */
  const told = async (at: Speaker): Promise<Record<string, Attempt>> => {
    const events: { readonly id: number; readonly userId: string; readonly attempt: Attempt }[] = [];
    for (const roomId of rooms) {
      let cursor: number | undefined;
      do {
        const page = await at.as(ROOT).room.listEvents({ roomId, pageSize: 100, cursor });
        for (const event of page.events) {
          if (event.type !== "attempt_changed") continue;
          const { id, type: _, roomId: __, time: ___, userId, role: ____, ...attempt } = event;
          events.push({ id: Number(id), userId, attempt });
        }
        cursor = page.nextCursor;
      } while (cursor !== undefined);
    }
    const inOrder = events.toSorted((one, next) => one.id - next.id);
    return {
      ...Object.fromEntries(PEOPLE.map((userId) => [userId, RUNNING])),
      ...Object.fromEntries(inOrder.map(({ userId, attempt }) => [userId, attempt])),
    };
  };
  const timesOf = (userId: (typeof PEOPLE)[number]) => ({
    ...times,
    extraMinutes: PEOPLE.indexOf(userId) * 10,
  });
  return { examId, take, entries, attempts, told, timesOf, changed };
};

const actionOf = ({ kind, giveBack = true, minutes = 0 }: ExamEntry): AttemptAction => {
  if (kind === "identity" || kind === "note" || kind === "consent" || kind === "times")
    throw new Error(`an entry of the kind ${kind} is no decision`);
  return kind === "pause" ? { kind, givesBack: giveBack } : kind === "extend" ? { kind, minutes } : { kind };
};

const ENGINES = [
  ["SQLite", { open: openOnSqlite, isMissing: false }],
  ["PostgreSQL", { open: openOnPostgres, isMissing: isPostgresMissing() }],
] as const;

describe.each(ENGINES)(
  "decisions of several callers on two servers of one database, on %s",
  (_, { open, isMissing }) => {
    if (isMissing) return it.skip("needs PostgreSQL", () => undefined);
    let now = Date.parse("2026-02-01T08:00:00Z");
    let minutes = 0;
    const pair = shared(() => open({ now: () => new Date(now), monotonic: () => minutes * MINUTE_MS }));

    return it("leave one state, which the history explains, and which is what people are told", async () => {
      const { all } = pair();
      let decided = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 10 }), async (batches) => {
          minutes += 2;
          const exam = await openExam(all, new Date(now));
          for (const { steps, minutes: passed } of batches) {
            await Promise.all(steps.map(exam.take));
            now += passed * MINUTE_MS;
            minutes += 2;
          }

          const [history, again] = await Promise.all(all.map(exam.entries));
          expect(again).toEqual(history);
          const replayed: Record<string, Attempt> = Object.fromEntries(
            PEOPLE.map((userId) => [userId, RUNNING]),
          );
          for (const entry of history ?? []) {
            const userId = PEOPLE.find((one) => one === entry.userId) ?? PEOPLE[0];
            const before = replayed[userId] ?? RUNNING;
            const after = attemptAfter(before, actionOf(entry), {
              exam: exam.timesOf(userId),
              now: entry.time,
            });
            // Each entry has changed something.
            expect([typeof after, after === before]).toEqual(["object", false]);
            if (typeof after === "object") replayed[userId] = after;
          }
          const own = (history ?? []).filter(({ kind, reason }) => kind !== "finish" && reason !== undefined);
          expect(own).toHaveLength(exam.changed.size);
          decided += own.length;

          for (const [index, at] of all.entries()) {
            expect(await exam.attempts(at)).toEqual(replayed);
            expect(await exam.told(at)).toEqual(replayed);
            const here = new Date(now + index * AHEAD_MS);
            for (const userId of PEOPLE) {
              const { endTime } = await at
                .as({ sub: userId, role: "examinee" })
                .exam.get({ examId: exam.examId });
              expect(endTime).toEqual(endsAtOf(exam.timesOf(userId), replayed[userId] ?? RUNNING, here));
            }
          }
        }),
        { numRuns: cases(60), examples: [[[{ steps: [PAUSE_ALL], minutes: 1 }]]] },
      );
      expect(decided).toBeGreaterThanOrEqual(PEOPLE.length);
    });
  },
);

describe("a call about 500 people whose server is killed", () => {
  const SIZE = 500;
  const people = Array.from({ length: SIZE }, (_, n) => ({ userId: `e${n}`, name: "E", role: "examinee" }));

  it("has decided once about each of them when it is repeated with its key", async () => {
    const folder = tempFolder();
    using _folder = folder;
    const options = { cwd: folder.path, env: testEnv };
    const authorization = `Bearer ${await tokenFor("admin", "root")}`;
    const call = async (server: Server, path: string, json: object) => {
      const { status, body } = await server.post(`/trpc/${path}`, { json }, authorization);
      if (status !== 200) throw new Error(JSON.stringify(body));
      return body.result.data.json;
    };
    await using doomed = await serve(options);
    const { id: roomId } = await call(doomed, "room.create", { name: "R", participants: people });
    const raw = new Sqlite(join(folder.path, "data/invigil.db"));
    const decided = raw.prepare<[], number>("SELECT count(*) FROM exam_entries").pluck();
    const goOn = slowWrites(raw, "INSERT ON exam_entries", 50_000);
    const extension = { roomId, minutes: 10, reason: { code: "technical" }, key: "power cut" };
    const calling = call(doomed, "attempt.extend", extension).catch(() => undefined);
    while (decided.get() === 0) await nextTurn();
    doomed.kill("SIGKILL");
    await doomed.ended();
    await calling;
    // It was killed in the middle.
    const before = decided.get() ?? 0;
    expect(before % 100).toBe(0);
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(SIZE);
    goOn();

    await using heir = await serve(options);
    for (const _ of ["the rest", "nobody"]) {
      const answer = await call(heir, "attempt.extend", extension);
      expect(answer.remaining).toBe(0);
      expect(answer.people).toHaveLength(SIZE);
      expect(new Set(answer.people.map(({ outcome }: { outcome: string }) => outcome))).toEqual(
        new Set(["changed"]),
      );
    }
    const minutes = raw.prepare("SELECT DISTINCT extended_minutes, count(*) FROM attempts GROUP BY 1").raw();
    expect(minutes.all()).toEqual([[10, SIZE]]);
    expect(decided.get()).toBe(SIZE);
    expect(raw.prepare("SELECT count(DISTINCT user_id) FROM exam_entries").pluck().get()).toBe(SIZE);
    raw.close();
  });
});
