import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { eq, isNotNull, like } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import type { Database } from "../src/storage/database.js";
import type { Transaction } from "../src/storage/port.js";
import { sqliteDialect } from "../src/storage/sqlite/dialect.js";
import { type AnyStatement, partsOf, query } from "../src/storage/statement.js";
import {
  bulkChanges,
  cheatRecords,
  exams,
  participants,
  personChanges,
  recordedPeople,
  roomEvents,
  rooms,
  streamNames,
  unseated,
  visibleParticipants,
} from "../src/storage/tables.js";
import { fieldsOf } from "../src/trpc/procedures.js";
import { openAppFixture } from "./support/app-fixture.js";
import { type TrpcAnswer, trpc } from "./support/calls.js";
import { openTestDatabase } from "./support/database.js";
import { often } from "./support/effort.js";
import { tempFolder } from "./support/folders.js";
import { procedures } from "./support/router.js";
import { countRows, insertRows, readRows, rowsOf } from "./support/tables.js";

const ADMIN = { sub: "root", role: "admin" } as const;
const PEOPLE = often(1500, 3000);
const ROOM_SIZE = 100;
/** The maximum number of rows that one write may change. A small change is one write. */
const MOST_ROWS = 1200;

const roster = (name: string, room?: (n: number) => string): string => {
  const rows = Array.from({ length: PEOPLE }, (_, n) => `k${n},${name} ${n}${room ? `,${room(n)}` : ""}\n`);
  return Buffer.from(`id,name${room ? ",room" : ""}\n${rows.join("")}`).toString("base64");
};
const teachersOf = (rooms: number) =>
  Array.from({ length: rooms }, (_, n) => ({ userId: `t${n}`, name: `T${n}`, role: "teacher" as const }));
const teachers = teachersOf(PEOPLE / ROOM_SIZE);
const times = { startTime: new Date("2026-02-01T08:00:00Z"), endTime: new Date("2026-02-01T10:00:00Z") };

/** Counts the rows that each write changes. */
const counted = (db: Database, seen: number[]): Database => ({
  ...db,
  storage: {
    ...db.storage,
    write: (work, options) =>
      db.storage.write(async (tx) => {
        let changed = 0;
        const counting: Transaction = {
          ...tx,
          async all(statement, values) {
            const rows = await tx.all(statement, values);
            if (writes(statement)) changed += rows.length;
            return rows;
          },
          async get(statement, values) {
            const row = await tx.get(statement, values);
            if (row !== undefined && writes(statement)) changed += 1;
            return row;
          },
          async run(statement, values) {
            const count = await tx.run(statement, values);
            changed += count;
            return count;
          },
          async insert(insertion, rows) {
            changed += rows.length;
            return tx.insert(insertion, rows);
          },
        };
        const result = await work(counting);
        seen.push(changed);
        return result;
      }, options),
  },
});
/** Whether a statement changes the rows that it returns. */
const writes = (statement: AnyStatement): boolean => partsOf(statement, sqliteDialect).writes !== undefined;

/** An exam whose changes are observed: by the rows of each write, and by another process on the same file. */
const openExam = async () => {
  const folder = tempFolder();
  const databaseFile = join(folder.path, "invigil.db");
  const rows: number[] = [];
  const fixture = await openAppFixture({
    config: { databaseFile },
    change: (deps) => ({ ...deps, db: counted(deps.db, rows) }),
  });
  const admin = trpc(fixture, await fixture.token(ADMIN));
  const other: TestApp = await createTestApp({ config: { databaseFile } });
  const db = await openTestDatabase({ file: databaseFile });
  const dataOf = ({ status, data, error }: TrpcAnswer) => {
    if (status !== 200) throw new Error(JSON.stringify(error));
    return data;
  };
  const { id: examId } = dataOf(await admin.mutate("exam.create", { name: "Large", ...times }));
  const reader = other.as(ADMIN);

  const finished = async (): Promise<void> => {
    while ((await countRows(db, bulkChanges)) !== 0) await nextTurn();
  };
  return {
    examId,
    admin,
    reader,
    db,
    rows,
    finished,
    /**
     * Makes a call of `world`, and repeatedly reads in the other process. Returns the distinct results in
     * order.
     */
    async watched<Seen>(call: () => Promise<TrpcAnswer>, look: () => Promise<Seen>) {
      // Read before the change, however fast the change is.
      const seen = [JSON.stringify(await look())];
      let isOver = false;
      const looking = (async () => {
        while (!isOver) {
          const text = JSON.stringify(await look());
          if (text !== seen.at(-1)) seen.push(text);
          await nextTurn();
        }
      })();
      rows.length = 0;
      const data = dataOf(await call());
      // The change is visible as soon as the call has returned.
      const answered = await look();
      await finished();
      isOver = true;
      await looking;
      return { data, answered, seen: seen.map((text) => JSON.parse(text) as Seen), rows: [...rows] };
    },
    async import(file: string) {
      dataOf(await admin.mutate("participant.import", { examId, file }));
      await finished();
    },
    async plan() {
      const { rooms } = dataOf(await admin.mutate("exam.plan", { examId, roomSize: ROOM_SIZE, teachers }));
      await finished();
      return rooms as { roomId: string; name: string }[];
    },
    async [Symbol.asyncDispose]() {
      await db.close();
      await other.close();
      await fixture[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
};

/** Expects many writes, none of them large. */
const expectSmall = (rows: readonly number[], least: number): void => {
  expect(Math.max(...rows)).toBeLessThanOrEqual(MOST_ROWS);
  expect(rows.length).toBeGreaterThan(least);
};

describe("a large import", () => {
  it("is made in small writes, and seen by another process as a whole", async () => {
    await using exam = await openExam();
    const { examId, admin, reader } = exam;
    const file = roster("Name");
    const { data, answered, seen, rows } = await exam.watched(
      () => admin.mutate("participant.import", { examId, file }),
      async () => (await reader.participant.listUnseated({ examId })).totals?.unseated,
    );
    expect(data).toMatchObject({ rows: PEOPLE, added: PEOPLE });
    expect(answered).toBe(PEOPLE);
    expect(seen).toEqual([0, PEOPLE]);
    expectSmall(rows, 5);
  });

  it("into rooms tells them of everybody, and changes names and minutes of all at once", async () => {
    await using exam = await openExam();
    const { examId, admin, reader } = exam;
    await exam.import(roster("Name"));
    const rooms = await exam.plan();
    const [first, last] = [rooms[0]?.roomId ?? "", rooms.at(-1)?.roomId ?? ""];
    const firstNames = async (): Promise<string[]> => {
      const lists = await Promise.all([first, last].map((roomId) => reader.participant.list({ roomId })));
      return lists.map((people) => people[0]?.name.split(" ")[0] ?? "");
    };
    const before = await countRows(exam.db, roomEvents);
    const { answered, seen, rows } = await exam.watched(
      () => admin.mutate("participant.import", { examId, file: roster("Renamed") }),
      firstNames,
    );
    expect(answered).toEqual(["Renamed", "Renamed"]);
    // Two lists are two reads, and the change may become visible between them.
    expect(seen.at(0)).toEqual(["Name", "Name"]);
    expect(seen.slice(1, -1).filter(([one, other]) => one === "Renamed" && other === "Name")).toEqual([]);
    expect(seen.at(-1)).toEqual(["Renamed", "Renamed"]);
    expectSmall(rows, 5);
    expect(await countRows(exam.db, participants, like(participants.name, "Renamed %"))).toBe(PEOPLE);
    expect(await countRows(exam.db, participants, isNotNull(participants.changedBy))).toBe(0);
    // One for each person, and one that says that the roster changed.
    expect(await countRows(exam.db, roomEvents)).toBe(before + PEOPLE + 1);

    const addedPeople = roster("New", (n) => rooms[n % rooms.length]?.name ?? "");
    const file = Buffer.from(Buffer.from(addedPeople, "base64").toString().replaceAll("\nk", "\nn")).toString(
      "base64",
    );
    const joined = await exam.watched(
      () => admin.mutate("participant.import", { examId, file }),
      async () => (await reader.participant.listUnseated({ examId })).totals?.seated,
    );
    // A count of many rooms takes several turns of the event loop, in which the change may become visible.
    expect([joined.seen.at(0), joined.seen.at(-1)]).toEqual([PEOPLE, 2 * PEOPLE]);
    expect(joined.answered).toBe(2 * PEOPLE);
    expectSmall(joined.rows, 10);
    const added = await readRows(
      exam.db,
      query.select().from(roomEvents).where(eq(roomEvents.type, "participant_added")),
    );
    const addedCount = added.filter(
      ({ data: { userId } }) => typeof userId === "string" && userId.startsWith("n"),
    ).length;
    expect(addedCount).toBe(PEOPLE);
  });

  it("with a fault in its last row leaves nothing behind", async () => {
    await using exam = await openExam();
    const { examId, admin, reader, db } = exam;
    await exam.import(roster("Name"));
    const [room] = await exam.plan();
    const everything = () =>
      Promise.all([
        rowsOf(db, participants),
        rowsOf(db, unseated),
        rowsOf(db, streamNames),
        rowsOf(db, personChanges),
        rowsOf(db, bulkChanges),
        rowsOf(db, roomEvents),
      ]);
    const before = await everything();
    // The last person is already in another room.
    const rows = Array.from({ length: PEOPLE }, (_, n) => `x${n},X,${room?.name}\n`).join("");
    const file = Buffer.from(`id,name,room\n${rows}k${PEOPLE - 1},K,${room?.name}\n`).toString("base64");
    exam.rows.length = 0;
    const { status, error } = await admin.mutate("participant.import", { examId, file });
    expect([status, error?.data.reason]).toEqual([400, "INVALID_INPUT"]);
    expect(await everything()).toEqual(before);
    expect((await reader.participant.listUnseated({ examId })).totals).toEqual({
      unseated: 0,
      seated: PEOPLE,
    });
    expectSmall(exam.rows, 5);
  });

  it("lets other exams write meanwhile, and other changes of its people wait", async () => {
    await using exam = await openExam();
    const { examId, admin } = exam;
    await exam.import(roster("Name"));
    const [room] = await exam.plan();
    const order: string[] = [];
    const noted = async (name: string, call: Promise<TrpcAnswer>) => {
      const { status } = await call;
      order.push(`${name} ${status}`);
    };
    const file = roster("Renamed");
    const importing = noted("import", admin.mutate("participant.import", { examId, file }));
    while ((await countRows(exam.db, bulkChanges)) === 0) await nextTurn();
    const person = { userId: "k0", name: "By hand", role: "examinee" };
    await Promise.all([
      importing,
      noted("add", admin.mutate("participant.add", { roomId: room?.roomId, participants: [person] })),
      noted("other exam", admin.mutate("room.create", { name: "Another exam" })),
    ]);
    expect(order).toEqual(["other exam 200", "import 200", "add 200"]);
    await exam.finished();
    const named = query
      .select({ name: visibleParticipants.name })
      .from(visibleParticipants)
      .where(eq(visibleParticipants.userId, "k0"));
    expect(await readRows(exam.db, named)).toEqual([{ name: "By hand" }]);
  });
});

describe("a large plan", () => {
  it("is made in small writes, and its rooms are seen together", async () => {
    await using exam = await openExam();
    const { examId, admin, reader } = exam;
    await exam.import(roster("Name"));
    const { data, answered, seen, rows } = await exam.watched(
      () => admin.mutate("exam.plan", { examId, roomSize: ROOM_SIZE, teachers }),
      async () => (await reader.exam.snapshot({ examId })).rooms.length,
    );
    expect(data).toMatchObject({ newRooms: PEOPLE / ROOM_SIZE, seated: PEOPLE });
    expect(answered).toBe(PEOPLE / ROOM_SIZE);
    expect(seen).toEqual([0, PEOPLE / ROOM_SIZE]);
    expectSmall(rows, 10);
    expect((await reader.participant.listUnseated({ examId })).totals).toEqual({
      unseated: 0,
      seated: PEOPLE,
    });
    const types = (await rowsOf(exam.db, roomEvents)).map(({ type }) => type);
    const created = Array.from({ length: PEOPLE / ROOM_SIZE }, () => "room_created");
    // Also of the import that brought the people.
    expect(types).toEqual(["roster_changed", ...created, "roster_changed"]);
  });

  it("lists what fits into one answer, and the rest of a preview on demand", async () => {
    await using exam = await openExam();
    const { examId, admin } = exam;
    const people = Array.from({ length: 6000 }, (_, n) => `k${n},K\n`).join("");
    await exam.import(Buffer.from(`id,name\n${people}`).toString("base64"));
    const preview = async (skipRooms?: number) =>
      (
        await admin.mutate("exam.plan", {
          examId,
          roomSize: 200,
          teachers: teachersOf(30),
          dryRun: true,
          ...(skipRooms !== undefined && { skipRooms }),
        })
      ).data;
    const first = await preview();
    expect(first).toMatchObject({ newRooms: 30, seated: 6000 });
    expect(first.rooms.length + first.moreRooms).toBe(30);
    expect(first.moreRooms).toBeGreaterThan(0);
    const second = await preview(first.rooms.length);
    expect(second.moreRooms).toBeUndefined();
    const names = [...first.rooms, ...second.rooms].map(({ name }: { name: string }) => name);
    expect(new Set(names).size).toBe(30);
  });
});

describe("a large deletion", () => {
  it("of an exam is seen at once, in every list, and erased in small writes", async () => {
    await using exam = await openExam();
    const { examId, admin, reader, db } = exam;
    await exam.import(roster("Name"));
    await exam.plan();
    const { data, answered, seen, rows } = await exam.watched(
      () => admin.mutate("exam.delete", { examId, withRooms: true, erase: "now" }),
      async () => [
        (await reader.exam.list({})).exams.length,
        (await reader.room.list({ pageSize: 100 })).rooms.length,
        await reader.exam.get({ examId }).then(
          () => "there",
          () => "gone",
        ),
      ],
    );
    expect(data).toEqual({ rooms: PEOPLE / ROOM_SIZE, people: PEOPLE + teachers.length });
    expect(answered).toEqual([0, 0, "gone"]);
    expect(seen.at(0)).toEqual([1, PEOPLE / ROOM_SIZE, "there"]);
    expect(seen.at(-1)).toEqual([0, 0, "gone"]);
    expectSmall(rows, 10);
    for (const table of [exams, rooms, participants, unseated, streamNames])
      expect(await countRows(db, table)).toBe(0);
    const ended = await countRows(db, roomEvents, eq(roomEvents.type, "room_ended"));
    expect(ended).toBe(PEOPLE / ROOM_SIZE);
  });

  it("of a person hides their records at once, keeps what comes later, and lets them come back", async () => {
    await using exam = await openExam();
    const { examId, admin, reader, db } = exam;
    const { data: room } = await admin.mutate("room.create", {
      name: "R",
      examId,
      participants: ["a", "b"].map((userId) => ({ userId, name: userId, role: "examinee" })),
    });
    const roomId: string = room.id;
    const RECORDS = 6000;
    const now = new Date(0);
    const record = {
      examId,
      roomId,
      detectType: "watch",
      isMainMonitor: true,
      detectTime: now,
      extraInfo: "{}",
      extraInfoIsObject: true,
      createdAt: now,
    };
    await insertRows(
      db,
      cheatRecords,
      Array.from({ length: RECORDS }, (_, n) => ({ ...record, userId: n % 6 === 0 ? "b" : "a" })),
    );
    await insertRows(
      db,
      recordedPeople,
      ["a", "b"].map((userId) => ({ examId, roomId, userId })),
    );
    const detection = (userId: string) => ({
      roomId,
      records: [
        { userId, isMainMonitor: true, detectType: "watch", detectTime: new Date(0), extraInfo: "late" },
      ],
    });
    const page = async () =>
      (await reader.cheat.listRecords({ roomId, pageSize: 100 })).records.map(({ userId }) => userId);
    let isReported = false;
    const { data, answered, rows } = await exam.watched(
      () => admin.mutate("participant.removeFromExam", { examId, userId: "a", withRecords: true }),
      async () => {
        const isRemoved = !(await page()).includes("a");
        // As soon as the removal is visible, a late record arrives.
        if (isRemoved && !isReported) {
          isReported = true;
          await reader.cheat.addRecords(detection("a"));
        }
        return isReported;
      },
    );
    expect(data).toEqual({ rooms: 1, records: (RECORDS * 5) / 6 });
    expect(answered).toBe(true);
    expectSmall(rows, 5);
    const keptOf = (userId: string) => countRows(db, cheatRecords, eq(cheatRecords.userId, userId));
    expect([await keptOf("a"), await keptOf("b"), await countRows(db, cheatRecords)]).toEqual([
      1,
      RECORDS / 6,
      1 + RECORDS / 6,
    ]);
    // The room still knows that there are records about them.
    expect((await rowsOf(db, recordedPeople)).map(({ userId }) => userId)).toEqual(["a", "b"]);
    const back = [{ userId: "a", name: "Back", role: "examinee" as const }];
    expect(await reader.participant.add({ roomId, participants: back })).toMatchObject({ added: 1 });
    await expect(reader.participant.removeFromExam({ examId, userId: "a" })).rejects.toThrow(
      "1 cheat record is kept",
    );
  });

  it("of an exam takes no record any more once it is seen", async () => {
    await using exam = await openExam();
    const { examId, admin, reader, db } = exam;
    await exam.import(roster("Name"));
    const [room] = await exam.plan();
    const roomId = room?.roomId ?? "";
    const detections = [{ userId: "k0", isMainMonitor: true, detectType: "watch", detectTime: new Date(0) }];
    const outcomes: string[] = [];
    const { seen } = await exam.watched(
      () => admin.mutate("exam.delete", { examId, withRooms: true, erase: "now" }),
      () =>
        reader.exam.get({ examId }).then(
          () => "there",
          async () => {
            await reader.cheat.addRecords({ roomId, records: detections }).then(
              () => outcomes.push("kept"),
              () => outcomes.push("refused"),
            );
            return "gone";
          },
        ),
    );
    expect(seen).toEqual(["there", "gone"]);
    expect(new Set(outcomes)).toEqual(new Set(["refused"]));
    expect(await countRows(db, cheatRecords)).toBe(0);
  });
});

describe("a large answer", () => {
  it("of join links is asked for page by page, each person once", async () => {
    await using app = await createTestApp({
      config: { apps: { watchUrl: "https://watch.example/", examineeUrl: "https://sit.example/" } },
    });
    const admin = app.as(ADMIN);
    const { id: examId } = await admin.exam.create({ name: "Large", ...times });
    const expected: string[] = [];
    for (let n = 0; n < 3; n++) {
      const ids = Array.from({ length: 400 }, (_, index) => `r${n}-${index}`);
      const participants = ids.map((userId) => ({ userId, name: userId, role: "examinee" as const }));
      const { id } = await admin.room.create({ name: `R${n}`, examId, participants });
      expected.push(...["root", ...ids].map((userId) => `${id} ${userId}`));
    }
    await expect(admin.room.joinLinks({ examId })).rejects.toThrow("limit is needed");
    const links: { roomId: string; userId: string }[] = [];
    for (let after: { roomId: string; userId: string } | undefined; ; ) {
      const page = await admin.room.joinLinks({ examId, limit: 150, after });
      links.push(...page);
      const last = page.at(-1);
      if (!last || page.length < 150) break;
      after = { roomId: last.roomId, userId: last.userId };
    }
    expect(links.map(({ roomId, userId }) => `${roomId} ${userId}`)).toEqual(expected);
  });

  it("of a batch is refused before its first call where the calls ask for too much together", async () => {
    await using app = await createTestApp();
    const authorization = `Bearer ${await app.token(ADMIN)}`;
    const batch = async (calls: number, pageSize: number, path = "exam.list") => {
      const paths = Array.from({ length: calls }, () => path).join(",");
      const inputs = Object.fromEntries(Array.from({ length: calls }, (_, n) => [n, { json: { pageSize } }]));
      const query = new URLSearchParams({ batch: "1", input: JSON.stringify(inputs) });
      const url = `/trpc/${paths}?${query.toString()}`;
      const { statusCode, body } = await app.inject({ method: "GET", url, headers: { authorization } });
      return { statusCode, body };
    };
    expect((await batch(100, 20)).statusCode).toBe(200);
    const paged = [...procedures].filter(([, procedure]) => "pageSize" in fieldsOf(procedure));
    for (const [path] of paged) {
      const { statusCode, body } = await batch(100, 100, path);
      expect({ path, statusCode }).toEqual({ path, statusCode: 413 });
      expect(body).toContain("request about 10000 rows, more than the limit of 4000");
    }
    expect((await batch(2, 100)).statusCode).toBe(200);
  });
});
