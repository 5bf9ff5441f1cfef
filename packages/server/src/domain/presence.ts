import type { Camera } from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import type { Queries } from "../storage/sqlite/client.js";
import { presence } from "../storage/tables.js";
import type { EventWriter } from "./events.js";

/** Ends the presence of somebody's page in a room, of both without a camera, and tells the room. Belongs into a transaction. */
export type PresenceEnder = (
  page: { readonly roomId: string; readonly userId: string; readonly camera?: Camera },
  now: Date,
) => void;

export const createPresenceEnder = ({
  queries,
  events,
}: {
  queries: Queries;
  events: EventWriter;
}): PresenceEnder => {
  const remove = queries
    .delete(presence)
    .where(
      and(
        eq(presence.roomId, sql.placeholder("roomId")),
        eq(presence.userId, sql.placeholder("userId")),
        eq(presence.camera, sql.placeholder("camera")),
      ),
    )
    .returning({ role: presence.role })
    .prepare();
  return ({ roomId, userId, camera }, now) => {
    for (const page of camera ? [camera] : (["main", "pc"] as const)) {
      const gone = remove.get({ roomId, userId, camera: page });
      if (gone) events.add(roomId, "participant_left", { userId, role: gone.role, camera: page }, now);
    }
  };
};
