import { type EventType, events, signalExamples, signals } from "@invigil/schema";
import { expect, it } from "vitest";
import { chargesOf } from "../src/trpc/procedures.js";
import { type AnyExamEvent, listenExam, listenRoom } from "./support/listening.js";
import { ADMIN, type LiveFixture, openLiveFixture, TEACHER } from "./support/live-fixture.js";
import { prepareCall } from "./support/prepared-calls.js";
import { calls, EVERYTHING } from "./support/procedure-calls.js";
import { STREAM_CONFIG, streamReport, streamSignature } from "./support/streams.js";

// The reference shows an example of each event and signal (docs/api/events.md, signals.md). Here they happen.

/** The fields of a value and their types. */
const shapeOf = (value: unknown): unknown => {
  if (value instanceof Date) return "Date";
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shapeOf(part)]));
};

const LI = { userId: "e1", role: "examinee" } as const;
const { message } = events.message.example;
const records = events.cheat_records_added.example.records;

/** Makes each call that adds events, in a fixture of its own. Returns the events. */
const eventsOfCalls = async (fixture: LiveFixture): Promise<AnyExamEvent[]> => {
  const received: AnyExamEvent[] = [];
  for (const call of calls.filter(({ procedure }) => chargesOf(procedure).includes("events"))) {
    const prepared = await prepareCall(fixture, call);
    if (!prepared) continue;
    const { admin, sibling } = prepared.fixture;
    await using listening = await listenExam(fixture, ADMIN, { examId: sibling.examId });
    await prepared.make();
    await admin.room.end({ roomId: sibling.id });
    const isLast = (event: AnyExamEvent): boolean =>
      event.type === "room_ended" && event.roomId === sibling.id;
    received.push(...(await listening.until(isLast)));
  }
  return received;
};

/** Makes the other events happen in a room, and those whose examples show more than these calls do. Returns the events. */
const otherEvents = async (fixture: LiveFixture): Promise<AnyExamEvent[]> => {
  const { id: roomId, examId } = fixture.room;
  const [admin, teacher] = [fixture.as(ADMIN), fixture.as(TEACHER)];
  await using watching = await listenExam(fixture, ADMIN, { examId });
  await teacher.participant.add({ roomId, participants: [events.participant_added.example] });
  await teacher.participant.add({ roomId, participants: [events.participant_updated.example] });
  await admin.room.rename({ examId, roomId, name: "Renamed" });
  const { id: spare } = await admin.room.create({ name: "Spare", examId });
  await admin.room.delete({ examId, roomId: spare });
  const rooms = await watching.until(({ type }) => type === "room_deleted");
  const first = await listenRoom(fixture, { sub: LI.userId, role: LI.role }, { roomId });
  const entered = await watching.until(({ type }) => type === "participant_entered");
  const second = await listenRoom(fixture, { sub: LI.userId, role: LI.role }, { roomId });
  const changed = await watching.until(({ type }) => type === "devices_changed");
  await second.leave();
  await first.leave();
  const left = await watching.until(({ type }) => type === "participant_left");
  const own = fixture.as({ sub: LI.userId, role: LI.role });
  await own.attempt.consent({ roomId, version: 0 });
  await watching.until(({ type }) => type === "readiness_changed");
  const { camera } = events.readiness_changed.example.checks;
  await own.attempt.reportReadiness({ roomId, checks: { camera } });
  const checked = await watching.take(1);
  await teacher.im.send({ roomId, type: message.type, data: message.data, to: message.to });
  await admin.cheat.addRecords({ roomId, records: [...records] });
  const file = Buffer.from("id,name\nwaits,W\n").toString("base64");
  await admin.participant.import({ examId, file });
  // The media server tells when somebody talks: process-media.test.ts has one.
  const since = new Date();
  await fixture.services.talks.begin({ examId, roomId, userId: LI.userId }, TEACHER.sub, since);
  await own.stream.reportHeard({ roomId, since, isHeard: true });
  return [...rooms, ...entered, ...changed, ...left, ...checked, ...(await watching.take(5))];
};

it("the example of each event has the shape of what is delivered", async () => {
  await using fixture = await openLiveFixture({ config: { ...EVERYTHING.config, presenceSettleSeconds: 0 } });
  const delivered = [...(await otherEvents(fixture)), ...(await eventsOfCalls(fixture))];
  const common = { id: "8", roomId: "r1", time: new Date() };
  // Safe: the keys are the types.
  for (const type of Object.keys(events) as EventType[]) {
    const found = delivered.find((event) => event.type === type);
    expect.soft(shapeOf(found), type).toEqual(shapeOf({ type, ...common, ...events[type].example }));
  }
});

it("the example of each signal can be sent, and is what the server sends", async () => {
  await using fixture = await openLiveFixture({ config: STREAM_CONFIG });
  const { room } = fixture;
  await using listening = await listenRoom(fixture, ADMIN, { roomId: room.id });
  const sent = Object.values(signals).filter(({ sender }) => sender !== "server");
  for (const { type, kind } of sent)
    await fixture.as(TEACHER).im.send({ roomId: room.id, type, data: signalExamples[kind] });
  const report = streamReport(room, "examinee1");
  await fixture.as(ADMIN).stream.report({ ...report, ...streamSignature() });
  const stopped = { ...report, action: "publish_done", time: report.time + 1 } as const;
  await fixture.as(ADMIN).stream.report({ ...stopped, ...streamSignature() });
  const received = await listening.until(
    (event) => event.type === "message" && event.message.type === signals.streamStopped.type,
  );
  const messages = received.flatMap((event) => (event.type === "message" ? [event.message] : []));
  const expected = [...sent, signals.streamPublished, signals.streamStopped];
  expect(messages.map(({ type, data }) => [type, shapeOf(data)])).toEqual(
    expected.map(({ type, kind }) => [type, shapeOf(signalExamples[kind])]),
  );
});
