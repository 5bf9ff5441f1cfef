import type { ListTalksInput, TalkPage } from "@invigil/schema";
import { and, desc, eq, inArray, isNull, lt } from "drizzle-orm";
import type { Author } from "../../domain/calls.js";
import { type EventLog, newEvent } from "../../domain/events.js";
import { roomsOfHistory } from "../../domain/person-history.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { SeatKey } from "../../domain/seats.js";
import type { Writes } from "../../domain/writes.js";
import { pageOf } from "../../platform/paging.js";
import type { Queries } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement, statements } from "../../storage/statement.js";
import { talks } from "../../storage/tables.js";

const isOpen = isNull(talks.endedAt);
const isOfSeat = and(
  eq(talks.examId, param("examId")),
  eq(talks.roomId, param("roomId")),
  eq(talks.toUserId, param("userId")),
);
const insertTalk = insertion(talks, { ids: "given" });
const openTalk = statement(
  query
    .select({
      by: talks.byUserId,
      since: talks.startedAt,
      heardAt: talks.heardAt,
      isHeard: talks.isHeard,
    })
    .from(talks)
    .where(and(isOfSeat, isOpen)),
);
const hearTalk = statement(
  query
    .update(talks)
    .set({ heardAt: rawParam<Date | null>("heardAt"), isHeard: rawParam<boolean>("isHeard") })
    .where(and(isOfSeat, isOpen)),
);
const endTalk = statement(
  query
    .update(talks)
    .set({ endedAt: rawParam<Date>("now") })
    .where(and(isOfSeat, isOpen)),
);
const openTalks = statement(
  query
    .select({ examId: talks.examId, roomId: talks.roomId, userId: talks.toUserId })
    .from(talks)
    .where(isOpen),
);
const pageOfTalks = statements((ofPerson: boolean) =>
  statement((dialect) =>
    query
      .select({
        id: talks.id,
        roomId: talks.roomId,
        userId: talks.toUserId,
        by: talks.byUserId,
        startedAt: talks.startedAt,
        heardAt: talks.heardAt,
        endedAt: talks.endedAt,
      })
      .from(talks)
      .where(
        and(
          dialect.inExam(talks.examId),
          ofPerson
            ? and(eq(talks.toUserId, param("userId")), inArray(talks.roomId, roomsOfHistory))
            : eq(talks.roomId, param("roomId")),
          lt(talks.id, param("before")),
        ),
      )
      .orderBy(desc(talks.id))
      .limit(param("limit")),
  ),
);

export type TalkStore = ReturnType<typeof createTalkStore>;

/** Keeps when members of the staff talked to single people. */
export const createTalkStore = ({
  storage,
  writes,
  events,
}: {
  storage: Queries;
  writes: Writes;
  events: EventLog;
}) => {
  const told = ({ examId, roomId, userId }: SeatKey, by: string, isTalking: boolean, now: Date) =>
    newEvent({ examId, roomId }, "talk_changed", { userId, role: "examinee", by, isTalking }, now);

  return {
    /** Writes that a talk has begun. One that was open has ended. */
    begin: (seat: SeatKey, by: string, now: Date): Promise<void> =>
      writes.ofExam({ examId: seat.examId, roomId: seat.roomId }, undefined, async (tx) => {
        const [open, [id]] = await Promise.all([tx.get(openTalk, { ...seat }), tx.ids(talks, 1)]);
        if (id === undefined) throw new Error("a talk was given no id");
        const { examId, roomId, userId: toUserId } = seat;
        if (open) await tx.run(endTalk, { ...seat, now });
        const row = {
          id,
          examId,
          roomId,
          byUserId: by,
          toUserId,
          startedAt: now,
          heardAt: null,
          isHeard: false,
          endedAt: null,
        };
        await tx.last(() =>
          Promise.all([
            tx.insert(insertTalk, [row]),
            events.addAll(tx, [
              ...(open ? [told(seat, open.by, false, now)] : []),
              told(seat, by, true, now),
            ]),
          ]),
        );
      }),
    /** Writes that the talk with a person has ended, if one is open. */
    end: (seat: SeatKey, now: Date): Promise<void> =>
      writes.ofExam({ examId: seat.examId, roomId: seat.roomId }, undefined, async (tx) => {
        const open = await tx.get(openTalk, { ...seat });
        if (!open) return;
        await tx.last(() =>
          Promise.all([
            tx.run(endTalk, { ...seat, now }),
            events.addAll(tx, [told(seat, open.by, false, now)]),
          ]),
        );
      }),
    /** Writes whether the person hears the talk that began at `since`, if it goes on. */
    hear: (
      seat: SeatKey,
      { since, isHeard }: { since: Date; isHeard: boolean },
      { author, now }: { author: Author; now: Date },
    ): Promise<void> =>
      writes.ofExam({ examId: seat.examId, roomId: seat.roomId }, author, async (tx) => {
        const { examId, roomId, userId } = seat;
        const open = await tx.get(openTalk, { ...seat });
        if (!open || open.since.getTime() !== since.getTime() || open.isHeard === isHeard) return;
        const told = { userId, role: "examinee", by: open.by, since, isHeard } as const;
        const heardAt = open.heardAt ?? (isHeard ? now : null);
        await tx.last(() =>
          Promise.all([
            tx.run(hearTalk, { ...seat, heardAt, isHeard }),
            events.addAll(tx, [newEvent({ examId, roomId }, "talk_heard", told, now)]),
          ]),
        );
      }),
    /** The people with whom a talk is open. It is read once, at the start. */
    open: (): Promise<SeatKey[]> => storage.all(openTalks),
    /** The talks in a room, or with a person, newest first. Those with a person who sits in the room are of all rooms of the exam. */
    async list(
      { examId, roomId }: RoomKey,
      { userId, pageSize, cursor = Number.MAX_SAFE_INTEGER }: Omit<ListTalksInput, "roomId">,
    ): Promise<TalkPage> {
      const limit = pageSize + 1;
      const found = await storage.all(pageOfTalks(userId !== undefined), {
        examId,
        roomId,
        userId,
        before: cursor,
        limit,
      });
      const { rows, ...next } = pageOf(found, pageSize, ({ id }) => id);
      return {
        talks: rows.map(({ heardAt, endedAt, ...talk }) => ({
          ...talk,
          ...(heardAt && { heardAt }),
          ...(endedAt && { endedAt }),
        })),
        ...next,
      };
    },
  };
};
