import type { RouterOutputs, TestCaller } from "../../src/app/testing.js";
import { type EventData, roomEvents } from "../../src/storage/tables.js";
import { type AppFixture, type AppFixtureOptions, openAppFixture } from "./app-fixture.js";
import { type TrpcAnswer, trpc } from "./calls.js";
import { rowsOf } from "./tables.js";

type Room = RouterOutputs["room"]["create"];

export const ADMIN: TestCaller = { sub: "root", role: "admin" };
export const TEACHER: TestCaller = { sub: "t1", role: "teacher" };
export const INSPECTOR: TestCaller = { sub: "i1", role: "inspector" };
export const EXAMINEE: TestCaller = { sub: "e1", role: "examinee" };
export const OTHER: TestCaller = { sub: "e2", role: "examinee" };

/** An event of the log: its type and its data. */
type Happened = [type: string, data: EventData];

/** A room with people, and access to its database. */
export interface RoomFixture extends AppFixture {
  /** The time in milliseconds. Tests advance it. */
  readonly time: { now: number };
  /** Created by the exam's teacher t1, with t1, i1, e1 and e2. */
  readonly room: Room;
  /** Of the same exam, with only t1. */
  readonly sibling: Room;
  query(caller: TestCaller, path: string, input?: unknown): Promise<TrpcAnswer>;
  mutate(caller: TestCaller, path: string, input?: unknown): Promise<TrpcAnswer>;
  /** Sends a message in the room with `im.send`. */
  say(caller: TestCaller, message: object): Promise<TrpcAnswer>;
  /** All events of a room, or only those of some types. */
  happened(room: Room, ...types: readonly string[]): Promise<Happened[]>;
  /** Resolves when all pending writes are done. */
  written(): Promise<void>;
}

export const START = Date.parse("2026-01-02T03:04:05Z");

/** `room` and `sibling` come from an earlier hall with the same file. */
export const openRoomFixture = async (
  options: AppFixtureOptions = {},
  earlier?: Pick<RoomFixture, "room" | "sibling">,
): Promise<RoomFixture> => {
  const time = { now: START };
  const fixture = await openAppFixture({ now: () => new Date(time.now), ...options });
  const as = async (caller: TestCaller) => trpc(fixture, await fixture.token(caller));
  const mutate: RoomFixture["mutate"] = async (caller, path, input) => (await as(caller)).mutate(path, input);
  const make = async (input: object): Promise<Room> => (await mutate(TEACHER, "room.create", input)).data;
  const participants = [INSPECTOR, EXAMINEE, OTHER].map(({ sub, role }) => ({
    userId: sub,
    name: sub,
    role,
  }));
  const room = earlier?.room ?? (await make({ name: "A", participants }));
  const sibling = earlier?.sibling ?? (await make({ name: "B", examId: room.examId }));
  return {
    ...fixture,
    time,
    room,
    sibling,
    query: async (caller, path, input) => (await as(caller)).query(path, input),
    mutate,
    say: (caller, message) => mutate(caller, "im.send", { roomId: room.id, ...message }),
    happened: async ({ id }, ...types) => {
      const events = await rowsOf(fixture.db, roomEvents);
      return events
        .filter(({ roomId, type }) => roomId === id && (types.length === 0 || types.includes(type)))
        .map(({ type, data }): Happened => [type, data]);
    },
    written: () => fixture.db.written(),
  };
};
