import type { Talk } from "@invigil/schema";
import { and, asc, eq, isNull } from "drizzle-orm";
import type { Reader } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { talks } from "../storage/tables.js";
import type { RoomKey } from "./room-exams.js";

const openOfRoom = statement(
  query
    .select({
      userId: talks.toUserId,
      by: talks.byUserId,
      since: talks.startedAt,
      isHeard: talks.isHeard,
    })
    .from(talks)
    .where(and(eq(talks.examId, param("examId")), eq(talks.roomId, param("roomId")), isNull(talks.endedAt)))
    .orderBy(asc(talks.id)),
);

/** The talks in a room that go on. */
export const readOpenTalks = (reader: Reader, { examId, roomId }: RoomKey): Promise<Talk[]> =>
  reader.all(openOfRoom, { examId, roomId });
