import type { Camera, Presence, Role } from "@invigil/schema";
import { and, eq, ne } from "drizzle-orm";
import type { EventLog } from "../../domain/events.js";
import { endPresence } from "../../domain/presence.js";
import type { Storage } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../../storage/statement.js";
import { presence, visibleParticipants } from "../../storage/tables.js";

/** One of a person's two pages of a room. */
export interface PageKey {
  readonly roomId: string;
  readonly userId: string;
  readonly camera: Camera;
}
/** A connected page, with the role of its token. */
export interface Page extends PageKey {
  readonly role: Role;
}

export interface PresenceStore {
  /**
   * Records that a page is connected, and on how many devices. Adds events for the changes. Ignores people who are not in the room, such as
   * administrators who only watch.
   */
  enter(page: Page, devices: number, now: Date): Promise<void>;
  /** Records that a page is no longer connected, and adds the event. Does nothing if it is not present. */
  leave(page: PageKey, now: Date): Promise<void>;
  /** The presences in a room, in the order in which they began. */
  ofRoom(roomId: string): Promise<readonly Presence[]>;
  /** The present pages of all rooms. */
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
          const memberRole = (await tx.get(roleInRoom, page))?.role;
          if (!memberRole || (tokenRole !== "admin" && tokenRole !== memberRole)) return;
          const connection = { userId: page.userId, role: memberRole, camera: page.camera };
          if (!(await tx.get(knownPresence, page))) {
            await tx.insert(insertPresence, [{ ...page, role: memberRole, since: now, devices: 1 }]);
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
