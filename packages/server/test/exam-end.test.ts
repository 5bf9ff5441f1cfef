// Also on PostgreSQL: rooms are ended in transactions of several rooms.
import { MAX_ROOMS_ENDED } from "@invigil/schema";
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { auditEntries, roomEvents } from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { createTestService, withServices } from "./support/message-services.js";
import { countRows, rowsOf } from "./support/tables.js";

const ADMIN: TestCaller = { sub: "root", role: "admin" };
const TIMES = { startTime: new Date("2026-02-01T08:00:00Z"), endTime: new Date("2026-02-01T10:00:00Z") };

/** An exam with as many rooms, each with an examinee. */
const openExam = async (rooms: number) => {
  const service = createTestService();
  const fixture = await openAppFixture({ change: withServices({ aliyun_new: service }) });
  const call = async (path: string, input: object, caller = ADMIN) => {
    const { data, error } = await trpc(fixture, await fixture.token(caller)).mutate(path, input);
    if (error) throw new Error(`${path}: ${error.data.reason} ${error.message}`);
    return data;
  };
  const { id: examId } = await call("exam.create", { name: "Maths", ...TIMES });
  const people = Array.from({ length: rooms }, (_, n) => `e${n},E${n},examinee\nt${n},T${n},teacher\n`);
  const file = Buffer.from(`id,name,role\n${people.join("")}`).toString("base64");
  await call("participant.import", { examId, file });
  await call("exam.plan", { examId, roomSize: 1 });
  await fixture.services.bulk.drain();
  return {
    fixture,
    service,
    call,
    examId: examId as string,
    ended: () => countRows(fixture.db, roomEvents, eq(roomEvents.type, "room_ended")),
    async inProgress(): Promise<string[]> {
      const { data } = await trpc(fixture, await fixture.token(ADMIN)).query("room.list", {
        examId,
        status: "in_progress",
        pageSize: 100,
      });
      return data.rooms.map(({ id }: { id: string }) => id);
    },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
};

describe("the end of an exam", () => {
  it("ends each room that is in progress as `room.end` does, once, and says so in the audit", async () => {
    await using exam = await openExam(4);
    const { call, examId, fixture, service } = exam;
    const [first] = await exam.inProgress();
    await call("room.end", { roomId: first });
    expect(await call("exam.end", { examId })).toEqual({ ended: 3, alreadyEnded: 1, remaining: 0 });
    expect(await exam.inProgress()).toEqual([]);
    expect(await exam.ended()).toBe(4);
    expect(await call("exam.end", { examId })).toEqual({ ended: 0, alreadyEnded: 4, remaining: 0 });
    expect(await exam.ended()).toBe(4);
    const entries = await rowsOf(fixture.db, auditEntries);
    expect(entries.filter(({ procedure }) => procedure === "exam.end")).toMatchObject([
      { actorId: "root", examId, outcome: "ok" },
    ]);
    // The signal of the end goes to the groups of all four.
    await fixture.services.queue.drain(60_000);
    expect(service.calls.filter((made) => made.startsWith("send "))).toHaveLength(4);
  });

  it("by two operators at once ends each room once", async () => {
    await using exam = await openExam(60);
    const { call, examId } = exam;
    const answers = await Promise.all([call("exam.end", { examId }), call("exam.end", { examId })]);
    expect(answers.reduce((sum, { ended }) => sum + ended, 0)).toBe(60);
    expect(await exam.ended()).toBe(60);
  });

  it("goes on with the next call where a call ends as many rooms as it may", async () => {
    await using exam = await openExam(MAX_ROOMS_ENDED + 1);
    const { call, examId } = exam;
    expect(await call("exam.end", { examId })).toEqual({
      ended: MAX_ROOMS_ENDED,
      alreadyEnded: 0,
      remaining: 1,
    });
    expect(await call("exam.end", { examId })).toEqual({
      ended: 1,
      alreadyEnded: MAX_ROOMS_ENDED,
      remaining: 0,
    });
    expect(await exam.ended()).toBe(MAX_ROOMS_ENDED + 1);
  });
});
