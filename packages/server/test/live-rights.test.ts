import { afterEach, describe, expect, it, vi } from "vitest";
import { signToken } from "../src/identity/tokens.js";
import { InvigilError } from "../src/platform/errors.js";
import { revokedTokens } from "../src/storage/tables.js";
import { listenExam, listenRoom, readEvents } from "./support/listening.js";
import {
  ADMIN,
  EXAMINEE,
  INSPECTOR,
  listenLater,
  openLiveFixture,
  reopenAs,
  TEACHER,
} from "./support/live-fixture.js";
import { STREAM_CONFIG, streamReport, streamSignature } from "./support/streams.js";
import { insertRows } from "./support/tables.js";
import { acting } from "./support/writes.js";

const CLERK = { userId: "teacher1", role: "teacher", name: "Clerk", password: "a password" } as const;
const reason = (error: unknown) => {
  expect(error).toBeInstanceOf(InvigilError);
  return error instanceof InvigilError ? { code: error.code, message: error.message } : undefined;
};

describe("subscribers receive", () => {
  it("as examinees: events about the room, themselves and its staff, but not about other examinees", async () => {
    await using fixture = await openLiveFixture({ config: STREAM_CONFIG });
    const { room } = fixture;
    const roomId = room.id;
    await using examinee = await listenRoom(fixture, EXAMINEE, { roomId });
    await using inspector = await listenRoom(fixture, INSPECTOR, { roomId });
    const admin = fixture.as(ADMIN);
    const report = (userId: string) =>
      admin.stream.report({ ...streamReport(room, userId), ...streamSignature() });
    // Skips the events of their own arrivals.
    await examinee.until((event) => event.type === "participant_entered" && event.userId === "inspector1");
    await inspector.until((event) => event.type === "participant_entered" && event.userId === "inspector1");

    const add = (userId: string, role: "examinee" | "teacher", name = userId) =>
      admin.participant.add({ roomId, participants: [{ userId, role, name }] });
    await add("another", "examinee");
    await add("another", "examinee", "Renamed");
    await add("second", "teacher");
    await add("examinee1", "examinee", "Myself");
    await report("examinee2");
    await report("teacher1");
    await report("examinee1");
    const records = [
      { userId: "examinee1", isMainMonitor: true, detectType: "watch", detectTime: new Date(0) },
    ];
    await admin.cheat.addRecords({ roomId, records });
    await admin.cheat.setConfig({ examId: room.examId, data: "{}" });
    await admin.room.setAudioStatus({ roomId, audioStatus: "speaking" });
    await using other = await listenRoom(fixture, { sub: "examinee2", role: "examinee" }, { roomId });
    await inspector
      .until((event) => event.type === "participant_entered")
      .then((received) =>
        expect(received.filter(({ type }) => type !== "message")).toMatchObject([
          { type: "participant_added", userId: "another" },
          { type: "participant_updated", userId: "another", name: "Renamed" },
          { type: "participant_added", userId: "second" },
          { type: "participant_updated", userId: "examinee1", name: "Myself" },
          { type: "publish_status_changed", userId: "examinee2", status: "publishing" },
          { type: "publish_status_changed", userId: "teacher1" },
          { type: "publish_status_changed", userId: "examinee1" },
          { type: "cheat_records_added", records: [{ userId: "examinee1", detectType: "watch" }] },
          { type: "cheat_config_changed", cheatConfig: { data: "{}" } },
          { type: "audio_status_changed", audioStatus: "speaking" },
          { type: "participant_entered", userId: "examinee2", camera: "main" },
        ]),
      );
    await other.leave();
    await admin.participant.remove({ roomId, userId: "another" });
    // Examinees do not receive the config of a room that has ended, so the test reads that event first.
    const before = await examinee.until(({ type }) => type === "audio_status_changed");
    await admin.room.end({ roomId });
    const received = [...before, ...(await examinee.until(({ type }) => type === "room_ended"))];
    expect(received.filter(({ type }) => type !== "message")).toMatchObject([
      { type: "participant_added", userId: "second" },
      { type: "participant_updated", userId: "examinee1" },
      { type: "publish_status_changed", userId: "teacher1" },
      { type: "publish_status_changed", userId: "examinee1" },
      { type: "cheat_config_changed" },
      { type: "audio_status_changed" },
      { type: "room_ended" },
    ]);
  });

  it("snapshots: examinees see only themselves and the staff, and all others see everybody", async () => {
    await using fixture = await openLiveFixture();
    const roomId = fixture.room.id;
    await using teacher = await listenRoom(fixture, TEACHER, { roomId });
    await using examinee = await listenRoom(fixture, { sub: "examinee2", role: "examinee" }, { roomId });
    await teacher.until((event) => event.type === "participant_entered" && event.userId === "examinee2");
    const seen = async (caller: typeof ADMIN) => {
      const { members, presence } = await fixture.as(caller).room.snapshot({ roomId });
      return [members.map(({ userId }) => userId), presence.map(({ userId }) => userId).toSorted()];
    };
    for (const caller of [ADMIN, TEACHER, INSPECTOR])
      expect(await seen(caller)).toEqual([
        ["teacher1", "inspector1", "examinee1", "examinee2"],
        ["examinee2", "teacher1"],
      ]);
    expect(await seen(EXAMINEE)).toEqual([["teacher1", "inspector1", "examinee1"], ["teacher1"]]);
    expect(examinee).toBeDefined();
  });

  it("messages for single logins: the recipients, the sender and the room's staff do", async () => {
    await using fixture = await openLiveFixture();
    const roomId = fixture.room.id;
    const listeners = {
      admin: await listenRoom(fixture, ADMIN, { roomId }),
      teacher: await listenRoom(fixture, TEACHER, { roomId }),
      inspector: await listenRoom(fixture, INSPECTOR, { roomId }),
      examinee: await listenRoom(fixture, EXAMINEE, { roomId }),
      pc: await listenRoom(fixture, EXAMINEE, { roomId, camera: "pc" }),
      overseer: await listenExam(fixture, ADMIN, { examId: fixture.room.examId }),
    };
    const say = (data: string, to?: string[]) =>
      fixture.as(TEACHER).im.send({ roomId, type: 30_001, data, ...(to && { to }) });
    await say("to the main page", ["examinee1"]);
    await say("to the PC", ["pc_examinee1"]);
    await say("to the inspector", ["inspector1"]);
    await fixture.as(EXAMINEE).im.send({ roomId, type: 30_001, data: "to the staff" });
    await say("to all");
    const texts: Record<string, unknown[]> = {};
    for (const [name, listener] of Object.entries(listeners)) {
      const received = await listener.until(
        (event) => event.type === "message" && event.message.data === "to all",
      );
      texts[name] = received.flatMap((event) => (event.type === "message" ? [event.message.data] : []));
      await listener.leave();
    }
    const everything = ["to the main page", "to the PC", "to the inspector", "to the staff", "to all"];
    expect(texts).toEqual({
      admin: everything,
      teacher: everything,
      inspector: everything,
      examinee: ["to the main page", "to the staff", "to all"],
      pc: ["to the PC", "to all"],
      overseer: everything,
    });
  });
});

describe("a subscription whose access has ended fails", () => {
  /** Stops the periodic access checks. */
  const stopTimers = () => vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("when the token expires: at once, and before any later event", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openLiveFixture({ now: () => now });
    const listener = await fixture.listen(await fixture.token(ADMIN), fixture.room.id);
    await fixture.as(TEACHER).room.setAudioStatus({ roomId: fixture.room.id, audioStatus: "speaking" });
    expect(await listener.next()).toMatchObject({ type: "audio_status_changed" });
    now = new Date(now.getTime() + 3_600_000);
    await fixture.as(TEACHER).room.setAudioStatus({ roomId: fixture.room.id, audioStatus: "silent" });
    expect(reason(await listener.failure())).toEqual({
      code: "UNAUTHENTICATED",
      message: "The token in the authorization header has expired.",
    });
  });

  it("when the token expires while nothing happens", async () => {
    stopTimers();
    let isFrozen = true;
    const begin = Math.floor(Date.now() / 1000) * 1000;
    // However long it takes to begin, the token is good until then.
    const clock = () => new Date(isFrozen ? begin : Date.now());
    await using fixture = await openLiveFixture({ now: clock });
    const short = { userId: "root", role: "admin", ttlSeconds: 2 } as const;
    const token = await signToken(short, { secret: fixture.secret, clock, jti: "short" });
    const { expiresAt } = await fixture.services.auth.identify(token);
    const listener = await fixture.listen(token, fixture.room.id);
    isFrozen = false;
    expect(reason(await listener.failure())?.code).toBe("UNAUTHENTICATED");
    expect(Date.now() - expiresAt.getTime()).toBeGreaterThanOrEqual(0);
  });

  it.each(["logout", "revokeToken", "disable", "setPassword"] as const)("after %s, at once", async (way) => {
    stopTimers();
    await using fixture = await openLiveFixture();
    const admin = fixture.as(ADMIN);
    await admin.account.create(CLERK);
    const { token } = await admin.auth.login({ username: CLERK.userId, password: CLERK.password });
    const identity = await fixture.services.auth.identify(token);
    await using listener = await fixture.listen(token, fixture.room.id);
    await using bystander = await fixture.listen(await fixture.token(INSPECTOR), fixture.room.id);
    const entered = await listener.until(
      (event) => event.type === "participant_entered" && event.userId === "inspector1",
    );
    expect(entered).not.toEqual([]);
    if (way === "logout")
      await fixture.services.auth.logout(
        acting(identity),
        await fixture.services.access.look(identity, "session"),
      );
    if (way === "revokeToken") await admin.auth.revokeToken({ tokenId: identity.tokenId ?? "" });
    if (way === "disable") await admin.account.disable({ userId: CLERK.userId });
    if (way === "setPassword")
      await admin.account.setPassword({ userId: CLERK.userId, password: "another one" });
    expect(reason(await listener.failure())?.code).toBe("UNAUTHENTICATED");
    // Other subscriptions continue.
    const left = await bystander.until((event) => event.type === "participant_left");
    expect(left.at(-1)).toMatchObject({ userId: "teacher1" });
  });

  it("within five seconds after another process revoked the token", async () => {
    stopTimers();
    await using fixture = await openLiveFixture();
    const token = await fixture.token(ADMIN);
    const { tokenId = "" } = await fixture.services.auth.identify(token);
    const listener = await fixture.listen(token, fixture.room.id);
    const createdAt = new Date(0);
    await insertRows(fixture.db, revokedTokens, [{ tokenId, expiresAt: null, createdAt }]);
    vi.advanceTimersByTime(5000);
    expect(reason(await listener.failure())?.code).toBe("UNAUTHENTICATED");
  });

  it("but not when an identity service does not answer", async () => {
    stopTimers();
    await using fixture = await openLiveFixture();
    const caller = await fixture.services.auth.identify(await fixture.token(ADMIN));
    let asked = 0;
    const reopen = async () => {
      asked += 1;
      return new InvigilError("PROVIDER_FAILED", "from the test");
    };
    const { lastEventId } = await fixture.as(ADMIN).room.snapshot({ roomId: fixture.room.id });
    const room = await fixture.services.access.look(caller, "room", { roomId: fixture.room.id });
    const input = { camera: "main" as const, lastEventId };
    const abort = new AbortController();
    const listener = { caller, reopen, signal: abort.signal };
    await using subscription = readEvents(
      await fixture.services.subscriptions.subscribeToRoom(listener, room, input),
      abort,
    );
    vi.advanceTimersByTime(5000);
    await fixture.as(TEACHER).room.end({ roomId: fixture.room.id });
    expect(await subscription.next()).toMatchObject({ type: "room_ended" });
    expect(asked).toBeGreaterThan(0);
  });

  it("after the event that the subscriber was removed from the room", async () => {
    await using fixture = await openLiveFixture();
    const roomId = fixture.room.id;
    await using listener = await listenRoom(fixture, EXAMINEE, { roomId });
    await listener.until(({ type }) => type === "participant_entered");
    const admin = fixture.as(ADMIN);
    await Promise.all([
      admin.participant.remove({ roomId, userId: "examinee1" }),
      admin.room.setAudioStatus({ roomId, audioStatus: "speaking" }),
    ]);
    const received = await listener.until(({ type }) => type === "participant_removed");
    expect(received.at(-1)).toMatchObject({ userId: "examinee1", role: "examinee" });
    expect(await listener.failure()).toMatchObject({
      code: "FORBIDDEN",
      cause: { code: "FORBIDDEN", message: `The room ${roomId} is not open to you.` },
    });
  });

  it("when the server stops, as new subscriptions do", async () => {
    await using fixture = await openLiveFixture();
    const token = await fixture.token(ADMIN);
    const listener = await fixture.listen(token, fixture.room.id);
    const overseer = await listenExam(fixture, ADMIN, { examId: fixture.room.examId });
    const caller = await fixture.services.auth.identify(token);
    const room = await fixture.services.access.look(caller, "room", { roomId: fixture.room.id });
    // Admitted but not started.
    const late = await fixture.services.subscriptions.subscribeToRoom(
      { caller, reopen: reopenAs(fixture.services, caller) },
      room,
      { camera: "main" },
    );
    await fixture.services.subscriptions.stop();
    const stopping = { code: "OVERLOADED", message: "The server is stopping." };
    expect(reason(await listener.failure())).toEqual(stopping);
    await expect(late.next()).rejects.toMatchObject(stopping);
    expect(await overseer.failure()).toMatchObject({ code: "SERVICE_UNAVAILABLE", cause: stopping });
    expect(reason(await fixture.listen(token, fixture.room.id).catch((error: unknown) => error))).toEqual(
      stopping,
    );
  });
});

describe("a subscription to an exam", () => {
  const OVERSEER = { sub: "inspector1", role: "inspector" } as const;

  it("receives the events of a room while the subscriber can access it", async () => {
    await using fixture = await openLiveFixture();
    const { room, sibling } = fixture;
    const admin = fixture.as(ADMIN);
    await using subscription = await listenLater(fixture, "exam", { token: await fixture.token(OVERSEER) });
    const speak = (roomId: string, audioStatus: "speaking" | "silent") =>
      admin.room.setAudioStatus({ roomId, audioStatus });
    const inspector = [{ userId: "inspector1", name: "I", role: "inspector" as const }];
    // All of these events are in the log before the subscriber receives the first one.
    await speak(sibling.id, "speaking");
    await admin.participant.add({ roomId: sibling.id, participants: inspector });
    await speak(sibling.id, "silent");
    await admin.participant.remove({ roomId: sibling.id, userId: "inspector1" });
    await speak(sibling.id, "speaking");
    await speak(room.id, "speaking");
    subscription.proceed();
    const late = await admin.room.create({ name: "Late", examId: room.examId, participants: inspector });
    await speak(late.id, "speaking");
    const received = await subscription.until((event) => "roomId" in event && event.roomId === late.id);
    const heardOf = ({ id: roomId }: typeof room) =>
      received.filter(
        (event) => event.type === "audio_status_changed" && "roomId" in event && event.roomId === roomId,
      );
    expect(heardOf(room)).toHaveLength(1);
    // The subscriber receives no events of the other room from before or after their time in it.
    expect(heardOf(sibling).length).toBeLessThan(2);
    expect(received.at(-1)).toMatchObject({ type: "room_created", room: { id: late.id, name: "Late" } });
    expect(await subscription.next()).toMatchObject({ type: "audio_status_changed", roomId: late.id });
  });

  it("receives the events of all rooms as an administrator, including new ones", async () => {
    await using fixture = await openLiveFixture();
    const { room, sibling } = fixture;
    const admin = fixture.as(ADMIN);
    await using subscription = await listenExam(fixture, ADMIN, { examId: room.examId });
    const late = await admin.room.create({ name: "Late", examId: room.examId });
    await admin.room.create({ name: "Of another exam" });
    await admin.room.end({ roomId: sibling.id });
    const received = await subscription.take(2);
    await admin.exam.delete({ examId: room.examId, withRooms: true, erase: "now" });
    received.push(...(await subscription.take(2)));
    expect(received.map((event) => [event.type, "roomId" in event && event.roomId])).toEqual([
      ["room_created", late.id],
      ["room_ended", sibling.id],
      ["room_ended", room.id],
      ["room_ended", late.id],
    ]);
  });

  it("fails when the subscriber can access no room any more", async () => {
    await using fixture = await openLiveFixture();
    const { room } = fixture;
    await using subscription = await listenExam(fixture, OVERSEER, { examId: room.examId });
    await fixture.as(ADMIN).participant.remove({ roomId: room.id, userId: "inspector1" });
    expect(await subscription.next()).toMatchObject({ type: "participant_removed", userId: "inspector1" });
    expect(await subscription.failure()).toMatchObject({ code: "FORBIDDEN" });
  });
});
