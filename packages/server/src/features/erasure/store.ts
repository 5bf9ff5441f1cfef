import {
  and,
  asc,
  between,
  eq,
  gt,
  inArray,
  lte,
  notExists,
  or,
  type SQL,
  type SQLWrapper,
  sql,
} from "drizzle-orm";
import { EVERYBODY, loginOf, OVERHEARD, STAFF } from "../../domain/messages.js";
import { eraseSeats } from "../../domain/seat-generations.js";
import type { Database } from "../../storage/sqlite/client.js";
import {
  erasures,
  messageLogins,
  messageReaders,
  messages,
  mutes,
  visibleParticipants as participants,
  presence,
  roomEvents,
  visibleRooms as rooms,
  seatGenerations,
  streamNames,
} from "../../storage/tables.js";
import { scrubbed } from "./scrub.js";

/** An erasure that has begun. */
export type Erasure = typeof erasures.$inferSelect;

/** How far rows of a room were looked through: the id of the last, or "end". */
export type Position = number | "end";

export interface ErasureStore {
  /** The oldest that is to be done, or whose farewell was told before a moment; undefined when none is. */
  next(toldBefore: Date): Promise<Erasure | undefined>;
  /** The rooms that it is about, in the order in which they were made. */
  roomsOf(erasure: Erasure): Promise<string[]>;
  /**
   * Erases what stands under the person's name in some rooms: mutes, presence, stream names, seats, and message logins, also
   * those that are bound to the exam.
   */
  eraseKeys(erasure: Erasure, roomIds: readonly string[]): Promise<void>;
  /** Looks through some events of a room after a position, and deletes those that name the person. Returns the next position. */
  eraseEvents(erasure: Erasure, roomId: string, after: number): Promise<Position>;
  /**
   * Looks through some messages of a room after a position, up to those of the removal, or in the last stage from those on:
   * deletes those that the person sent, or that were for the person alone, and takes the name out of the others. Returns the
   * next position.
   */
  eraseMessages(erasure: Erasure, roomId: string, after: number): Promise<Position>;
  /** Of the rooms, those that the person is not in again. */
  left(erasure: Erasure, roomIds: readonly string[]): Promise<string[]>;
  /** The stage is done: the next one begins, or nothing is left of it. */
  done(erasure: Erasure): Promise<void>;
}

/** Rows that are looked through at once. A message may have 60 KB. */
const AT_ONCE = 200;

const loginsOf = (userId: string): readonly string[] => [loginOf(userId, "main"), loginOf(userId, "pc")];

export const createErasureStore = ({ db: { queries, write } }: { db: Database }): ErasureStore => {
  const first = queries
    .select()
    .from(erasures)
    .where(or(eq(erasures.stage, "traces"), lte(erasures.createdAt, sql.placeholder("toldBefore"))))
    .orderBy(asc(erasures.id))
    .limit(1)
    .prepare();
  const ofExam = queries
    .select({ id: rooms.id })
    .from(rooms)
    .where(eq(rooms.examId, sql.placeholder("examId")))
    .orderBy(asc(rooms.id))
    .prepare();

  /** The last of the rows of a room that are looked through at once; undefined when none is left. */
  const lastOf = (table: typeof messages | typeof roomEvents) =>
    queries
      .select({ id: table.id })
      .from(table)
      .where(and(eq(table.roomId, sql.placeholder("roomId")), gt(table.id, sql.placeholder("after"))))
      .orderBy(asc(table.id))
      .limit(AT_ONCE)
      .prepare();
  const messagesAfter = lastOf(messages);
  const eventsAfter = lastOf(roomEvents);
  const lastId = (page: { id: number }[]): number | undefined => page.at(-1)?.id;

  const names = (column: SQLWrapper, text: string): SQL => sql`instr(${column}, ${text}) > 0`;
  /** As the text stands in JSON. */
  const inJson = (text: string): string => JSON.stringify(text);

  const deleteReaders = (roomId: string, messageId: number, logins: readonly string[]): void => {
    queries
      .delete(messageReaders)
      .where(
        and(
          eq(messageReaders.roomId, roomId),
          inArray(messageReaders.login, [...logins]),
          eq(messageReaders.messageId, messageId),
        ),
      )
      .run();
  };

  const withoutSeat = (userId: string, roomIds: readonly string[]): string[] => {
    const seats = queries
      .select({ roomId: participants.roomId })
      .from(participants)
      .where(and(inArray(participants.roomId, [...roomIds]), eq(participants.userId, userId)))
      .all();
    const back = new Set(seats.map(({ roomId }) => roomId));
    return roomIds.filter((roomId) => !back.has(roomId));
  };

  const seatIn = (userId: string, examId: string) =>
    queries
      .select({ one: sql`1` })
      .from(participants)
      .innerJoin(rooms, eq(rooms.id, participants.roomId))
      .where(and(eq(participants.userId, userId), eq(rooms.examId, examId)));

  return {
    next: async (toldBefore) => first.get({ toldBefore: toldBefore.getTime() }),
    roomsOf: async ({ examId, roomId }) => (roomId ? [roomId] : ofExam.all({ examId }).map(({ id }) => id)),

    eraseKeys: ({ userId, examId, roomId: onlyIn }, roomIds) =>
      write(() => {
        // Where the person has come back meanwhile, all of it is theirs anew.
        const within = withoutSeat(userId, roomIds);
        queries
          .delete(mutes)
          .where(and(inArray(mutes.roomId, within), inArray(mutes.login, [...loginsOf(userId)])))
          .run();
        const toRooms = inArray(messageLogins.roomId, within);
        const toExam = and(eq(messageLogins.examId, examId), notExists(seatIn(userId, examId)));
        queries
          .delete(messageLogins)
          .where(and(eq(messageLogins.userId, userId), onlyIn === null ? or(toRooms, toExam) : toRooms))
          .run();
        for (const table of [presence, streamNames])
          queries
            .delete(table)
            .where(and(inArray(table.roomId, within), eq(table.userId, userId)))
            .run();
        const seats = queries
          .select({ roomId: seatGenerations.roomId })
          .from(seatGenerations)
          .where(and(inArray(seatGenerations.roomId, within), eq(seatGenerations.userId, userId)))
          .all();
        eraseSeats(
          queries,
          userId,
          seats.map((seat) => seat.roomId),
        );
      }),

    async eraseEvents({ userId, upToEvent }, roomId, after) {
      const last = lastId(eventsAfter.all({ roomId, after }));
      if (last === undefined || after >= upToEvent) return "end";
      const naming = and(
        eq(roomEvents.roomId, roomId),
        between(roomEvents.id, after + 1, Math.min(last, upToEvent)),
        names(roomEvents.data, `"userId":${inJson(userId)}`),
      );
      if (queries.select({ id: roomEvents.id }).from(roomEvents).where(naming).limit(1).get())
        await write(() => void queries.delete(roomEvents).where(naming).run());
      return last;
    },

    async eraseMessages({ userId, upToMessage, stage }, roomId, position) {
      const isFarewell = stage === "farewell";
      const after = isFarewell ? Math.max(position, upToMessage) : position;
      const upTo = isFarewell ? Number.MAX_SAFE_INTEGER : upToMessage;
      const last = lastId(messagesAfter.all({ roomId, after }));
      if (last === undefined || after >= upTo) return "end";
      const logins = loginsOf(userId);
      const named = new Set(logins);
      const naming = and(
        eq(messages.roomId, roomId),
        between(messages.id, after + 1, Math.min(last, upTo)),
        or(eq(messages.senderId, userId), names(messages.data, userId), names(messages.recipients, userId)),
      );
      const erase = (): void => {
        for (const message of queries.select().from(messages).where(naming).all()) {
          const { id, senderId, senderRole, senderCamera, recipients, data } = message;
          const isSender = senderRole !== "server" && senderId === userId;
          const others = recipients?.filter((login) => !named.has(login));
          // One for no login is for the staff as a whole.
          const wasForThemAlone = others?.length === 0 && recipients?.length !== 0;
          if (isSender || wasForThemAlone) {
            const sender = senderRole === "server" ? [] : [loginOf(senderId, senderCamera)];
            deleteReaders(roomId, id, [EVERYBODY, STAFF, OVERHEARD, ...(recipients ?? []), ...sender]);
            queries.delete(messages).where(eq(messages.id, id)).run();
            continue;
          }
          const kept = scrubbed(data, named);
          if (kept === data && others?.length === recipients?.length) continue;
          deleteReaders(roomId, id, logins);
          queries
            .update(messages)
            .set({ data: kept, recipients: others ?? null })
            .where(eq(messages.id, id))
            .run();
        }
      };
      if (queries.select({ id: messages.id }).from(messages).where(naming).limit(1).get()) await write(erase);
      return last;
    },

    left: async ({ userId }, roomIds) => withoutSeat(userId, roomIds),
    done: ({ id, stage }) =>
      write(() => {
        if (stage === "farewell") queries.delete(erasures).where(eq(erasures.id, id)).run();
        else queries.update(erasures).set({ stage: "farewell" }).where(eq(erasures.id, id)).run();
      }),
  };
};
