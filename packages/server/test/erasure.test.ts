import { setImmediate as nextTurn } from "node:timers/promises";
import { and, eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { query } from "../src/storage/statement.js";
import { deadLetters, erasures, messageReaders, messages, streamNames } from "../src/storage/tables.js";
import { openTestDatabase } from "./support/database.js";
import type { ExamsFixture } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";
import { STREAM_CONFIG } from "./support/streams.js";
import { countRows, insertRows, readRows, rowsOf } from "./support/tables.js";
import { namedIn, openTraces, WHO } from "./support/traces.js";

// A person who is removed from an exam together with all their records leaves no trace of their name.

const remove = ({ admin, room }: ExamsFixture, userId = WHO) =>
  admin.participant.removeFromExam({ examId: room.examId, userId, withRecords: true });

/** Erases everything that is due, in the middle of another removal. */
const removeAnother = (fixture: ExamsFixture, userId: string) => remove(fixture, userId);

/** The only rows that may remain: events that tell the room's subscribers of the removal. */
const REMOVAL = /"type":"(participant_removed|participant_left|message)"/;

describe("participant.removeFromExam with records", () => {
  it("leaves no row that names the person, but the log's news of the removal", async () => {
    using folder = tempFolder();
    const { fixture, databaseFile, time } = await openTraces(folder);
    await using _ = fixture;
    expect(await remove(fixture)).toEqual({ rooms: 1, records: 1 });
    const {
      room_events: events = [],
      messages = [],
      message_readers: readers = [],
      erasures = [],
      ...others
    } = await namedIn(databaseFile, WHO);
    expect(others).toEqual({});
    for (const event of events) expect(event).toMatch(REMOVAL);
    // The notice of the removal stays for two minutes. Without it, the person's page would not learn of the
    // removal.
    expect([messages.length, readers.length, erasures.length]).toEqual([1, 2, 1]);
    time.now += 119_999;
    await removeAnother(fixture, "inspector1");
    expect((await namedIn(databaseFile, WHO)).messages).toHaveLength(1);
    time.now += 1;
    await removeAnother(fixture, "examinee2");
    expect(Object.keys(await namedIn(databaseFile, WHO))).toEqual(["room_events"]);
  });

  it("leaves what others said to others, without the name", async () => {
    using folder = tempFolder();
    const { fixture } = await openTraces(folder);
    await using _ = fixture;
    await remove(fixture);
    const messagesOf = async (caller: ExamsFixture["teacher"], roomId: string) =>
      (await caller.im.history({ roomId, type: 30_001 })).messages.map(({ data, to }) => ({
        data,
        ...(to && { to }),
      }));
    expect(await messagesOf(fixture.teacher, fixture.room.id)).toEqual([
      { data: "about nobody" },
      { data: { about: "", n: 1 } },
      { data: { ids: ["examinee2"] }, to: ["examinee2"] },
    ]);
    expect(
      await messagesOf(fixture.as({ sub: "examinee2", role: "examinee" }), fixture.room.id),
    ).toHaveLength(3);
    expect(await messagesOf(fixture.admin, fixture.sibling.id)).toEqual([]);
  });

  it("does not take one whose id begins like another's for that other", async () => {
    using folder = tempFolder();
    const { fixture, databaseFile } = await openTraces(folder);
    await using _ = fixture;
    const { id: roomId } = fixture.room;
    await fixture.admin.participant.add({
      roomId,
      participants: [{ userId: `${WHO}2`, name: "E", role: "examinee" }],
    });
    await fixture
      .as({ sub: `${WHO}2`, role: "examinee" })
      .im.send({ roomId, type: 30_001, data: { me: `${WHO}2` } });
    const before = await namedIn(databaseFile, `${WHO}2`);
    await remove(fixture);
    expect(await namedIn(databaseFile, `${WHO}2`)).toEqual(before);
    await using db = await openTestDatabase({ file: databaseFile });
    const ids = (await rowsOf(db, messages)).map(({ id }) => id);
    const readers = (await rowsOf(db, messageReaders)).map(({ messageId }) => messageId);
    expect(readers.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("deletes dead letters of the exam that name the person, and no others", async () => {
    using folder = tempFolder();
    const { fixture, databaseFile } = await openTraces(folder);
    await using _ = fixture;
    const { examId } = fixture.room;
    const time = new Date(0);
    const letter = { queue: "rong_cloud", kind: "send", key: "g", reason: "expired", attempts: 1 } as const;
    const lettersAbout = (id: string, exam: string, login: string) => [
      { id: `${id} leaves`, examId: exam, payload: { userIds: [login] } },
      { id: `${id} told`, examId: exam, payload: { signal: { type: 1, data: JSON.stringify({ login }) } } },
    ];
    await using db = await openTestDatabase({ file: databaseFile });
    const letters = [
      ...lettersAbout("person", examId, WHO),
      ...lettersAbout("pc", examId, `pc_${WHO}`),
      ...lettersAbout("another", examId, `${WHO}2`),
      ...lettersAbout("elsewhere", "x", WHO),
    ];
    await insertRows(
      db,
      deadLetters,
      letters.map((one) => ({ ...letter, ...one, createdAt: time, diedAt: time })),
    );
    await remove(fixture);
    expect((await rowsOf(db, deadLetters)).map(({ id }) => id)).toEqual([
      "another leaves",
      "another told",
      "elsewhere leaves",
      "elsewhere told",
    ]);
  });

  it("looks through a long history, and lets other calls between", async () => {
    using folder = tempFolder();
    const { fixture, databaseFile } = await openTraces(folder);
    await using _ = fixture;
    const { id: roomId, examId } = fixture.room;
    const message = {
      examId,
      roomId,
      type: 30_001,
      senderId: "teacher1",
      senderRole: "teacher" as const,
      senderCamera: "main" as const,
      createdAt: new Date(0),
    };
    {
      await using db = await openTestDatabase({ file: databaseFile });
      await insertRows(
        db,
        messages,
        Array.from({ length: 3000 }, (_, n) => ({
          ...message,
          data: JSON.stringify({ about: n % 3 === 0 ? WHO : "nobody" }),
        })),
      );
    }
    let between = 0;
    let isDone = false;
    const removing = remove(fixture).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      // A call of a client arrives on a later turn of the event loop.
      await nextTurn();
      await fixture.teacher.im.send({ roomId, type: 30_001, data: "meanwhile" }).catch(() => undefined);
      if (!isDone) between += 1;
    }
    await removing;
    expect(between).toBeGreaterThan(3);
    const left = await namedIn(databaseFile, WHO);
    expect(left.messages?.length).toBe(1);
  });

  it("finds the name however a message writes it in JSON", async () => {
    using folder = tempFolder();
    const { fixture, databaseFile } = await openTraces(folder);
    await using _ = fixture;
    const { id: roomId, examId } = fixture.room;
    const userId = "a.b";
    await fixture.admin.participant.add({
      roomId,
      participants: [{ userId, name: "A", role: "examinee" }],
    });
    const ways = ["\\u0061.b", "a\\u002Eb", "\\u0061\\u002e\\u0062"];
    await using db = await openTestDatabase({ file: databaseFile });
    await insertRows(
      db,
      messages,
      [...ways.map((way) => `{"about":"${way}","\\u0070c_${way}":1}`), '{"about":"a\\u002E"}'].map(
        (data) => ({
          examId,
          roomId,
          type: 30_002,
          senderId: "teacher1",
          senderRole: "teacher" as const,
          senderCamera: "main" as const,
          createdAt: new Date(0),
          data,
        }),
      ),
    );
    await remove(fixture, userId);
    const left = (await rowsOf(db, messages)).filter(({ type }) => type === 30_002);
    expect(left.map(({ data }) => data)).toEqual([...ways.map(() => '{"about":""}'), '{"about":"a\\u002E"}']);
  });

  it("is the same for participant.remove with records, in that room", async () => {
    using folder = tempFolder();
    const { fixture, databaseFile } = await openTraces(folder);
    await using _ = fixture;
    await fixture.admin.participant.remove({ roomId: fixture.sibling.id, userId: WHO, withRecords: true });
    // It was their last room, so they have no access to the exam any more.
    const {
      room_events: events = [],
      messages: _m,
      message_readers: _r,
      erasures: _e,
      ...others
    } = await namedIn(databaseFile, WHO);
    expect(others).toEqual({});
    for (const event of events) expect(event).toMatch(REMOVAL);
  });
});

describe("an erasure that a process did not finish", () => {
  it("erases nothing of a person who came back meanwhile", async () => {
    using folder = tempFolder();
    const { fixture, databaseFile } = await openTraces(folder);
    const { examId } = fixture.room;
    const { id: roomId } = fixture.sibling;
    await fixture.close();
    await using db = await openTestDatabase({ file: databaseFile });
    const erasure = { upToEvent: 0, upToMessage: 0, stage: "traces" as const, createdAt: new Date(0) };
    await insertRows(db, erasures, [{ examId, userId: WHO, ...erasure }]);
    const isTheirs = and(eq(streamNames.userId, WHO), eq(streamNames.roomId, roomId));
    const streams = () =>
      readRows(db, query.select().from(streamNames).where(isTheirs).orderBy(streamNames.name));
    const before = await streams();
    await using app = await createTestApp({ config: { ...STREAM_CONFIG, databaseFile } });
    await expect.poll(() => countRows(db, erasures)).toBe(0);
    expect(await streams()).toEqual(before);
    expect(before).toHaveLength(2);
    const self = app.as({ sub: WHO, role: "examinee" });
    expect((await self.im.history({ roomId, type: 30_001 })).messages).toHaveLength(1);
  });
});
