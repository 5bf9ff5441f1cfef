import type { ListedEventType } from "@invigil/schema";
import { and, asc, count as countOf, desc, eq, gt, lt, min, sql } from "drizzle-orm";
import { newestBegin, readBounds } from "../../domain/event-bounds.js";
import type { RoomKey } from "../../domain/room-exams.js";
import { pageOf } from "../../platform/paging.js";
import type { Queries } from "../../storage/port.js";
import { type Dialect, param, query, rawParam, statement, statements } from "../../storage/statement.js";
import { roomEvents } from "../../storage/tables.js";
import type { Logged } from "./service.js";

/** Some of the events of a room, the newest first, at one moment. */
export interface PastEvents {
  readonly events: readonly Logged<ListedEventType>[];
  /** How many events were looked at, at most. */
  readonly examined: number;
  /** The id before which to go on. Absent: no earlier event is kept. */
  readonly nextCursor?: number;
  /** From when on nothing is missing of what was read so far. Absent: nothing ever was deleted. */
  readonly completeSince?: Date;
}

/** How many events one call looks at. */
export const LOOKED_AT = 2000;

/** Of the present epoch of the log. Earlier ones may lack events. */
const isPresent = gt(roomEvents.id, sql`coalesce(${newestBegin}, 0)`);
const isBefore = (dialect: Dialect) =>
  and(
    eq(roomEvents.roomId, param("roomId")),
    dialect.inExam(roomEvents.examId),
    lt(roomEvents.id, param("id")),
    isPresent,
  );
const lookedAt = (dialect: Dialect) =>
  query
    .select({ id: roomEvents.id, createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(isBefore(dialect))
    .orderBy(desc(roomEvents.id))
    .limit(LOOKED_AT)
    .as("some");
const examinedEvents = statement((dialect) => {
  const some = lookedAt(dialect);
  return query.select({ events: countOf(), last: min(some.id), since: min(some.createdAt) }).from(some);
});
const eventsBefore = statements((isOfPerson: boolean) =>
  statement((dialect) => {
    const some = lookedAt(dialect);
    const lastLookedAt = query.select({ id: min(some.id) }).from(some);
    // An event without a person is about the room.
    const person = sql`coalesce(${roomEvents.data} ->> 'userId', ${rawParam("userId")})`;
    return query
      .select()
      .from(roomEvents)
      .where(
        and(
          isBefore(dialect),
          sql`${roomEvents.id} >= ${lastLookedAt}`,
          dialect.isAnyOf(roomEvents.type, "types"),
          isOfPerson ? sql`${person} = ${rawParam("userId")}` : undefined,
        ),
      )
      .orderBy(desc(roomEvents.id))
      .limit(param("limit"));
  }),
);
const oldestOfExam = statement(
  query
    .select({ createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(and(eq(roomEvents.examId, param("examId")), isPresent))
    .orderBy(asc(roomEvents.id))
    .limit(1),
);

export type PastEventStore = ReturnType<typeof createPastEventStore>;

export const createPastEventStore = ({ storage }: { storage: Queries }) => ({
  /**
   * Reads the newest events of a room before an id: of these types, and about the room or a person, if one is named. It looks at a limited
   * number of events, so more may follow after few or none.
   */
  async before(
    room: RoomKey,
    {
      id,
      types,
      userId,
      limit,
      now,
    }: {
      readonly id: number;
      readonly types: readonly ListedEventType[];
      readonly userId: string | undefined;
      readonly limit: number;
      readonly now: Date;
    },
  ): Promise<PastEvents> {
    const place = { ...room, id };
    const [found, examined, oldest, { start }] = await storage.snapshot((reader) =>
      Promise.all([
        reader.all(eventsBefore(userId !== undefined), { ...place, types, userId, limit: limit + 1 }),
        reader.get(examinedEvents, place),
        reader.get(oldestOfExam, { examId: room.examId }),
        readBounds(reader, room.examId),
      ]),
    );
    const { rows, nextCursor } = pageOf(found, limit, (last) => last);
    const { events: count = 0, last, since } = examined ?? {};
    // Safe: stores write each type with its own data.
    const page = { events: rows as Logged<ListedEventType>[], examined: count };
    if (nextCursor) return { ...page, nextCursor: nextCursor.id, completeSince: nextCursor.createdAt };
    if (count === LOOKED_AT && last && since) return { ...page, nextCursor: last, completeSince: since };
    return { ...page, ...(start > 0 && { completeSince: oldest?.createdAt ?? now }) };
  },
});
