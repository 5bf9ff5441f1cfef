import type { Camera, PublishStatus, StreamAction } from "@invigil/schema";
import { and, eq, max, sql } from "drizzle-orm";
import type { Queries } from "../storage/sqlite/client.js";
import { streamEvents } from "../storage/tables.js";

/** What an event means for a camera. */
export const STATUS_AFTER = { publish: "publishing", publish_done: "stopped" } as const satisfies Record<
  StreamAction,
  PublishStatus
>;

/** Makes the function that tells a camera's status by the newest of its events; of two at the same time, the one that came later. */
export const lastStatus = (queries: Queries) => {
  const ofCamera = and(
    eq(streamEvents.roomId, sql.placeholder("roomId")),
    eq(streamEvents.userId, sql.placeholder("userId")),
    eq(streamEvents.camera, sql.placeholder("camera")),
  );
  const newestTime = queries
    .select({ eventTime: max(streamEvents.eventTime) })
    .from(streamEvents)
    .where(ofCamera)
    .prepare();
  const atTime = queries
    .select({ id: streamEvents.id, action: streamEvents.action })
    .from(streamEvents)
    .where(and(ofCamera, eq(streamEvents.eventTime, sql.placeholder("time"))))
    .prepare();
  return (camera: { roomId: string; userId: string; camera: Camera }): PublishStatus => {
    const eventTime = newestTime.get(camera)?.eventTime;
    if (!eventTime) return "idle";
    const [last] = atTime.all({ ...camera, time: eventTime.getTime() }).toSorted((a, b) => b.id - a.id);
    return last ? STATUS_AFTER[last.action] : "idle";
  };
};
