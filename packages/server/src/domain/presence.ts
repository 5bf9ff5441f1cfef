import type { Camera } from "@invigil/schema";
import { and, eq } from "drizzle-orm";
import type { Transaction } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { presence } from "../storage/tables.js";
import type { EventLog } from "./events.js";

const removePresence = statement(
  query
    .delete(presence)
    .where(
      and(
        eq(presence.roomId, param("roomId")),
        eq(presence.userId, param("userId")),
        eq(presence.camera, param("camera")),
      ),
    )
    .returning({ role: presence.role }),
);

/** Ends the presence of a person's page in a room, or without `camera` of both pages. Adds the events. */
export const endPresence = async (
  tx: Transaction,
  events: EventLog,
  { roomId, userId, camera }: { readonly roomId: string; readonly userId: string; readonly camera?: Camera },
  now: Date,
): Promise<void> => {
  for (const page of camera ? [camera] : (["main", "pc"] as const)) {
    const removed = await tx.get(removePresence, { roomId, userId, camera: page });
    if (removed)
      await events.add(tx, roomId, "participant_left", { userId, role: removed.role, camera: page }, now);
  }
};
