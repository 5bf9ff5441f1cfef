import type { Camera, Presence, Role } from "@invigil/schema";
import { and, eq, ne, sql } from "drizzle-orm";
import type { EventWriter } from "../../domain/events.js";
import type { PresenceEnder } from "../../domain/presence.js";
import type { Database } from "../../storage/sqlite/client.js";
import { visibleParticipants as participants, presence } from "../../storage/tables.js";

/** One of somebody's pages of a room. */
export interface PageKey {
  readonly roomId: string;
  readonly userId: string;
  readonly camera: Camera;
}
/** A page that is connected, as who its token says. */
export interface Page extends PageKey {
  readonly role: Role;
}

export interface PresenceStore {
  /**
   * Notes that a page is connected, on how many devices, and tells the room, unless it is known. Nothing is noted of a person
   * who is not in the room: an administrator may only watch.
   */
  enter(page: Page, devices: number, now: Date): Promise<void>;
  /** Notes that a page is connected no more, and tells the room, unless it is known. */
  leave(page: PageKey, now: Date): Promise<void>;
  /** Of one room, in the order in which they came. */
  ofRoom(roomId: string): Promise<readonly Presence[]>;
  /** Every page of every room. */
  all(): Promise<Page[]>;
}

export const createPresenceStore = ({
  db,
  events,
  endPresence,
}: {
  db: Database;
  events: EventWriter;
  endPresence: PresenceEnder;
}): PresenceStore => {
  const { queries, write, remember } = db;
  const { roomId, userId, camera, role, since, devices } = presence;
  const roleOf = queries
    .select({ role: participants.role })
    .from(participants)
    .where(
      and(
        eq(participants.roomId, sql.placeholder("roomId")),
        eq(participants.userId, sql.placeholder("userId")),
      ),
    )
    .prepare();
  const insert = queries
    .insert(presence)
    .values({
      roomId: sql.placeholder("roomId"),
      userId: sql.placeholder("userId"),
      camera: sql.placeholder("camera"),
      role: sql.placeholder("role"),
      since: sql.placeholder("since"),
      devices: 1,
    })
    .onConflictDoNothing()
    .prepare();
  const count = queries
    .update(presence)
    // Safe: a placeholder stands for the number that it is given.
    .set({ devices: sql`${sql.placeholder("devices")}` })
    .where(
      and(
        eq(roomId, sql.placeholder("roomId")),
        eq(userId, sql.placeholder("userId")),
        eq(camera, sql.placeholder("camera")),
        ne(devices, sql.placeholder("devices")),
      ),
    )
    .prepare();
  const ofRoom = queries
    .select({ userId, role, camera, since, devices })
    .from(presence)
    .where(eq(roomId, sql.placeholder("roomId")))
    .prepare();
  const presentIn = remember((room: string): readonly Presence[] =>
    ofRoom.all({ roomId: room }).toSorted((a, b) => a.since.getTime() - b.since.getTime()),
  );

  return {
    enter: ({ role: asked, ...page }, connected, now) =>
      write(
        () => {
          const there = roleOf.get(page)?.role;
          if (!there || (asked !== "admin" && asked !== there)) return;
          const connection = { userId: page.userId, role: there, camera: page.camera };
          if (insert.run({ ...page, role: there, since: now }).changes > 0)
            events.add(page.roomId, "participant_entered", connection, now);
          if (count.run({ ...page, devices: connected }).changes > 0)
            events.add(page.roomId, "devices_changed", { ...connection, devices: connected }, now);
        },
        { repeatable: true },
      ),
    leave: (page, now) => write(() => endPresence(page, now), { repeatable: true }),
    ofRoom: async (room) => presentIn(room),
    all: async () => queries.select({ roomId, userId, camera, role }).from(presence).all(),
  };
};
