import { setImmediate as nextTurn } from "node:timers/promises";
import { MAX_RECORDS_PER_CALL } from "@invigil/schema";
import type { AnyTRPCProcedure } from "@trpc/server";
import { expect, it } from "vitest";
import type { TestApp, TestCaller } from "../src/app/testing.js";
import { MAX_RUNNING, MAX_WAITING } from "../src/storage/turns.js";
import { failureOfCall } from "../src/trpc/failures.js";
import { hasLongAnswer } from "../src/trpc/procedures.js";
import { openAppFixture } from "./support/app-fixture.js";
import { sample } from "./support/effort.js";
import { isOnPostgres } from "./support/engine.js";
import { addExamsFixture, type ExamsFixture } from "./support/exams-fixture.js";
import { type CallerName, callersOf, permissions } from "./support/permissions.js";
import {
  type Call,
  calls,
  EVERYTHING,
  examOf,
  type Input,
  makeCall,
  own,
} from "./support/procedure-calls.js";
import { shared } from "./support/shared.js";

// Each procedure at its limits: the largest input, more calls at the same time than may wait, by the lowest role that may call it. Strangers go on.

/** More calls than a caller may have under way. */
const IN_FLIGHT = MAX_RUNNING + MAX_WAITING + 32;
/** The most of these calls that are done while a stranger makes one: two turns of the writer, or of lists. */
const MOST_MEANWHILE = 2 * MAX_RUNNING;
/** Procedures of which many calls are one write, and take turns within it. Rates bound them. */
const GROUPED = new Set(["cheat.addRecords", "im.send", "stream.report"]);
/** Mutations that write nothing to the database. */
const WRITE_NOTHING = new Set([
  "attempt.open",
  "auth.issueToken",
  "room.linkOfCode",
  "stream.listen",
  "stream.publish",
  "stream.talk",
  "stream.watch",
]);
/** Whether a procedure takes no turns: it writes nothing, and its answer is short. */
const takesNoTurns = (path: string, procedure: AnyTRPCProcedure): boolean =>
  WRITE_NOTHING.has(path) || (procedure._def.type === "query" && !hasLongAnswer(procedure));

const many = <Item>(count: number, make: (n: number) => Item): Item[] =>
  Array.from({ length: count }, (_, n) => make(n));
/** Half of the examinees that a room may have. */
const PEOPLE_PER_CALL = 250;
const newPeople = (n: number) =>
  many(PEOPLE_PER_CALL, (person) => ({ userId: `p${n}-${person}`, name: "P", role: "examinee" }));

/** Inputs of procedures that can do a lot in one call. Each call has another number. */
const LARGEST: Readonly<Record<string, Input>> = {
  "room.create": (_, __, n) => ({ name: "Large", participants: newPeople(n) }),
  "participant.add": (fixture, _, n) => ({ ...own(fixture), participants: newPeople(n) }),
  "participant.import": (fixture, _, n) => ({
    ...examOf(fixture),
    file: Buffer.from(`id,name\n${many(2000, (person) => `i${n}-${person},I`).join("\n")}\n`).toString(
      "base64",
    ),
  }),
  "cheat.setConfig": (fixture, _, n) => ({
    ...examOf(fixture),
    data: JSON.stringify(`${n}${"x".repeat(60_000)}`),
  }),
  "cheat.addRecords": (fixture) => ({
    ...own(fixture),
    records: many(MAX_RECORDS_PER_CALL, () => fixture.detection("examinee1")),
  }),
  "im.send": (fixture) => ({ ...own(fixture), type: 30_001, data: "x".repeat(60_000) }),
};

/** Preparations of calls that would otherwise have little to do. */
const BEFORE: Readonly<Record<string, Call["prepare"]>> = {
  "room.reopen": ({ admin, room }) => admin.room.end({ roomId: room.id }),
  // It counts the people of all exams at that time, and those of all tests here begin at the same one.
  "exam.check": ({ admin, room: { examId } }) =>
    admin.exam.update({
      examId,
      startTime: new Date("2030-01-02T09:00:00Z"),
      endTime: new Date("2030-01-02T11:00:00Z"),
    }),
  "exam.plan": async (fixture) => {
    const input = LARGEST["participant.import"]?.(fixture, callersOf(fixture).admin, 0);
    await makeCall(fixture, callersOf(fixture).admin, { path: "participant.import", input });
  },
};

const LOWEST_FIRST: readonly CallerName[] = ["examinee", "inspector", "teacher", "admin"];
const lowestFor = (procedure: string): CallerName =>
  LOWEST_FIRST.find((name) => permissions.get(procedure)?.[name] === "ok") ?? "admin";

let minutes = 0;
const appFixture = shared(() =>
  openAppFixture({ config: EVERYTHING.config ?? {}, monotonic: () => minutes * 60_000 }),
);
/** Rooms of their own in an app that all tests share, with unused rate limits. Calls carry no token, so that nothing happens beside them. */
const openRooms = (): Promise<ExamsFixture> => {
  minutes += 1;
  const as = ({ sub: userId, role, room: roomId, exam: examId }: TestCaller) => {
    const identity = {
      userId,
      role,
      roomId,
      examId,
      expiresAt: new Date("2027-01-01"),
      tokenId: `token of ${userId}`,
    };
    return appFixture().router.createCaller({
      identity,
      identify: async () => identity,
      reopen: async (...of) => appFixture().services.access.look(identity, ...of),
      rights: appFixture().services.access,
      gate: appFixture().services.gate,
      address: "in-process",
      entryPoint: "in-process",
      trace: { requestId: "r", procedures: [] },
    });
  };
  // Safe: schools are founded with nothing else of an app.
  return addExamsFixture({ as } as unknown as TestApp);
};
const examples = calls.filter(({ row, path, method }) => row === path && method !== "subscribe");

it.each(sample(examples, 3))(
  "$path leaves strangers their share",
  async ({ path, procedure, prepare, input }) => {
    const fixture = await openRooms();
    await (BEFORE[path] ?? prepare)?.(fixture);
    const callers = callersOf(fixture);
    const busy = callers[lowestFor(path)];
    const stranger = callers.otherTeacher;
    const { id: roomId } = fixture.other;
    let done = 0;
    const all = many(IN_FLIGHT, async (n) => {
      try {
        await makeCall(fixture, busy, { path, input: (LARGEST[path] ?? input)(fixture, busy, n) });
        done += 1;
      } catch (error) {
        // Many such calls are refused, each with a code of its own.
        expect(failureOfCall(error).code).not.toBe("INTERNAL");
      }
    });
    const strangers: readonly (readonly [string, object])[] = [
      ["room.get", { roomId }],
      ["cheat.addRecords", { roomId, records: [fixture.detection("examinee9")] }],
      ["im.send", { roomId, type: 30_001, data: 1 }],
      ["room.setAudioStatus", { roomId, audioStatus: "speaking" }],
    ];
    for (const [name, ofStranger] of strangers) {
      // Calls that ended before this one are counted.
      await nextTurn();
      const before = done;
      await makeCall(fixture, stranger, { path: name, input: ofStranger });
      // On PostgreSQL, calls overlap: `process-postgres-storage.test.ts` counts the connections.
      if (!isOnPostgres && !GROUPED.has(path) && !takesNoTurns(path, procedure))
        expect(done - before, `calls during ${name}`).toBeLessThanOrEqual(MOST_MEANWHILE);
    }
    await Promise.all(all);
  },
);
