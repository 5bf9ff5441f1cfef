import { cameraSchema, type Presence } from "@invigil/schema";
import { and, eq } from "drizzle-orm";
import { isOfSeat } from "../storage/conditions.js";
import type { Reader } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { presence } from "../storage/tables.js";
import { type NewEvent, newEvent } from "./events.js";
import type { ExamTransaction } from "./exam-transaction.js";
import type { Departure } from "./presence-times.js";
import type { RoomKey } from "./room-exams.js";

/** A row of the presence of a page at one server. */
type PresenceRow = Omit<typeof presence.$inferSelect, "examId" | "roomId">;

const removePresence = statement(
  query
    .delete(presence)
    .where(and(isOfSeat(presence), eq(presence.camera, param("camera"))))
    .returning({ role: presence.role, since: presence.since }),
);

const presenceOfRoom = statement(
  query
    .select()
    .from(presence)
    .where(and(eq(presence.examId, param("examId")), eq(presence.roomId, param("roomId")))),
);

/** Ends the presence of a person's pages in a room. Returns the departures to note and the events to add in the same transaction. */
export const endPresence = async (
  tx: ExamTransaction,
  { examId, roomId, userId }: RoomKey & { readonly userId: string },
  now: Date,
): Promise<{ readonly departures: readonly Departure[]; readonly events: readonly NewEvent[] }> => {
  const departures: Departure[] = [];
  const events: NewEvent[] = [];
  await Promise.all(
    cameraSchema.options.map(async (camera) => {
      const [removed] = await tx.all(removePresence, { examId, roomId, userId, camera });
      if (!removed) return;
      const { role, since } = removed;
      departures.push({ examId, roomId, userId, camera, since, leftAt: now });
      events.push(newEvent({ examId, roomId }, "participant_left", { userId, role, camera }, now));
    }),
  );
  return { departures, events };
};

/** Merges the rows of each page, which may have rows of several servers. Returns them in the order in which the presences began. */
const presencesOf = (rows: readonly PresenceRow[]): Presence[] => {
  const pages = new Map<string, Presence>();
  for (const { userId, role, camera, since, devices } of rows) {
    const key = `${userId} ${camera}`;
    const known = pages.get(key);
    pages.set(key, {
      userId,
      role,
      camera,
      since: known && known.since < since ? known.since : since,
      devices: (known?.devices ?? 0) + devices,
    });
  }
  return [...pages.entries()]
    .sort(
      ([key, one], [otherKey, other]) =>
        one.since.getTime() - other.since.getTime() || (key < otherKey ? -1 : 1),
    )
    .map(([, presence]) => presence);
};

/** Returns the presences of a room, in the order in which they began. */
export const readPresences = async (reader: Reader, { examId, roomId }: RoomKey): Promise<Presence[]> =>
  presencesOf(await reader.all(presenceOfRoom, { examId, roomId }));
