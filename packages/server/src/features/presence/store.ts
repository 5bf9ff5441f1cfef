import type { Camera, Presence, Role } from "@invigil/schema";
import { and, eq, ne } from "drizzle-orm";
import type { EventLog } from "../../domain/events.js";
import { endPresence } from "../../domain/presence.js";
import type { Storage } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../../storage/statement.js";
import { presence, visibleParticipants } from "../../storage/tables.js";

/** One of a person's pages of a room. */
export interface PageKey {
  readonly roomId: string;
  readonly userId: string;
  readonly camera: Camera;
}
/** A page that is connected, with the role that its token gives. */
export interface Page extends PageKey {
  readonly role: Role;
}

export interface PresenceStore {
  /**
   * Notes that a page is connected, and on how many devices, and adds events for what that changes. Nothing is noted of a person who is not in
   * the room: an administrator may only watch.
   */
  enter(page: Page, devices: number, now: Date): Promise<void>;
  /** Notes that a page is connected no more, and adds the event, unless that is known. */
  leave(page: PageKey, now: Date): Promise<void>;
  /** The presences in one room, in the order in which people came. */
  ofRoom(roomId: string): Promise<readonly Presence[]>;
  /** Every page of every room. */
  all(): Promise<Page[]>;
}

const { roomId, userId, camera, role, since, devices } = presence;

const roleInRoom = statement(
  query
    .select({ role: visibleParticipants.role })
    .from(visibleParticipants)
    .where(
      and(eq(visibleParticipants.roomId, param("roomId")), eq(visibleParticipants.userId, param("userId"))),
    ),
);
const insertPresence = insertion(presence);
const knownPresence = statement(
  query
    .select({ devices })
    .from(presence)
    .where(and(eq(roomId, param("roomId")), eq(userId, param("userId")), eq(camera, param("camera")))),
);
const setDevices = statement(
  query
    .update(presence)
    .set({ devices: rawParam<number>("devices") })
    .where(
      and(
        eq(roomId, param("roomId")),
        eq(userId, param("userId")),
        eq(camera, param("camera")),
        ne(devices, param("devices")),
      ),
    ),
);
const presenceOfRoom = statement(
  query
    .select({ userId, role, camera, since, devices })
    .from(presence)
    .where(eq(roomId, param("roomId"))),
);
const everyPage = statement(query.select({ roomId, userId, camera, role }).from(presence));

export const createPresenceStore = ({
  storage,
  events,
}: {
  storage: Storage;
  events: EventLog;
}): PresenceStore => {
  const ofRoom = storage.remember(
    { tables: [presence] },
    async (reader, room: string): Promise<readonly Presence[]> => {
      const presences = await reader.all(presenceOfRoom, { roomId: room });
      return presences.toSorted((a, b) => a.since.getTime() - b.since.getTime());
    },
  );
  return {
    enter: ({ role: tokenRole, ...page }, connected, now) =>
      storage.write(
        async (tx) => {
          const known = (await tx.get(roleInRoom, page))?.role;
          if (!known || (tokenRole !== "admin" && tokenRole !== known)) return;
          const connection = { userId: page.userId, role: known, camera: page.camera };
          if (!(await tx.get(knownPresence, page))) {
            await tx.insert(insertPresence, [{ ...page, role: known, since: now, devices: 1 }]);
            await events.add(tx, page.roomId, "participant_entered", connection, now);
          }
          if ((await tx.run(setDevices, { ...page, devices: connected })) > 0)
            await events.add(tx, page.roomId, "devices_changed", { ...connection, devices: connected }, now);
        },
        { repeatable: true },
      ),
    leave: (page, now) => storage.write((tx) => endPresence(tx, events, page, now), { repeatable: true }),
    ofRoom: (room) => ofRoom(room),
    all: () => storage.all(everyPage),
  };
};
