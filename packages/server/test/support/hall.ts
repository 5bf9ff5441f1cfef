import { asc, eq } from "drizzle-orm";
import type { RouterOutputs, TestCaller } from "../../src/app/testing.js";
import { type EventData, roomEvents } from "../../src/storage/tables.js";
import { type TrpcAnswer, trpc } from "./calls.js";
import { openWorld, type World, type WorldOptions } from "./world.js";

type Room = RouterOutputs["room"]["create"];

export const ADMIN: TestCaller = { sub: "root", role: "admin" };
export const TEACHER: TestCaller = { sub: "t1", role: "teacher" };
export const INSPECTOR: TestCaller = { sub: "i1", role: "inspector" };
export const EXAMINEE: TestCaller = { sub: "e1", role: "examinee" };
export const OTHER: TestCaller = { sub: "e2", role: "examinee" };

/** What the log says of something that happened: its type, and its data. */
type Happened = [type: string, data: EventData];

/** A room with people, of whose database tests see everything. */
export interface Hall extends World {
  /** What time it is, in milliseconds; tests move it. */
  readonly time: { now: number };
  /** Of the exam's teacher t1: t1, i1, e1, e2. */
  readonly room: Room;
  /** Of the same exam: t1, and nobody else. */
  readonly sibling: Room;
  query(caller: TestCaller, path: string, input?: unknown): Promise<TrpcAnswer>;
  mutate(caller: TestCaller, path: string, input?: unknown): Promise<TrpcAnswer>;
  /** Has somebody say something in the room, as `im.send` takes it. */
  say(caller: TestCaller, message: object): Promise<TrpcAnswer>;
  /** A room's log, from its first event on, or only events of these types. */
  happened(room: Room, ...types: readonly string[]): Happened[];
  /** Resolves when everything that was to be written by now is. */
  written(): Promise<void>;
}

export const START = Date.parse("2026-01-02T03:04:05Z");

/** `room` and `sibling` are those of an earlier hall with the same file. */
export const openHall = async (
  options: WorldOptions = {},
  earlier?: Pick<Hall, "room" | "sibling">,
): Promise<Hall> => {
  const time = { now: START };
  const world = await openWorld({ now: () => new Date(time.now), ...options });
  const as = async (caller: TestCaller) => trpc(world, await world.token(caller));
  const mutate: Hall["mutate"] = async (caller, path, input) => (await as(caller)).mutate(path, input);
  const make = async (input: object): Promise<Room> => (await mutate(TEACHER, "room.create", input)).data;
  const participants = [INSPECTOR, EXAMINEE, OTHER].map(({ sub, role }) => ({
    userId: sub,
    name: sub,
    role,
  }));
  const room = earlier?.room ?? (await make({ name: "A", participants }));
  const sibling = earlier?.sibling ?? (await make({ name: "B", examId: room.examId }));
  return {
    ...world,
    time,
    room,
    sibling,
    query: async (caller, path, input) => (await as(caller)).query(path, input),
    mutate,
    say: (caller, message) => mutate(caller, "im.send", { roomId: room.id, ...message }),
    happened: ({ id }, ...types) =>
      world.db.queries
        .select()
        .from(roomEvents)
        .where(eq(roomEvents.roomId, id))
        .orderBy(asc(roomEvents.id))
        .all()
        .filter(({ type }) => types.length === 0 || types.includes(type))
        .map(({ type, data }): Happened => [type, data]),
    // Writes are done in the order in which they were asked for.
    written: () => world.db.storage.write(() => Promise.resolve()),
  };
};
