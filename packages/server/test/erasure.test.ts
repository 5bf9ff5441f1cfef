import { setImmediate as nextTurn } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { tempFolder } from "./support/folders.js";
import { CHEAT_CONFIG, type School } from "./support/school.js";
import { STREAM_CONFIG } from "./support/streams.js";
import { namedIn, openTraces, WHO } from "./support/traces.js";

// A person who is removed from an exam together with all their records leaves no trace of their name.

const remove = ({ admin, room }: School, userId = WHO) =>
  admin.participant.removeFromExam({ examId: room.examId, userId, withRecords: true });

/** Erases everything that is due, in the middle of another removal. */
const removeAnother = (school: School, userId: string) => remove(school, userId);

/** The only rows that may remain: events that tell the room's subscribers of the removal. */
const REMOVAL = /"type":"(participant_removed|participant_left|message)"/;

describe("participant.removeFromExam with records", () => {
  it("leaves no row that names the person, but the log's news of the removal", async () => {
    using folder = tempFolder();
    const { school, databaseFile, time } = await openTraces(folder);
    await using _ = school;
    expect(Object.keys(namedIn(databaseFile, WHO)).toSorted()).toEqual([
      "cheat_records",
      "message_logins",
      "message_readers",
      "messages",
      "participants",
      "recorded_people",
      "room_events",
      "seat_generations",
      "stream_events",
      "stream_names",
    ]);
    expect(await remove(school)).toEqual({ rooms: 1, records: 1 });
    const {
      room_events: events = [],
      messages = [],
      message_readers: readers = [],
      erasures = [],
      ...others
    } = namedIn(databaseFile, WHO);
    expect(others).toEqual({});
    for (const event of events) expect(event).toMatch(REMOVAL);
    // The notice of the removal stays for two minutes. Without it, the person's page would not learn of the
    // removal.
    expect([messages.length, readers.length, erasures.length]).toEqual([1, 2, 1]);
    time.now += 119_999;
    await removeAnother(school, "inspector1");
    expect(namedIn(databaseFile, WHO).messages).toHaveLength(1);
    time.now += 1;
    await removeAnother(school, "examinee2");
    expect(Object.keys(namedIn(databaseFile, WHO))).toEqual(["room_events"]);
  });

  it("leaves what others said to others, without the name", async () => {
    using folder = tempFolder();
    const { school } = await openTraces(folder);
    await using _ = school;
    await remove(school);
    const messagesOf = async (caller: School["teacher"], roomId: string) =>
      (await caller.im.history({ roomId, type: 30_001 })).messages.map(({ data, to }) => ({
        data,
        ...(to && { to }),
      }));
    expect(await messagesOf(school.teacher, school.room.id)).toEqual([
      { data: "about nobody" },
      { data: { about: "", n: 1 } },
      { data: { ids: ["examinee2"] }, to: ["examinee2"] },
    ]);
    expect(await messagesOf(school.as({ sub: "examinee2", role: "examinee" }), school.room.id)).toHaveLength(
      3,
    );
    expect(await messagesOf(school.admin, school.sibling.id)).toEqual([]);
  });

  it("leaves everything of everybody else, and of the person in other exams", async () => {
    using folder = tempFolder();
    const { school, databaseFile } = await openTraces(folder);
    await using _ = school;
    await school.admin.participant.add({
      roomId: school.other.id,
      participants: [{ userId: WHO, name: "E", role: "examinee" }],
    });
    const elsewhere = school.as({ sub: WHO, role: "examinee" });
    await elsewhere.im.send({ roomId: school.other.id, type: 30_001, data: "there" });
    await elsewhere.cheat.addRecords({ roomId: school.other.id, records: [school.detection(WHO)] });
    const before = { others: namedIn(databaseFile, "examinee2"), config: CHEAT_CONFIG };
    await remove(school);
    const after = namedIn(databaseFile, "examinee2");
    expect(Object.keys(after)).toEqual(Object.keys(before.others));
    for (const table of Object.keys(after).filter((name) => name !== "messages"))
      expect(after[table]).toEqual(before.others[table]);
    expect((await elsewhere.im.history({ roomId: school.other.id })).messages).toHaveLength(1);
    expect((await school.admin.cheat.listRecords({ roomId: school.other.id })).records).toHaveLength(1);
    expect(await school.admin.cheat.getConfig({ examId: school.room.examId })).toMatchObject({
      data: CHEAT_CONFIG,
    });
  });

  it("does not take one whose id begins like another's for that other", async () => {
    using folder = tempFolder();
    const { school, databaseFile } = await openTraces(folder);
    await using _ = school;
    const { id: roomId } = school.room;
    await school.admin.participant.add({
      roomId,
      participants: [{ userId: `${WHO}2`, name: "E", role: "examinee" }],
    });
    await school
      .as({ sub: `${WHO}2`, role: "examinee" })
      .im.send({ roomId, type: 30_001, data: { me: `${WHO}2` } });
    const before = namedIn(databaseFile, `${WHO}2`);
    await remove(school);
    expect(namedIn(databaseFile, `${WHO}2`)).toEqual(before);
    const database = new Sqlite(databaseFile, { readonly: true });
    const ofNone = "SELECT count(*) FROM message_readers WHERE message_id NOT IN (SELECT id FROM messages)";
    expect(database.prepare(ofNone).pluck().get()).toBe(0);
    database.close();
  });

  it("looks through a long history, and lets other calls between", async () => {
    using folder = tempFolder();
    const { school, databaseFile } = await openTraces(folder);
    await using _ = school;
    const { id: roomId } = school.room;
    const database = new Sqlite(databaseFile);
    database
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
         INSERT INTO messages (room_id, type, data, sender_id, sender_role, sender_camera, created_at)
         SELECT ?, 30001, json_object('about', iif(i % 3 = 0, '${WHO}', 'nobody')), 'teacher1', 'teacher', 'main', 0 FROM n`,
      )
      .run(roomId);
    database.close();
    let between = 0;
    let isDone = false;
    const removing = remove(school).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      // A call of a client arrives on a later turn of the event loop.
      await nextTurn();
      await school.teacher.im.send({ roomId, type: 30_001, data: "meanwhile" }).catch(() => undefined);
      if (!isDone) between += 1;
    }
    await removing;
    expect(between).toBeGreaterThan(3);
    const left = namedIn(databaseFile, WHO);
    expect(left.messages?.length).toBe(1);
  });

  it("is the same for participant.remove with records, in that room", async () => {
    using folder = tempFolder();
    const { school, databaseFile } = await openTraces(folder);
    await using _ = school;
    await school.admin.participant.remove({ roomId: school.sibling.id, userId: WHO, withRecords: true });
    // It was their last room, so they have no access to the exam any more.
    const {
      room_events: events = [],
      messages: _m,
      message_readers: _r,
      erasures: _e,
      ...others
    } = namedIn(databaseFile, WHO);
    expect(others).toEqual({});
    for (const event of events) expect(event).toMatch(REMOVAL);
  });
});

describe("an erasure that a process did not finish", () => {
  it("erases nothing of a person who came back meanwhile", async () => {
    using folder = tempFolder();
    const { school, databaseFile } = await openTraces(folder);
    const { examId } = school.room;
    const { id: roomId } = school.sibling;
    await school.close();
    const database = new Sqlite(databaseFile);
    database
      .prepare(
        "INSERT INTO erasures (exam_id, user_id, up_to_event, up_to_message, stage, created_at) VALUES (?, ?, 0, 0, 'traces', 0)",
      )
      .run(examId, WHO);
    const streams = database.prepare("SELECT * FROM stream_names WHERE user_id = ? AND room_id = ?");
    const before = streams.all(WHO, roomId);
    const done = database.prepare<[], number>("SELECT count(*) FROM erasures").pluck();
    await using app = await createTestApp({ config: { ...STREAM_CONFIG, databaseFile } });
    await expect.poll(() => done.get(), { timeout: 15_000 }).toBe(0);
    expect(streams.all(WHO, roomId)).toEqual(before);
    expect(before).toHaveLength(2);
    const self = app.as({ sub: WHO, role: "examinee" });
    expect((await self.im.history({ roomId, type: 30_001 })).messages).toHaveLength(1);
    database.close();
  });
});
