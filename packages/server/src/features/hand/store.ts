import {
  type Hand,
  type HandAction,
  type HandKind,
  type HandPage,
  type HandStatus,
  handAfter,
} from "@invigil/schema";
import { and, asc, count, eq, gt, inArray, isNull, or } from "drizzle-orm";
import type { Author } from "../../domain/calls.js";
import type { EventLog } from "../../domain/events.js";
import type { ExamTransaction } from "../../domain/exam-transaction.js";
import { readRoomWithRole } from "../../domain/examinee.js";
import { type HandRow, handById, toHand } from "../../domain/hands.js";
import type { AccessibleRooms } from "../../domain/opened.js";
import { roomById } from "../../domain/people.js";
import { roomsOfHistory, sitsInRooms } from "../../domain/person-history.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { Writes } from "../../domain/writes.js";
import { InvigilError, roomEnded, roomNotFound } from "../../platform/errors.js";
import { pageOf } from "../../platform/paging.js";
import { isOfSeat } from "../../storage/conditions.js";
import type { Queries } from "../../storage/port.js";
import {
  type Dialect,
  insertion,
  param,
  query,
  rawParam,
  statement,
  statements,
} from "../../storage/statement.js";
import { hands } from "../../storage/tables.js";
import { assertMayHaveHand, assertMayRaise, handConflict } from "./rules.js";

/** The answer of a person of the staff, or of the person whose hand it is. */
interface Answer {
  readonly action: HandAction;
  /** The person of the staff. Absent: the person whose hand it is. */
  readonly by?: string | undefined;
  readonly note?: string | undefined;
  readonly now: Date;
}

const isOfPerson = isOfSeat(hands);
const openHandOf = statement(
  query
    .select()
    .from(hands)
    .where(and(isOfPerson, isNull(hands.resolvedAt))),
);
const countOfPerson = statement(query.select({ held: count() }).from(hands).where(isOfPerson));
const insertHand = insertion(hands, { ids: "given" });
const updateHand = statement(
  query
    .update(hands)
    .set({
      status: rawParam<HandStatus>("status"),
      note: rawParam<string | null>("note"),
      takenBy: rawParam<string | null>("takenBy"),
      grantedAt: rawParam<Date | null>("grantedAt"),
      resolvedAt: rawParam<Date | null>("resolvedAt"),
    })
    .where(and(eq(hands.examId, param("examId")), eq(hands.id, param("id")))),
);
/** Whether a hand was raised in one of the rooms, or its person sits in one of them. */
const isAccessible = (dialect: Dialect, of: "exam" | "rooms" | "room", ofPerson: boolean) => {
  if (of === "exam") return undefined;
  if (of === "room")
    return ofPerson ? inArray(hands.roomId, roomsOfHistory) : eq(hands.roomId, param("roomId"));
  const isInRooms = dialect.isAnyOf(hands.roomId, "roomIds");
  return ofPerson ? or(isInRooms, sitsInRooms(dialect)) : isInRooms;
};
const pageOfHands = statements((of: "exam" | "rooms" | "room", ofPerson: boolean) =>
  statement((dialect) =>
    query
      .select()
      .from(hands)
      .where(
        and(
          of === "room" ? dialect.inExam(hands.examId) : eq(hands.examId, param("examId")),
          isAccessible(dialect, of, ofPerson),
          ofPerson ? eq(hands.userId, param("userId")) : undefined,
          dialect.isAnyOf(hands.status, "statuses"),
          gt(hands.id, param("after")),
        ),
      )
      .orderBy(asc(hands.id))
      .limit(param("limit")),
  ),
);

export type HandStore = ReturnType<typeof createHandStore>;

export const createHandStore = ({
  storage,
  writes,
  events,
}: {
  storage: Queries;
  writes: Writes;
  events: EventLog;
}) => {
  const tell = (tx: ExamTransaction, { examId, roomId, userId, id: handId }: HandRow, now: Date) =>
    events.add(tx, { examId, roomId }, "hand_changed", { userId, role: "examinee", handId }, now);

  /** Answers a hand. A repeated answer changes nothing. @throws HAND_CONFLICT */
  const answer = async (
    tx: ExamTransaction,
    row: HandRow,
    { action, by, note = row.note ?? undefined, now }: Answer,
  ): Promise<Hand> => {
    const after = handAfter(row, action, by ?? "");
    if ("refused" in after) throw handConflict(toHand(row), after.refused);
    const { status } = after;
    const isSame = status === row.status && (note ?? null) === row.note;
    if (isSame || row.status === "resolved") return toHand(row);
    const changed: HandRow = {
      ...row,
      status,
      note: note ?? null,
      takenBy: by ?? row.takenBy,
      grantedAt: status === "granted" ? (row.grantedAt ?? now) : row.grantedAt,
      resolvedAt: status === "resolved" ? now : null,
    };
    await tx.last(() => Promise.all([tx.run(updateHand, { ...changed }), tell(tx, changed, now)]));
    return toHand(changed);
  };

  return {
    /**
     * Raises the hand of a person, or returns their open hand. With `takenBy`, that person of the staff takes it.
     * @throws ROOM_NOT_FOUND, ROOM_ENDED, PARTICIPANT_NOT_FOUND, INVALID_INPUT, QUOTA_EXCEEDED, HAND_CONFLICT
     */
    raise: (
      { examId, roomId }: RoomKey,
      {
        userId,
        kind,
        text,
        takenBy,
        now,
      }: {
        readonly userId: string;
        readonly kind: HandKind;
        readonly text: string | undefined;
        readonly takenBy: string | undefined;
        readonly now: Date;
      },
      author: Author,
    ): Promise<Hand> =>
      writes.ofExam(
        { examId, roomId, people: [userId] },
        author,
        async (tx): Promise<Hand> => {
          const seat = { examId, roomId, userId };
          const [room, open, ids, counted] = await Promise.all([
            readRoomWithRole(tx, seat),
            tx.get(openHandOf, seat),
            tx.ids(hands, 1),
            tx.get(countOfPerson, seat),
          ]);
          assertMayHaveHand(seat, room);
          if (open)
            return takenBy === undefined
              ? toHand(open)
              : answer(tx, open, { action: "take", by: takenBy, now });
          assertMayRaise(seat, counted?.held ?? 0);
          const [id] = ids;
          if (id === undefined) throw new Error("a hand was given no id");
          const row: HandRow = {
            ...seat,
            id,
            kind,
            status: takenBy === undefined ? "raised" : "taken",
            text: text ?? null,
            note: null,
            takenBy: takenBy ?? null,
            createdAt: now,
            grantedAt: null,
            resolvedAt: null,
          };
          await tx.last(() => Promise.all([tx.insert(insertHand, [row]), tell(tx, row, now)]));
          return toHand(row);
        },
        { repeatable: true },
      ),

    /**
     * Answers a hand of a room. With `of`, only if it is the hand of that person.
     * @throws ROOM_NOT_FOUND, ROOM_ENDED, HAND_NOT_FOUND, HAND_CONFLICT
     */
    answer: (
      { examId, roomId }: RoomKey,
      { id, of, ...given }: Answer & { readonly id: number; readonly of: string | undefined },
      author: Author,
    ): Promise<Hand> =>
      writes.ofExam(
        { examId, roomId },
        author,
        async (tx): Promise<Hand> => {
          const [room, row] = await Promise.all([
            tx.get(roomById, { examId, roomId }),
            tx.get(handById, { examId, id }),
          ]);
          if (!room) throw roomNotFound(roomId);
          if (row?.roomId !== roomId || (of !== undefined && row.userId !== of))
            throw new InvigilError("HAND_NOT_FOUND", `The room ${roomId} has no raised hand ${id}.`);
          if (room.status === "ended") throw roomEnded(roomId);
          return answer(tx, row, given);
        },
        { repeatable: true },
      ),

    /** Hands of an exam or of some of its rooms, the oldest first. Those of a person who sits in one of the rooms are of all rooms. */
    async list(
      { examId, rooms }: { readonly examId: string; readonly rooms: AccessibleRooms },
      {
        userId,
        statuses,
        limit,
        after = 0,
      }: {
        readonly userId: string | undefined;
        readonly statuses: readonly HandStatus[];
        readonly limit: number;
        readonly after: number | undefined;
      },
    ): Promise<HandPage> {
      const of = rooms === "all" ? "exam" : rooms.length === 1 ? "room" : "rooms";
      const where = { examId, ...(rooms !== "all" && { roomIds: rooms, roomId: rooms[0] }) };
      const found = await storage.all(pageOfHands(of, userId !== undefined), {
        ...where,
        userId,
        statuses,
        after,
        limit: limit + 1,
      });
      const { rows, ...next } = pageOf(found, limit, ({ id }) => id);
      return { hands: rows.map(toHand), ...next };
    },
  };
};
