// Also on PostgreSQL: a page is two ranges of an index.
import { signals } from "@invigil/schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { messages } from "../src/storage/tables.js";
import {
  EXAMINEE,
  INSPECTOR,
  OTHER,
  openRoomFixture,
  type RoomFixture,
  START,
  TEACHER,
} from "./support/room-fixture.js";
import { rowsOf } from "./support/tables.js";

const accepted = ({ db }: RoomFixture) => rowsOf(db, messages);
const OWN = { type: 30_001, data: { text: "学生" } } as const;

/** A message with its sender and recipients. */
const message = fc.record({
  caller: fc.constantFrom(TEACHER, EXAMINEE, OTHER),
  camera: fc.constantFrom("main" as const, "pc" as const),
  to: fc.option(fc.subarray(["t1", "pc_t1", "e1", "pc_e1", "e2"], { minLength: 1 }), { nil: undefined }),
  type: fc.constantFrom(30_001, 30_002),
});
const loginOf = ({ sub }: TestCaller, camera: "main" | "pc") => (camera === "main" ? sub : `pc_${sub}`);
const mayWriteTo = ({ sub }: TestCaller, login: string) =>
  [TEACHER.sub, sub].includes(login.replace("pc_", ""));
const PAGES = [TEACHER, EXAMINEE, OTHER].flatMap((caller) =>
  (["main", "pc"] as const).map((camera) => ({
    caller,
    camera,
    login: loginOf(caller, camera),
  })),
);

describe("the history of a room", () => {
  /** Reads all pages of the history. */
  const read = async (
    fixture: RoomFixture,
    caller: TestCaller,
    input: object,
  ): Promise<Record<string, unknown>[]> => {
    const found: Record<string, unknown>[] = [];
    let cursor: number | undefined;
    do {
      const { data } = await fixture.query(caller, "im.history", {
        roomId: fixture.room.id,
        ...input,
        cursor,
      });
      found.push(...data.messages);
      cursor = data.nextCursor;
    } while (cursor !== undefined);
    return found;
  };

  it("contains messages as they were sent, newest first", async () => {
    await using fixture = await openRoomFixture();
    await fixture.say(EXAMINEE, { ...OWN, camera: "pc", to: ["t1"] });
    fixture.time.now += 1000;
    await fixture.say(TEACHER, { type: signals.reset.type, text: ' {"sid": "s"}' });
    const { data } = await fixture.query(TEACHER, "im.history", { roomId: fixture.room.id });
    expect(data).toEqual({
      messages: [
        {
          id: 2,
          roomId: fixture.room.id,
          type: signals.reset.type,
          data: { sid: "s" },
          sender: { userId: "t1", role: "teacher", camera: "main" },
          time: new Date(START + 1000),
        },
        {
          id: 1,
          roomId: fixture.room.id,
          type: 30_001,
          data: { text: "学生" },
          sender: { userId: "e1", role: "examinee", camera: "pc" },
          to: ["t1"],
          time: new Date(START),
        },
      ],
    });
  });

  it("contains a message for staff, its sender and its recipients, and for everybody if staff sent it to the room", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        async (sent, pageSize) => {
          await using fixture = await openRoomFixture();
          const accepted: ((typeof sent)[number] & { readonly id: number })[] = [];
          for (const one of sent) {
            const { caller, ...rest } = one;
            const { data, error } = await fixture.say(caller, { ...rest, data: null });
            const { to = [] } = one;
            const isRefused = caller !== TEACHER && to.some((login) => !mayWriteTo(caller, login));
            expect(error?.data.reason).toBe(isRefused ? "INVALID_INPUT" : undefined);
            if (!isRefused) accepted.push({ ...one, id: data.id });
          }
          for (const { caller, camera, login } of PAGES)
            for (const type of [undefined, 30_001]) {
              const theirs = accepted.flatMap((one) => {
                const isForAll = !one.to && one.caller === TEACHER;
                const isTheirs = one.to?.includes(login) || loginOf(one.caller, one.camera) === login;
                const reads = caller === TEACHER || isForAll || isTheirs;
                return reads && (type ?? one.type) === one.type ? [one.id] : [];
              });
              const found = await read(fixture, caller, { camera, type, pageSize });
              expect(found.map(({ id }) => id)).toEqual(theirs.toReversed());
            }
        },
      ),
      { numRuns: 10, seed: 20_260_102 },
    );
  });

  it("contains for staff, on request, what is from one person, to them, and to everybody: on both of their pages", async () => {
    await using fixture = await openRoomFixture();
    const sent = [
      [EXAMINEE, {}],
      [OTHER, {}],
      [EXAMINEE, { camera: "pc", to: ["t1"] }],
      [TEACHER, {}],
      [TEACHER, { to: ["pc_e1"] }],
      [TEACHER, { to: ["e2"] }],
      [TEACHER, { to: ["e1", "e2"] }],
    ] as const;
    for (const [caller, more] of sent) await fixture.say(caller, { ...OWN, ...more });
    const ids = async (caller: TestCaller, userId: string, camera = "main") =>
      (await read(fixture, caller, { userId, camera, pageSize: 2 })).map(({ id }) => id);
    expect(await ids(TEACHER, "e1")).toEqual([7, 5, 4, 3, 1]);
    expect(await ids(TEACHER, "e1", "pc")).toEqual([7, 5, 4, 3, 1]);
    expect(await ids(INSPECTOR, "e2")).toEqual([7, 6, 4, 2]);
    // A candidate reads what they read anyway, and nothing of others.
    expect(await ids(EXAMINEE, "e1")).toEqual([7, 4, 1]);
    const { error } = await fixture.query(EXAMINEE, "im.history", { roomId: fixture.room.id, userId: "e2" });
    expect(error.data.reason).toBe("FORBIDDEN");
  });

  it("has a cursor exactly if there are more messages", async () => {
    await using fixture = await openRoomFixture();
    for (let n = 0; n < 4; n++) await fixture.say(TEACHER, { ...OWN, ...(n % 2 === 1 && { to: ["e1"] }) });
    const pageOf = async (cursor?: number) =>
      (await fixture.query(EXAMINEE, "im.history", { roomId: fixture.room.id, pageSize: 2, cursor })).data;
    const first = await pageOf();
    expect([first.messages.map(({ id }: { id: number }) => id), first.nextCursor]).toEqual([[4, 3], 3]);
    const second = await pageOf(first.nextCursor);
    expect([second.messages.map(({ id }: { id: number }) => id), second.nextCursor]).toEqual([
      [2, 1],
      undefined,
    ]);
  });

  it("contains only messages of the room", async () => {
    await using fixture = await openRoomFixture();
    await fixture.say(TEACHER, OWN);
    expect((await fixture.query(TEACHER, "im.history", { roomId: fixture.sibling.id })).data).toEqual({
      messages: [],
    });
  });

  it("is erased with the exam", async () => {
    await using fixture = await openRoomFixture();
    await fixture.say(TEACHER, { ...OWN, to: ["e1"] });
    const { examId } = fixture.room;
    const deleted = await fixture.mutate(TEACHER, "exam.delete", { examId, withRooms: true, erase: "now" });
    expect([deleted.status, await accepted(fixture)]).toEqual([200, []]);
  });
});
