// Also on PostgreSQL: what happened to a person who was moved, for the staff of both rooms.
import { expect, it } from "vitest";
import { participants } from "../src/storage/tables.js";
import {
  ADMIN,
  EXAMINEE,
  INSPECTOR,
  OTHER,
  openRoomFixture,
  type RoomFixture,
  TEACHER,
} from "./support/room-fixture.js";
import { STREAM_CONFIG, streamReport, streamSignature } from "./support/streams.js";
import { rowsOf } from "./support/tables.js";

/** An inspector of the new room alone. INSPECTOR is in the old one alone. */
const NEXT = { sub: "i2", role: "inspector" } as const;
const { sub: userId } = EXAMINEE;

const open = async (): Promise<RoomFixture> => {
  const fixture = await openRoomFixture({ config: { ...STREAM_CONFIG, presenceSettleSeconds: 0 } });
  await fixture.mutate(ADMIN, "participant.add", {
    roomId: fixture.sibling.id,
    participants: [{ userId: NEXT.sub, name: "I", role: "inspector" }],
  });
  return fixture;
};

/** Lets something of each kind happen to the examinee in a room: a visit of a minute, and a second one that the returned function ends. */
const happen = async (fixture: RoomFixture, { id: roomId, examId }: RoomFixture["room"], said: string) => {
  const { time, services } = fixture;
  const seat = { examId, roomId, userId };
  const page = { ...seat, role: "examinee", camera: "main" } as const;
  const leave = services.presence.connect(page);
  await fixture.written();
  time.now += 60_000;
  leave();
  await fixture.written();
  const leaveLater = services.presence.connect(page);
  const report = {
    ...streamReport({ id: roomId, examId }, userId),
    ...streamSignature(new Date(time.now)),
  };
  const record = { userId, isMainMonitor: true, detectType: said, detectTime: new Date(time.now) };
  const by = [
    await fixture.mutate(ADMIN, "stream.report", report),
    await fixture.mutate(ADMIN, "cheat.addRecords", { roomId, records: [record] }),
    await fixture.mutate(EXAMINEE, "im.send", { roomId, type: 30_001, data: { text: said } }),
    await fixture.mutate(EXAMINEE, "hand.raise", { roomId, kind: "technical", text: said }),
    await fixture.mutate(TEACHER, "exam.note", { examId, roomId, userId, text: said, key: said }),
  ];
  expect(by.map(({ status }) => status)).toEqual(by.map(() => 200));
  await services.talks.begin(seat, TEACHER.sub, new Date(time.now));
  time.now += 1000;
  await services.talks.end(seat, new Date(time.now));
  await fixture.written();
  return async () => {
    leaveLater();
    await fixture.written();
  };
};

/** The rooms of the entries of each list about a person, as a caller of a room sees them. */
const listsOf = async (fixture: RoomFixture, caller: typeof EXAMINEE, roomId: string, of = userId) => {
  const { room, sibling } = fixture;
  const input = { roomId, userId: of, pageSize: 100 };
  const [records, messages, streams, talks, hands, visits, entries] = await Promise.all([
    fixture.query(caller, "cheat.listRecords", { roomId, userIds: [of] }),
    fixture.query(caller, "im.history", { ...input, type: 30_001 }),
    fixture.query(caller, "stream.listEvents", input),
    fixture.query(caller, "stream.listTalks", input),
    fixture.query(caller, "hand.list", input),
    fixture.query(caller, "room.visits", input),
    fixture.query(caller, "exam.entries", { examId: room.examId, userId: of }),
  ]);
  const names = new Map([room, sibling].map(({ id, name }) => [id, name]));
  const placesOf = (rows: readonly { roomId: string }[]) =>
    rows
      .map((row) => names.get(row.roomId) ?? "?")
      .toSorted()
      .join("");
  return {
    records: placesOf(records.data.records),
    messages: placesOf(messages.data.messages),
    streams: placesOf(streams.data.events),
    talks: placesOf(talks.data.talks),
    hands: placesOf(hands.data.hands),
    visits: placesOf(visits.data.visits),
    entries: placesOf(entries.data.entries),
  };
};
const each = (places: string) => ({
  records: places,
  messages: places,
  streams: places,
  talks: places,
  hands: places,
  visits: places,
  entries: places,
});

it("belongs to the person, in whichever rooms of the exam it was", async () => {
  await using fixture = await open();
  const { room, sibling } = fixture;
  const leave = await happen(fixture, room, "before");
  const move = { roomId: room.id, userId, toRoomId: sibling.id };
  expect((await fixture.mutate(ADMIN, "participant.move", move)).data).toBe(true);
  await leave();
  const inOld = { ...each("A"), visits: "AA" };
  expect(await listsOf(fixture, NEXT, sibling.id)).toEqual(inOld);
  expect(await listsOf(fixture, INSPECTOR, room.id)).toEqual(inOld);

  const leaveNew = await happen(fixture, sibling, "after");
  await leaveNew();
  expect(await listsOf(fixture, NEXT, sibling.id)).toEqual({ ...each("AB"), visits: "AABB" });
  // The staff of the old room keep what they saw, and see nothing of the new one.
  expect(await listsOf(fixture, INSPECTOR, room.id)).toEqual(inOld);
  const { error } = await fixture.query(INSPECTOR, "room.visits", { roomId: sibling.id, userId });
  expect(error?.data.reason).toBe("FORBIDDEN");
  // One who stays there is of no concern to the new room.
  expect(await listsOf(fixture, NEXT, sibling.id, OTHER.sub)).toEqual(each(""));
  // Nor is what happened elsewhere to one who has left the new room.
  await fixture.mutate(ADMIN, "participant.move", { roomId: sibling.id, userId, toRoomId: room.id });
  expect(await listsOf(fixture, INSPECTOR, room.id)).toEqual({ ...each("AB"), visits: "AABB" });
  expect(await listsOf(fixture, NEXT, sibling.id)).toEqual({ ...each("B"), visits: "BB" });
});

it("does not make a person expected who was in the exam before the move, for those who read and those who listen", async () => {
  await using fixture = await open();
  const { room, sibling, time } = fixture;
  const { examId } = room;
  const leave = await happen(fixture, room, "before");
  time.now += 1000;
  const moved = new Date(time.now);
  await fixture.mutate(ADMIN, "participant.move", { roomId: room.id, userId, toRoomId: sibling.id });
  await fixture.mutate(ADMIN, "participant.move", {
    roomId: room.id,
    userId: OTHER.sub,
    toRoomId: sibling.id,
  });
  await leave();
  const { people, counts } = (await fixture.query(NEXT, "exam.people", { examId })).data;
  const leftOf = (id: string) => people.find((one: { userId: string }) => one.userId === id).left;
  expect(leftOf(userId)).toEqual([{ camera: "main", since: moved }]);
  expect(leftOf(OTHER.sub)).toEqual([]);
  expect(counts).toMatchObject({ disconnected: 1, expected: 1 });
  const [told, other] = await fixture.happened(sibling, "participant_added").then((all) => all.slice(-2));
  expect(told?.[1]).toMatchObject({ userId, mainLeftAt: moved.toISOString() });
  expect(other?.[1]).toEqual({ userId: OTHER.sub, role: "examinee", name: OTHER.sub, extraMinutes: 0 });
  // It stays when they are moved on, although no page has connected in between.
  await fixture.mutate(ADMIN, "participant.move", { roomId: sibling.id, userId, toRoomId: room.id });
  const seats = (await rowsOf(fixture.db, participants)).filter((seat) => seat.userId === userId);
  expect(seats).toMatchObject([{ roomId: room.id }]);
  const again = (await fixture.query(ADMIN, "exam.people", { examId, roomId: room.id })).data.people;
  expect(again.find((one: { userId: string }) => one.userId === userId).left).toEqual([
    { camera: "main", since: moved },
  ]);
});
