// Also on PostgreSQL: what the page of an examinee reports about the talks with them.
import { expect, it } from "vitest";
import {
  ADMIN,
  EXAMINEE,
  INSPECTOR,
  OTHER,
  openRoomFixture,
  type RoomFixture,
  TEACHER,
} from "./support/room-fixture.js";

const { sub: userId } = EXAMINEE;

const seatIn = ({ room: { id: roomId, examId } }: RoomFixture) => ({ examId, roomId, userId });
/** Begins a talk of the teacher with the examinee. */
const begin = async (fixture: RoomFixture): Promise<Date> => {
  fixture.time.now += 1000;
  const since = new Date(fixture.time.now);
  // The media server tells when somebody talks: process-media.test.ts has one.
  await fixture.services.talks.begin(seatIn(fixture), TEACHER.sub, since);
  fixture.time.now += 1000;
  return since;
};
const report = (fixture: RoomFixture, since: Date, isHeard = true, caller = EXAMINEE) =>
  fixture.mutate(caller, "stream.reportHeard", { roomId: fixture.room.id, since, isHeard });
const openIn = async (fixture: RoomFixture, caller = TEACHER) =>
  (await fixture.query(caller, "room.snapshot", { roomId: fixture.room.id })).data.talks;
const keptOf = async (fixture: RoomFixture) => {
  const { data } = await fixture.query(TEACHER, "stream.listTalks", { roomId: fixture.room.id });
  return data.talks.map(({ startedAt, heardAt }: { startedAt: Date; heardAt?: Date }) => [
    startedAt,
    heardAt,
  ]);
};

it("says of a talk whether the examinee's page plays it now, and keeps when it first did", async () => {
  await using fixture = await openRoomFixture();
  const { time, room } = fixture;
  const since = await begin(fixture);
  const talk = { userId, by: TEACHER.sub, since };
  for (const caller of [TEACHER, INSPECTOR, EXAMINEE])
    expect(await openIn(fixture, caller)).toEqual([{ ...talk, isHeard: false }]);
  expect(await keptOf(fixture)).toEqual([[since, undefined]]);

  const heardAt = new Date(time.now);
  for (let times = 0; times < 2; times += 1) expect((await report(fixture, since)).data).toBe(true);
  for (const caller of [TEACHER, INSPECTOR, EXAMINEE])
    expect(await openIn(fixture, caller)).toEqual([{ ...talk, isHeard: true }]);

  // The page is reloaded, and the browser does not let it sound before a click.
  time.now += 1000;
  await report(fixture, since, false);
  expect(await openIn(fixture)).toEqual([{ ...talk, isHeard: false }]);
  time.now += 1000;
  await report(fixture, since);
  expect(await openIn(fixture)).toEqual([{ ...talk, isHeard: true }]);
  expect(await keptOf(fixture)).toEqual([[since, heardAt]]);
  const told = { userId, role: "examinee", by: TEACHER.sub, since: since.toISOString() };
  expect(await fixture.happened(room, "talk_heard")).toEqual(
    [true, false, true].map((isHeard) => ["talk_heard", { ...told, isHeard }]),
  );
});

it("takes a late report for the talk that it names, and for none that is over", async () => {
  await using fixture = await openRoomFixture();
  const first = await begin(fixture);
  await fixture.services.talks.end(seatIn(fixture), new Date(fixture.time.now));
  expect((await report(fixture, first)).data).toBe(true);
  const second = await begin(fixture);
  expect((await report(fixture, first)).data).toBe(true);
  expect(await openIn(fixture)).toMatchObject([{ since: second, isHeard: false }]);
  expect(await keptOf(fixture)).toEqual([
    [second, undefined],
    [first, undefined],
  ]);
  expect(await fixture.happened(fixture.room, "talk_heard")).toEqual([]);
});

it("takes no report about a talk with somebody else", async () => {
  await using fixture = await openRoomFixture();
  const since = await begin(fixture);
  expect((await report(fixture, since, true, OTHER)).data).toBe(true);
  for (const caller of [ADMIN, TEACHER, INSPECTOR])
    expect((await report(fixture, since, true, caller)).error?.data.reason).toBe("FORBIDDEN");
  expect(await openIn(fixture)).toMatchObject([{ isHeard: false }]);
});

it("takes a bounded number of reports of one person", async () => {
  await using fixture = await openRoomFixture();
  const since = await begin(fixture);
  const reasons = new Set<string | undefined>();
  for (let call = 0; call < 130; call += 1)
    reasons.add((await report(fixture, since, call % 2 === 0)).error?.data.reason);
  expect([...reasons]).toEqual([undefined, "TOO_MANY_REQUESTS"]);
  // Another person's reports are as welcome as before.
  expect((await report(fixture, since, true, OTHER)).data).toBe(true);
});
