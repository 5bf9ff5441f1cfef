import type { Camera, Presence } from "@invigil/schema";
import { and, eq } from "drizzle-orm";
import type { Reader, Transaction } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { presence } from "../storage/tables.js";
import type { EventLog, EventRoom } from "./events.js";

/** A row of the presence of a page at one server. */
type PresenceRow = Omit<typeof presence.$inferSelect, "examId" | "roomId">;

const removePresence = statement(
  query
    .delete(presence)
    .where(
      and(
        eq(presence.examId, param("examId")),
        eq(presence.roomId, param("roomId")),
        eq(presence.userId, param("userId")),
        eq(presence.camera, param("camera")),
      ),
    )
    .returning({ role: presence.role }),
);

const presenceOfRoom = statement(
  query
    .select()
    .from(presence)
    .where(and(eq(presence.examId, param("examId")), eq(presence.roomId, param("roomId")))),
);

/** Ends the presence of a person's page in a room, or without `camera` of both pages. Adds the events. */
export const endPresence = async (
  tx: Transaction,
  events: EventLog,
  { examId, roomId, userId, camera }: EventRoom & { readonly userId: string; readonly camera?: Camera },
  now: Date,
): Promise<void> => {
  for (const page of camera ? [camera] : (["main", "pc"] as const)) {
    const [removed] = await tx.all(removePresence, { examId, roomId, userId, camera: page });
    if (removed)
      await events.add(
        tx,
        { examId, roomId },
        "participant_left",
        { userId, role: removed.role, camera: page },
        now,
      );
  }
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
export const readPresences = async (reader: Reader, { examId, roomId }: EventRoom): Promise<Presence[]> =>
  presencesOf(await reader.all(presenceOfRoom, { examId, roomId }));
