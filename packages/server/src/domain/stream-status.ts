import type { Camera, PublishStatus, StreamAction } from "@invigil/schema";
import { and, eq, max, sql } from "drizzle-orm";
import { isOfSeat } from "../storage/conditions.js";
import type { Reader } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { streamEvents } from "../storage/tables.js";
import type { SeatKey } from "./seats.js";

/** The status of a camera after an event of its stream. */
export const STATUS_AFTER = { publish: "publishing", publish_done: "stopped" } as const satisfies Record<
  StreamAction,
  PublishStatus
>;

const isOfCamera = and(isOfSeat(streamEvents), eq(streamEvents.camera, param("camera")));
const newestTime = query
  .select({ time: max(streamEvents.eventTime) })
  .from(streamEvents)
  .where(isOfCamera);
const newestId = query
  .select({ id: max(streamEvents.id) })
  .from(streamEvents)
  .where(and(isOfCamera, eq(streamEvents.eventTime, sql`(${newestTime})`)));
const newestEvent = statement(
  query
    .select({ action: streamEvents.action })
    .from(streamEvents)
    .where(and(eq(streamEvents.examId, param("examId")), eq(streamEvents.id, sql`(${newestId})`))),
);

/** Returns the status of a camera after its newest event. Of two events with the same time, the one that was received later counts. */
export const readPublishStatus = async (
  reader: Reader,
  camera: SeatKey & { readonly camera: Camera },
): Promise<PublishStatus> => {
  const newest = await reader.get(newestEvent, camera);
  return newest ? STATUS_AFTER[newest.action] : "idle";
};
