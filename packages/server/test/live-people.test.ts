import { signals } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { openExamsFixture } from "./support/exams-fixture.js";
import { listenRoom } from "./support/listening.js";

const TEACHER = { sub: "teacher1", role: "teacher" } as const;
const EXAMINEE = { sub: "examinee1", role: "examinee" } as const;
const ADMIN = { sub: "root", role: "admin" } as const;

describe("a subscriber", () => {
  it("is present during the subscription, on the given page", async () => {
    await using fixture = await openExamsFixture({ config: { presenceSettleSeconds: 0 } });
    const roomId = fixture.room.id;
    await using teacher = await listenRoom(fixture, TEACHER, { roomId });
    const pages = ["main", "pc"] as const;
    const listeners = [];
    for (const camera of pages) {
      listeners.push(await listenRoom(fixture, EXAMINEE, { roomId, camera }));
      await teacher.until((event) => event.type === "participant_entered" && event.camera === camera);
    }
    const present = async () =>
      (await fixture.admin.room.presence({ roomId })).map(({ userId, camera }) => `${userId} ${camera}`);
    expect(await present()).toEqual(["examinee1 main", "examinee1 pc", "teacher1 main"]);
    const snapshot = await fixture.admin.room.snapshot({ roomId });
    expect(snapshot.presence).toEqual(await fixture.admin.room.presence({ roomId }));

    for (const listener of listeners) await listener.leave();
    for (const camera of pages)
      expect(await teacher.next()).toMatchObject({ type: "participant_left", userId: "examinee1", camera });
    expect(await present()).toEqual(["teacher1 main"]);
  });

  it("is not present if they are not in the room, like an administrator", async () => {
    await using fixture = await openExamsFixture();
    await using watching = await listenRoom(fixture, ADMIN, { roomId: fixture.room.id });
    await using inside = await listenRoom(fixture, ADMIN, { roomId: fixture.sibling.id });
    // The administrator created this room, and is one of its teachers.
    expect(await inside.next()).toMatchObject({
      type: "participant_entered",
      userId: "root",
      role: "teacher",
    });
    await using teacher = await listenRoom(fixture, TEACHER, { roomId: fixture.room.id });
    expect(await watching.next()).toMatchObject({ type: "participant_entered", userId: "teacher1" });
    expect(await teacher.next()).toMatchObject({ type: "participant_entered", userId: "teacher1" });
  });
});

describe("a person who is removed from a room", () => {
  it("receives the signal of their removal and no later event, and the others receive events that they left", async () => {
    await using fixture = await openExamsFixture();
    const roomId = fixture.room.id;
    await using teacher = await listenRoom(fixture, TEACHER, { roomId });
    await using examinee = await listenRoom(fixture, EXAMINEE, { roomId });
    await teacher.until((event) => event.type === "participant_entered" && event.userId === "examinee1");
    await fixture.teacher.participant.remove({ roomId, userId: "examinee1" });
    const received = await examinee.until((event) => event.type === "message");
    expect(received.at(-1)).toMatchObject({
      message: { type: signals.endUser.type, sender: { role: "server" }, to: ["examinee1", "pc_examinee1"] },
    });
    const rest = await examinee
      .until((event) => event.type === "message")
      .catch((error: { cause?: { code?: string } }) => error.cause?.code);
    expect(rest).toBe("FORBIDDEN");
    expect(await teacher.take(2)).toMatchObject([
      { type: "participant_left", userId: "examinee1" },
      { type: "participant_removed", userId: "examinee1" },
    ]);
  });
});

describe("a message", () => {
  it("that is sent twice with one key is received once, also by its sender", async () => {
    await using fixture = await openExamsFixture();
    const roomId = fixture.room.id;
    await using examinee = await listenRoom(fixture, EXAMINEE, { roomId });
    const asExaminee = fixture.as(EXAMINEE);
    const once = { roomId, type: signals.enteredRoom.type, key: "k", text: '{ "sid": "s" }' };
    const sent = await asExaminee.im.send(once);
    expect(await asExaminee.im.send(once)).toEqual(sent);
    const last = await fixture.teacher.im.send({ roomId, type: 30_001, data: ["last"] });
    const received = await examinee.until(
      (event) => event.type === "message" && event.message.id === last.id,
    );
    expect(received.flatMap((event) => (event.type === "message" ? [event.message] : []))).toEqual([
      {
        ...sent,
        roomId,
        type: signals.enteredRoom.type,
        data: { sid: "s" },
        sender: { userId: "examinee1", role: "examinee", camera: "main" },
      },
      {
        ...last,
        roomId,
        type: 30_001,
        data: ["last"],
        sender: { userId: "teacher1", role: "teacher", camera: "main" },
      },
    ]);
  });
});
