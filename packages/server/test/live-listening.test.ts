import { describe, expect, it } from "vitest";
import { openExamsFixture } from "./support/exams-fixture.js";
import { listenExam, listenRoom } from "./support/listening.js";

// An administrator who is no participant, so that their subscription adds no presence events.
const ADMIN = { sub: "root", role: "admin" } as const;

describe("a subscription", () => {
  it("receives events in order, each with its id, room and time", async () => {
    await using fixture = await openExamsFixture();
    const { room, detection } = fixture;
    await using subscription = await listenRoom(fixture, ADMIN, { roomId: room.id });
    for (const n of [1, 2, 3])
      await fixture.teacher.cheat.addRecords({
        roomId: room.id,
        records: Array.from({ length: n }, () => detection("examinee1", { detectType: `seen ${n}` })),
      });
    const received = await subscription.take(3);
    expect(received.map((event) => event.type === "cheat_records_added" && event.records.length)).toEqual([
      1, 2, 3,
    ]);
    for (const event of received)
      expect(event).toMatchObject({ roomId: room.id, time: new Date("2026-01-02T03:04:05Z") });
    const ids = received.map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(new Set(ids).size).toBe(3);
  });

  it("resumes after the given event", async () => {
    await using fixture = await openExamsFixture();
    const { room, detection } = fixture;
    const { lastEventId } = await fixture.teacher.room.snapshot({ roomId: room.id });
    const records = [detection("examinee1")];
    for (let n = 0; n < 500; n += 1) await fixture.teacher.cheat.addRecords({ roomId: room.id, records });
    await using subscription = await listenRoom(fixture, ADMIN, { roomId: room.id, lastEventId });
    await fixture.teacher.cheat.addRecords({ roomId: room.id, records });
    const ids = (await subscription.take(501)).map(({ id }) => Number(id));
    expect(ids).toEqual(ids.map((_, index) => Number(lastEventId) + 1 + index));
  });

  it("to an exam receives the events of its rooms in one order", async () => {
    await using fixture = await openExamsFixture();
    const { room, sibling, other, detection } = fixture;
    await using subscription = await listenExam(fixture, ADMIN, { examId: room.examId });
    for (const one of [room, other, sibling, room])
      await fixture.admin.cheat.addRecords({ roomId: one.id, records: [detection("examinee1")] });
    const received = await subscription.take(3);
    expect(received.map((event) => "roomId" in event && event.roomId)).toEqual([
      room.id,
      sibling.id,
      room.id,
    ]);
  });
});
