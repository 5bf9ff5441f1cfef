import type { Message, RoomEvent } from "@invigil/schema";
import { expect, expectTypeOf, test } from "vitest";
import { EXAMINEES, liveWorld, TEACHER, transports, until, untilStatus } from "./live-world.js";

test.each(transports)("begins with what attempt.open answered: $name", async ({ WebSocket }) => {
  await using fixture = await liveWorld();
  const { teacher, room } = fixture;
  const { invigil, open } = await fixture.client({ sub: "e1", role: "examinee" }, { live: { WebSocket } });
  const { snapshot, self } = await invigil.attempt.open.mutate({ roomId: room.id });
  expect(self.userId).toBe("e1");
  // What happens before the subscription arrives with it.
  await teacher.participant.waveThrough({ roomId: room.id, userId: "e1", wavedThrough: true });
  const live = open(room.id, { snapshot });
  expect(live.state).toEqual(snapshot);
  const loop = live[Symbol.asyncIterator]();
  await until(loop, ({ type }) => type === "readiness_changed");
  expect(live.state?.members.find(({ userId }) => userId === "e1")).toMatchObject({
    readiness: { checks: {}, wavedThrough: true },
  });
  await teacher.participant.setDetectors({ roomId: room.id, userId: "e1", off: true });
  await until(loop, ({ type }) => type === "detectors_changed");
  expect(live.state?.members.find(({ userId }) => userId === "e1")).toMatchObject({ detectorsOff: true });
});

test.each(transports)("tells what happens in a room, and how it is: $name", async ({ WebSocket }) => {
  await using fixture = await liveWorld();
  const { teacher, room, app } = fixture;
  const { open } = await fixture.client(TEACHER, { live: { WebSocket } });
  const live = open(room.id);
  expect([live.status, live.state, live.presence, live.roomId]).toEqual([
    "connecting",
    undefined,
    [],
    room.id,
  ]);

  const received: RoomEvent[] = [];
  const seen: unknown[] = [];
  live.on("audio_status_changed", (event) => {
    expectTypeOf(event.audioStatus).toEqualTypeOf<"silent" | "speaking">();
    // The state is that of after the event.
    seen.push(live.state?.room.audioStatus);
  });
  live.on("participant_added", ({ userId }) => seen.push(userId));
  const loop = live[Symbol.asyncIterator]();
  const first = loop.next();
  const state = await live.ready();
  expect(live.status).toBe("live");
  expect(state?.room.id).toBe(room.id);
  expect(state?.members.map(({ userId }) => userId)).toEqual(expect.arrayContaining([...EXAMINEES]));

  await teacher.room.setAudioStatus({ roomId: room.id, audioStatus: "speaking" });
  await teacher.participant.add({
    roomId: room.id,
    participants: [{ userId: "e9", name: "Late", role: "examinee" }],
  });
  await app.as({ sub: "e1", role: "examinee" }).cheat.addRecords({
    roomId: room.id,
    records: [{ isMainMonitor: true, userId: "e1", detectTime: new Date(), detectType: "watch" }],
  });
  await teacher.room.end({ roomId: room.id });
  const one = await first;
  if (!one.done) received.push(one.value);
  // The last is the signal that sends the vendor's pages to their end.
  received.push(...(await until(loop, ({ type }) => type === "message")));
  const types = received.map(({ type }) => type).filter((type) => type !== "participant_entered");
  expect(types).toEqual([
    "audio_status_changed",
    "participant_added",
    "cheat_records_added",
    "room_ended",
    "message",
  ]);
  expect(received.find(({ type }) => type === "cheat_records_added")).toMatchObject({
    records: [{ userId: "e1", detectType: "watch", detectTime: expect.any(Date) }],
  });
  expect(seen).toEqual(["speaking", "e9"]);
  expect(live.state).toMatchObject({ room: { status: "ended", audioStatus: "speaking" } });
  expect(live.state?.lastEventId).toBe(received.at(-1)?.id);
  expect(live.state?.members.at(-1)).toMatchObject({ userId: "e9", name: "Late" });
  live.close();
  expect(live.status).toBe("closed");
  expect(await loop.next()).toEqual({ value: undefined, done: true });
});

test.each(transports)("keeps the list of who is there: $name", async ({ WebSocket }) => {
  await using fixture = await liveWorld();
  const watching = (await fixture.client(TEACHER, { live: { WebSocket } })).open(fixture.room.id);
  await watching.ready();
  const loop = watching[Symbol.asyncIterator]();
  const entered = until(loop, (event) => event.type === "participant_entered" && event.camera === "pc");
  const { open } = await fixture.client({ sub: "e1", role: "examinee" }, { live: { WebSocket } });
  await open(fixture.room.id, { camera: "pc" }).ready();
  const event = (await entered).at(-1);
  expect(watching.presence).toContainEqual({
    userId: "e1",
    role: "examinee",
    camera: "pc",
    since: event?.time,
    devices: 1,
  });
});

test.each(transports)(
  "signals come by their name, and one's own by their number: $name",
  async ({ WebSocket }) => {
    await using fixture = await liveWorld();
    const at = async (caller: Parameters<typeof fixture.client>[0], camera?: "pc") =>
      (await fixture.client(caller, { live: { WebSocket } })).open(fixture.room.id, { camera });
    const teacher = await at(TEACHER);
    const e1 = await at({ sub: "e1", role: "examinee" });
    const e1pc = await at({ sub: "e1", role: "examinee" }, "pc");
    await Promise.all([teacher.ready(), e1.ready(), e1pc.ready()]);

    const got: [string, unknown, Message][] = [];
    e1.on("startCall", (data, message) => {
      expectTypeOf(data.sid).toEqualTypeOf<string>();
      got.push(["startCall", data, message]);
    });
    e1.on("endCall", () => expect.fail("nobody ended it"));
    const loops = [teacher, e1, e1pc].map((one) => one[Symbol.asyncIterator]());
    const ends = loops.map((loop) =>
      until(loop, (event) => event.type === "message" && event.message.type === 30_002),
    );
    await teacher.send("startCall", { sid: "s1", more: "kept" }, { to: ["e1"] });
    await teacher.send(30_001, ["只给", "the PC", null], { to: ["pc_e1"] });
    const { id, time } = await teacher.send(30_002, "for all");
    const [byTeacher, byE1, byPc] = (await Promise.all(ends)).map((events) =>
      events.flatMap((event) => (event.type === "message" ? [event.message] : [])),
    );
    expect(byTeacher?.map(({ type }) => type)).toEqual([20_002, 30_001, 30_002]);
    expect(byE1?.map(({ type }) => type)).toEqual([20_002, 30_002]);
    expect(byPc?.map(({ data }) => data)).toEqual([["只给", "the PC", null], "for all"]);
    expect(byE1?.[1]).toMatchObject({
      id,
      time,
      roomId: fixture.room.id,
      sender: { userId: "t1", role: "teacher", camera: "main" },
    });
    expect(got).toEqual([["startCall", { sid: "s1", more: "kept" }, byE1?.[0]]]);
    expect(byE1?.[0]?.to).toEqual(["e1"]);
  },
);

test("several listen over one WebSocket, which closes when nobody does", async () => {
  await using fixture = await liveWorld();
  const { open, openExam } = await fixture.client({ sub: "a1", role: "admin" });
  // The server takes one subscription to a room on a connection: the second listener has a stream of its own.
  const rooms = [open(fixture.room.id), open(fixture.room.id), openExam(fixture.room.examId)];
  await Promise.all(rooms.map((one) => one.ready()));
  expect(fixture.proxy.asked.filter((asked) => asked.startsWith("ws"))).toEqual(["ws /trpc"]);
  for (const one of rooms) one.close();
  await fixture.proxy.idle();
});

test.each(transports)("a room that is listened to already: $name", async ({ WebSocket }) => {
  await using fixture = await liveWorld();
  const { open } = await fixture.client(TEACHER, { live: { WebSocket } });
  const first = open(fixture.room.id);
  await first.ready();
  const second = open(fixture.room.id);
  // It has a connection of its own.
  await second.ready();
  second.close();
  // The first goes on, and after it another can begin.
  expect(first.status).toBe("live");
  first.close();
  await open(fixture.room.id).ready();
});

test("the rooms of an exam come in one order", async () => {
  await using fixture = await liveWorld();
  const { openExam } = await fixture.client({ sub: "a1", role: "admin" });
  const { examId } = fixture.room;
  const exam = openExam(examId);
  expect((await exam.ready())?.rooms.map(({ id }) => id)).toEqual([fixture.room.id]);
  const loop = exam[Symbol.asyncIterator]();
  const untilEnd = until(loop, ({ type }) => type === "room_ended");
  const ended: string[] = [];
  exam.on("room_ended", ({ roomId }) => ended.push(roomId));
  const admin = fixture.app.as({ sub: "a1", role: "admin" });
  const second = await admin.room.create({ name: "Physics", examId });
  await admin.room.setAudioStatus({ roomId: fixture.room.id, audioStatus: "speaking" });
  await admin.room.end({ roomId: second.id });
  const events = (await untilEnd).map(({ type, ...event }) => [type, "roomId" in event && event.roomId]);
  expect(events).toEqual([
    ["room_created", second.id],
    ["audio_status_changed", fixture.room.id],
    ["room_ended", second.id],
  ]);
  expect(ended).toEqual([second.id]);
  expect(exam.state?.rooms.map(({ status, audioStatus }) => [status, audioStatus])).toEqual([
    ["in_progress", "speaking"],
    ["ended", "silent"],
  ]);
});

test("closing is no failure for those who wait: ready() resolves, loops end, and only sending fails", async () => {
  await using fixture = await liveWorld();
  const { open } = await fixture.client(TEACHER);
  const live = open(fixture.room.id);
  const ready = live.ready();
  live.close();
  expect(await ready).toBeUndefined();
  expect(await live.ready()).toBeUndefined();
  await expect(live.send(30_001, 1)).rejects.toThrow("The subscription was closed.");
  await expect(live.broadcast()).rejects.toThrow("The subscription was closed.");
  expect(await untilStatus(live, "closed")).toBeUndefined();
  const seen: RoomEvent[] = [];
  for await (const event of live) seen.push(event);
  expect(seen).toEqual([]);
});

test("a room and an exam are stores: a snapshot stays the same object until something changes", async () => {
  await using fixture = await liveWorld();
  const { open, openExam } = await fixture.client({ sub: "a1", role: "admin" });
  for (const start of [() => open(fixture.room.id), () => openExam(fixture.room.examId)]) {
    const live = start();
    // As a view takes them: without their object.
    const { subscribe, getSnapshot } = live;
    expect(getSnapshot()).toEqual({ status: "connecting", state: undefined, error: undefined });
    let latest = getSnapshot();
    const changes: (typeof latest)[] = [];
    const off = subscribe(() => {
      // It tells nobody without a reason.
      expect(getSnapshot()).not.toBe(latest);
      latest = getSnapshot();
      changes.push(latest);
    });
    const state = await live.ready();
    expect(state).toBeDefined();
    expect(getSnapshot()).toBe(latest);
    expect(latest).toEqual({ status: "live", state, error: undefined });

    const received = until<unknown>(live[Symbol.asyncIterator](), () => true);
    const audioStatus = live.state && "room" in live.state ? "speaking" : "silent";
    await fixture.teacher.room.setAudioStatus({ roomId: fixture.room.id, audioStatus });
    await received;
    expect(getSnapshot()).toBe(latest);
    expect(latest.state).toBe(live.state);
    expect(latest.state).not.toBe(state);
    const statuses = new Set(changes.map(({ status }) => status));
    expect([...statuses]).toEqual(["connecting", "live"]);

    off();
    const before = latest;
    live.close();
    expect(latest).toBe(before);
    expect(getSnapshot()).toMatchObject({ status: "closed", error: undefined });
  }
});
