import { describe, expect, it } from "vitest";
import {
  ADMIN,
  EXAMINEE,
  INSPECTOR,
  type LiveFixture,
  listenLater,
  openLiveFixture,
  TEACHER,
} from "./support/live-fixture.js";

// A listener's access may end in the database before the listener has received the events before that. On several servers, it often does.

const say = (fixture: LiveFixture, data: string, roomId = fixture.room.id) =>
  fixture.as(ADMIN).im.send({ roomId, type: 30_001, data });
const lineOf = (event: { readonly type: string; readonly message?: { readonly text: string } }) =>
  event.message ? `message ${event.message.text}` : event.type;

/** Reads all events that a listener still receives, and the error after them. */
const readToTheEnd = async ({
  next,
}: {
  next: () => Promise<{ readonly type: string; readonly message?: { readonly text: string } }>;
}) => {
  const lines: string[] = [];
  for (;;)
    try {
      lines.push(lineOf(await next()));
    } catch (error) {
      return { lines, error };
    }
};

describe("a listener that receives the events late", () => {
  it.each([
    ["an examinee", EXAMINEE],
    ["an inspector", INSPECTOR],
  ])("as %s of a room: those up to the removal from it, and none after it", async (_, caller) => {
    await using fixture = await openLiveFixture();
    await using listener = await listenLater(fixture, "room", { token: await fixture.token(caller) });
    await say(fixture, "before");
    await fixture.as(ADMIN).participant.remove({ roomId: fixture.room.id, userId: caller.sub });
    await say(fixture, "after");
    listener.proceed();
    const { lines, error } = await readToTheEnd(listener);
    expect(lines).toContain('message "before"');
    expect(lines.at(-1)).toBe("participant_removed");
    expect(lines).not.toContain('message "after"');
    expect(error).toMatchObject({ code: "FORBIDDEN" });
  });

  it("as an inspector of an exam: those up to the removal from its last room", async () => {
    await using fixture = await openLiveFixture();
    await using listener = await listenLater(fixture, "exam", { token: await fixture.token(INSPECTOR) });
    await say(fixture, "before");
    await say(fixture, "elsewhere", fixture.sibling.id);
    await fixture.as(ADMIN).participant.remove({ roomId: fixture.room.id, userId: INSPECTOR.sub });
    await say(fixture, "after");
    listener.proceed();
    const { lines, error } = await readToTheEnd(listener);
    expect(lines).toContain('message "before"');
    expect(lines.at(-1)).toBe("participant_removed");
    expect(lines).not.toContain('message "after"');
    expect(lines).not.toContain('message "elsewhere"');
    expect(error).toMatchObject({ code: "FORBIDDEN" });
  });

  it.each([
    ["an administrator of a room", "room", ADMIN, "ROOM_NOT_FOUND", 1],
    ["a teacher of a room", "room", TEACHER, "FORBIDDEN", 1],
    ["an administrator of an exam", "exam", ADMIN, "EXAM_NOT_FOUND", 2],
    ["a teacher of an exam", "exam", TEACHER, "FORBIDDEN", 1],
  ] as const)("as %s: the ends of its rooms when the exam is deleted", async (_, of, caller, code, rooms) => {
    await using fixture = await openLiveFixture();
    await using listener = await listenLater(fixture, of, { token: await fixture.token(caller) });
    await fixture.as(TEACHER).room.setAudioStatus({ roomId: fixture.room.id, audioStatus: "speaking" });
    await fixture.as(ADMIN).exam.delete({ examId: fixture.room.examId, withRooms: true });
    listener.proceed();
    const { lines, error } = await readToTheEnd(listener);
    expect(lines.filter((line) => line === "audio_status_changed")).toHaveLength(1);
    expect(lines.filter((line) => line === "room_ended")).toHaveLength(rooms);
    expect(error).toMatchObject({ code });
  });

  it.each(["room", "exam"] as const)("of a %s: none when its token was revoked", async (of) => {
    await using fixture = await openLiveFixture();
    const token = await fixture.token(INSPECTOR);
    await using listener = await listenLater(fixture, of, { token });
    await say(fixture, "before");
    const { tokenId } = await fixture.services.auth.identify(token);
    await fixture.as(ADMIN).auth.revokeToken({ tokenId: String(tokenId) });
    await fixture.as(ADMIN).participant.remove({ roomId: fixture.room.id, userId: INSPECTOR.sub });
    listener.proceed();
    expect(await readToTheEnd(listener)).toMatchObject({ lines: [], error: { code: "UNAUTHENTICATED" } });
  });
});
