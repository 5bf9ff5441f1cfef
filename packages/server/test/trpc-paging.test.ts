import fc from "fast-check";
import { expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { dataOf, rest } from "./support/calls.js";
import { cases } from "./support/effort.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";

// Reads pages while rows are added. In any order, no row may be repeated or missed.

const RUNS = cases(40);

interface Page {
  readonly items: readonly string[];
  readonly next: string | undefined;
}
type Read = (pageSize: number, cursor: string | undefined) => Promise<Page>;

/** Reads page by page, one step at a time. */
class Reader {
  /** The rows that existed when the first page was read. */
  #due: readonly string[] = [];
  #seen: string[] = [];
  #cursor: string | undefined;
  #ended = true;
  finished = 0;

  constructor(
    readonly name: string,
    readonly read: Read,
    readonly due: () => readonly string[],
    readonly judge: (due: readonly string[], seen: readonly string[]) => void,
  ) {}

  async step(pageSize: number): Promise<void> {
    if (this.#ended) {
      this.#due = this.due();
      this.#seen = [];
      this.#cursor = undefined;
    }
    const { items, next } = await this.read(pageSize, this.#cursor);
    expect(items.length).toBeLessThanOrEqual(pageSize);
    // All pages except the last are full.
    if (next !== undefined) expect(items.length).toBe(pageSize);
    this.#seen.push(...items);
    this.#cursor = next;
    this.#ended = next === undefined;
    if (!this.#ended) return;
    this.judge(this.#due, this.#seen);
    this.finished++;
  }

  async finish(pageSize: number): Promise<void> {
    do await this.step(pageSize);
    while (!this.#ended);
  }
}
const exactly = (due: readonly string[], seen: readonly string[]) => expect(seen).toEqual(due);

const ROOMS = ["room", "sibling", "other"] as const;
const action = fc.oneof(
  fc.record({
    do: fc.constant("add" as const),
    room: fc.constantFrom(...ROOMS),
    count: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    do: fc.constant("read" as const),
    reader: fc.nat(5),
    pageSize: fc.integer({ min: 1, max: 7 }),
  }),
);

/** The callers who read records, and their rooms. */
const recordReaders = async (
  fixture: ExamsFixture,
): Promise<[string, Read, readonly (typeof ROOMS)[number][]][]> => {
  const { admin, room, sibling } = fixture;
  await admin.participant.add({
    roomId: sibling.id,
    participants: [{ userId: "teacher1", name: "T", role: "teacher" }],
  });
  const by =
    (caller: typeof admin, of: { roomId?: string; examId?: string }): Read =>
    async (pageSize, cursor) => {
      const page = await caller.cheat.listRecords({
        ...of,
        pageSize,
        cursor: cursor === undefined ? undefined : Number(cursor),
      });
      return { items: page.records.map(({ detectType }) => detectType), next: page.nextCursor?.toString() };
    };
  const client = rest(fixture, await fixture.token({ sub: "inspector1", role: "inspector" }));
  const byWire: Read = async (pageSize, scrollToken) => {
    const sent = { roomId: room.id, pageSize, scrollToken };
    const page = dataOf(await client.post("cheat/listCheatRecord", sent));
    return {
      items: page.cheatRecordEntitys.map(({ detectType }: { detectType: string }) => detectType),
      next: page.scrollToken,
    };
  };
  const teacher3 = fixture.as({ sub: "teacher3", role: "teacher" });
  return [
    ["a room", by(fixture.teacher, { roomId: room.id }), ["room"]],
    ["a room, on the documented path", byWire, ["room"]],
    ["an exam, as an administrator", by(admin, { examId: room.examId }), ["room", "sibling"]],
    ["an exam, as a teacher of its rooms", by(fixture.teacher, { examId: room.examId }), ["room", "sibling"]],
    ["an exam, as a teacher of one of its rooms", by(teacher3, { examId: room.examId }), ["sibling"]],
    ["another exam", by(admin, { examId: fixture.other.examId }), ["other"]],
  ];
};

it("cheat.listRecords", async () => {
  let finished = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 60 }), async (actions) => {
      await using fixture = await openExamsFixture();
      /** The expected order, newest first: each record's number and room. */
      const added: { type: string; room: (typeof ROOMS)[number] }[] = [];
      const readers = (await recordReaders(fixture)).map(
        ([name, read, rooms]) =>
          new Reader(
            name,
            read,
            () => added.filter(({ room }) => rooms.includes(room)).map(({ type }) => type),
            exactly,
          ),
      );
      for (const step of actions)
        if (step.do === "read") await readers[step.reader]?.step(step.pageSize);
        else {
          const types = Array.from({ length: step.count }, (_, n) => `${added.length + n}`);
          await fixture.admin.cheat.addRecords({
            roomId: fixture[step.room].id,
            records: types.map((detectType) => fixture.detection("examinee1", { detectType })),
          });
          added.unshift(...types.toReversed().map((type) => ({ type, room: step.room })));
        }
      for (const reader of readers) {
        await reader.finish(3);
        finished += reader.finished;
      }
    }),
    { numRuns: RUNS, seed: 2026 },
  );
  expect(finished).toBeGreaterThan(RUNS * 6);
});

it("cheat.listRecords, while calls write at the same time", async () => {
  await using fixture = await openExamsFixture();
  const [, , asAdmin, asTeacher] = await recordReaders(fixture);
  if (!asAdmin || !asTeacher) throw new Error("no readers");
  const scroll = async ([, read]: typeof asAdmin) => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { items, next } = await read(4, cursor);
      seen.push(...items);
      cursor = next;
    } while (cursor);
    return seen;
  };
  const add = (type: string, n: number) =>
    fixture.admin.cheat.addRecords({
      roomId: n % 2 ? fixture.room.id : fixture.sibling.id,
      records: [fixture.detection("examinee1", { detectType: type })],
    });
  const before = Array.from({ length: 50 }, (_, n) => `before ${n}`);
  for (const [n, type] of before.entries()) await add(type, n);
  const [byAdmin, byTeacher] = await Promise.all([
    scroll(asAdmin),
    scroll(asTeacher),
    ...Array.from({ length: 50 }, (_, n) => add(`during ${n}`, n)),
  ]);
  for (const seen of [byAdmin, byTeacher]) {
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((type) => type.startsWith("before"))).toEqual(before.toReversed());
  }
  const all = await scroll(asAdmin);
  expect(all.length).toBe(100);
  expect(await scroll(asTeacher)).toEqual(all);
});

it("room.list", async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("make" as const), mine: fc.boolean(), inExam: fc.boolean() }),
    fc.record({ do: fc.constant("end" as const), at: fc.nat(100) }),
    fc.record({
      do: fc.constant("read" as const),
      reader: fc.nat(5),
      pageSize: fc.integer({ min: 1, max: 5 }),
    }),
  );
  let finished = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), async (steps) => {
      await using app = await createTestApp();
      const admin = app.as({ sub: "root", role: "admin" });
      const teacher = app.as({ sub: "t1", role: "teacher" });
      const other = app.as({ sub: "t2", role: "teacher" });
      /** Newest first. */
      const rooms: { id: string; mine: boolean; examId: string; ended: boolean }[] = [];
      const make = async (mine: boolean, examId?: string) => {
        const maker = examId === undefined ? (mine ? teacher : other) : mine ? teacher : admin;
        const room = await maker.room.create({ name: "R", examId });
        rooms.unshift({ id: room.id, mine, examId: room.examId, ended: false });
      };
      await make(true);
      const examId = rooms[0]?.examId ?? "";
      const reader = (
        name: string,
        caller: typeof admin,
        filter: { examId?: string; status?: "ended" | "in_progress" },
      ) => {
        const fits = (room: (typeof rooms)[number]) =>
          (caller !== teacher || room.mine) &&
          (filter.examId ?? room.examId) === room.examId &&
          (filter.status === undefined || (filter.status === "ended") === room.ended);
        return new Reader(
          name,
          async (pageSize, cursor) => {
            const page = await caller.room.list({ ...filter, pageSize, cursor });
            return { items: page.rooms.map(({ id }) => id), next: page.nextCursor };
          },
          () => rooms.filter(fits).map(({ id }) => id),
          (due, seen) => {
            expect(seen).toEqual([...new Set(seen)].toSorted().toReversed());
            if (filter.status === undefined) exactly(due, seen);
            // A room that has ended in the meantime may have moved from one list to the other.
            const still = new Set(rooms.filter(fits).map(({ id }) => id));
            expect(seen).toEqual(expect.arrayContaining(due.filter((id) => still.has(id))));
          },
        );
      };
      const readers = [
        reader("all rooms", admin, {}),
        reader("an exam's rooms", admin, { examId }),
        reader("rooms in progress", admin, { status: "in_progress" }),
        reader("a teacher's rooms", teacher, {}),
        reader("a teacher's rooms of an exam", teacher, { examId }),
        reader("a teacher's ended rooms", teacher, { status: "ended" }),
      ];
      for (const one of steps)
        if (one.do === "read") await readers[one.reader]?.step(one.pageSize);
        else if (one.do === "make") await make(one.mine, one.inExam ? examId : undefined);
        else {
          const room = rooms[one.at % rooms.length];
          if (room) {
            await admin.room.end({ roomId: room.id });
            room.ended = true;
          }
        }
      for (const one of readers) {
        await one.finish(3);
        finished += one.finished;
      }
    }),
    { numRuns: RUNS, seed: 2026 },
  );
  expect(finished).toBeGreaterThan(RUNS * 6);
});
