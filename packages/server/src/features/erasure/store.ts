import { and, asc, between, eq, gt, lte, notExists, or, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import { MAX_HELD_MS } from "../../domain/access-log.js";
import { erasePersonFromAudit, erasePersonOfRoomFromAudit } from "../../domain/audit-erasure.js";
import { encodedParam } from "../../domain/encoded-param.js";
import { EVERYBODY, loginOf, loginsOf, STAFF, STAFF_COPY } from "../../domain/messages.js";
import { eraseSeats } from "../../domain/seats.js";
import type { Writes } from "../../domain/writes.js";
import { firstIdAt } from "../../platform/ids.js";
import { isRoomOf } from "../../storage/conditions.js";
import { DECLARATION, type DeclaredTable } from "../../storage/declaration.js";
import { tablesOf } from "../../storage/inventory.js";
import type { Queries, Reader, Transaction } from "../../storage/port.js";
import { type Dialect, param, query, rawParam, statement } from "../../storage/statement.js";
import {
  deadLetters,
  erasures,
  messageLogins,
  messageReaders,
  messages,
  visibleParticipants as participants,
  roomEvents,
  rooms,
  seatGenerations,
} from "../../storage/tables.js";
import { withoutLogins } from "./scrub.js";

/** An erasure in progress. */
export type Erasure = typeof erasures.$inferSelect;

/** The progress of a search in a room: the id of the last row, or "end". */
export type Position = number | "end";

// The rooms of a deleted exam are not visible, but what is erased must not come back with them. So rooms are read from the table.

/** After all ids of the audit. */
const END = "~";
/** The number of rows of one search. A message may have 60 KB. */
const ROWS_A_SEARCH = 200;

/**
 * Whether a column contains the text of a parameter. SQLite and PostgreSQL have no common function for this.
 */
const contains = (column: SQLWrapper, parameter: string): SQL =>
  sql`replace(CAST(${column} AS TEXT), ${param(parameter)}, '') <> CAST(${column} AS TEXT)`;

const nextErasure = statement(
  query
    .select()
    .from(erasures)
    .where(or(eq(erasures.stage, "traces"), lte(erasures.createdAt, param("noticeSentBefore"))))
    .orderBy(asc(erasures.id))
    .limit(1),
);
const isErasure = and(eq(erasures.examId, param("examId")), eq(erasures.id, param("id")));
const beginNotice = statement(query.update(erasures).set({ stage: "farewell" }).where(isErasure));
const deleteErasure = statement(query.delete(erasures).where(isErasure));
const roomsOfExam = statement(
  query
    .select({ id: rooms.id })
    .from(rooms)
    .where(eq(rooms.examId, param("examId")))
    .orderBy(asc(rooms.id)),
);
const seatsOfPerson = statement((dialect) =>
  query
    .select({ roomId: participants.roomId })
    .from(participants)
    .where(
      and(
        eq(participants.examId, param("examId")),
        dialect.isAnyOf(participants.roomId, "roomIds"),
        eq(participants.userId, param("userId")),
      ),
    ),
);

const seatInExam = query
  .select({ roomId: participants.roomId })
  .from(participants)
  .innerJoin(rooms, isRoomOf(rooms, participants))
  .where(and(eq(participants.userId, param("userId")), eq(participants.examId, param("examId"))));
/**
 * Makes statements that delete rows by person, and by the exam or room to which they belong. The columns declare which tables have such
 * rows.
 */
const deletionsOf = <Of extends "exam" | "room">(
  owner: Of,
  isOfOwner: (table: DeclaredTable<Of>, dialect: Dialect) => SQL,
) =>
  tablesOf(owner).flatMap((table) =>
    table[DECLARATION].people
      .filter(({ erased }) => erased === "deleted")
      .map(({ column, as }) =>
        statement((dialect) =>
          query
            .delete(table)
            .where(
              and(
                eq(table.examId, param("examId")),
                isOfOwner(table, dialect),
                as === "login" ? dialect.isAnyOf(column, "logins") : eq(column, param("userId")),
              ),
            ),
        ),
      ),
  );
const deletionsInRooms = deletionsOf("room", ({ roomId }, dialect) => dialect.isAnyOf(roomId, "roomIds"));
const deletionsInExam = deletionsOf("exam", () => notExists(seatInExam));
const deleteLoginsToRooms = statement((dialect) =>
  query
    .delete(messageLogins)
    .where(and(eq(messageLogins.userId, param("userId")), dialect.isAnyOf(messageLogins.roomId, "roomIds"))),
);
const deleteLoginsToExam = statement(
  query
    .delete(messageLogins)
    .where(
      and(
        eq(messageLogins.userId, param("userId")),
        eq(messageLogins.examId, param("examId")),
        notExists(seatInExam),
      ),
    ),
);
const revokedSeats = statement((dialect) =>
  query
    .select({ roomId: seatGenerations.roomId })
    .from(seatGenerations)
    .where(
      and(
        eq(seatGenerations.examId, param("examId")),
        dialect.isAnyOf(seatGenerations.roomId, "roomIds"),
        eq(seatGenerations.userId, param("userId")),
      ),
    ),
);

/** The rows of a room that one search reads. */
const rowsAfter = (table: typeof messages | typeof roomEvents) =>
  statement((dialect) =>
    query
      .select({ id: table.id })
      .from(table)
      .where(
        and(eq(table.roomId, param("roomId")), dialect.inExam(table.examId), gt(table.id, param("after"))),
      )
      .orderBy(asc(table.id))
      .limit(ROWS_A_SEARCH),
  );
const eventsAfter = rowsAfter(roomEvents);
const messagesAfter = rowsAfter(messages);

const eventsNaming = statement((dialect) =>
  query
    .select({ id: roomEvents.id, data: roomEvents.data })
    .from(roomEvents)
    .where(
      and(
        eq(roomEvents.roomId, param("roomId")),
        dialect.inExam(roomEvents.examId),
        between(roomEvents.id, param("from"), param("upTo")),
        contains(roomEvents.data, "userId"),
      ),
    ),
);
const deleteEvents = statement((dialect) =>
  query
    .delete(roomEvents)
    .where(and(dialect.isAnyOf(roomEvents.id, "ids", "integer"), dialect.inExam(roomEvents.examId))),
);
const isNaming = and(
  eq(messages.examId, param("examId")),
  eq(messages.roomId, param("roomId")),
  between(messages.id, param("from"), param("upTo")),
  or(
    eq(messages.senderId, param("userId")),
    contains(messages.data, "userId"),
    // JSON can write any character of an id with a backslash.
    contains(messages.data, "backslash"),
    contains(messages.recipients, "userId"),
  ),
);
const anyMessageNaming = statement(query.select({ id: messages.id }).from(messages).where(isNaming).limit(1));
const messagesNaming = statement(query.select().from(messages).where(isNaming));
const isMessage = and(eq(messages.examId, param("examId")), eq(messages.id, param("id")));
const deleteMessage = statement(query.delete(messages).where(isMessage));
const updateMessage = statement(
  query
    .update(messages)
    .set({ data: rawParam<string>("data"), recipients: encodedParam(messages.recipients, "recipients") })
    .where(isMessage),
);
const deleteReaders = statement((dialect) =>
  query
    .delete(messageReaders)
    .where(
      and(
        eq(messageReaders.examId, param("examId")),
        eq(messageReaders.roomId, param("roomId")),
        dialect.isAnyOf(messageReaders.login, "logins"),
        eq(messageReaders.messageId, param("messageId")),
      ),
    ),
);

const lettersNaming = statement(
  query
    .select({ id: deadLetters.id, payload: deadLetters.payload })
    .from(deadLetters)
    .where(and(eq(deadLetters.examId, param("examId")), contains(deadLetters.payload, "userId"))),
);
const deleteLetters = statement((dialect) =>
  query.delete(deadLetters).where(dialect.isAnyOf(deadLetters.id, "ids")),
);

/** Whether a payload contains a login of the person. */
const names = (payload: object, userId: string): boolean => {
  // Payloads contain JSON texts, in which JSON writes quotes with a backslash.
  const text = JSON.stringify(payload).replaceAll("\\", "");
  return loginsOf(userId).some((login) => text.includes(JSON.stringify(login)));
};

const withoutSeatIn = async (
  reader: Reader,
  { examId, userId }: Pick<Erasure, "examId" | "userId">,
  roomIds: readonly string[],
): Promise<string[]> => {
  const seats = new Set(
    (await reader.all(seatsOfPerson, { examId, userId, roomIds })).map(({ roomId }) => roomId),
  );
  return roomIds.filter((roomId) => !seats.has(roomId));
};

/**
 * Deletes a message that the person sent or that was for the person alone, and removes their logins from any
 * other.
 */
const eraseFromMessage = async (
  tx: Transaction,
  { examId, id, roomId, senderId, senderRole, senderCamera, recipients, data }: typeof messages.$inferSelect,
  userId: string,
): Promise<void> => {
  const logins = new Set(loginsOf(userId));
  const isSender = senderRole !== "server" && senderId === userId;
  const others = recipients?.filter((login) => !logins.has(login));
  // A message without recipients is for the staff as a whole.
  const isForPersonAlone = others?.length === 0 && recipients?.length !== 0;
  if (isSender || isForPersonAlone) {
    const sender = senderRole === "server" ? [] : [loginOf(senderId, senderCamera)];
    const readers = [EVERYBODY, STAFF, STAFF_COPY, ...(recipients ?? []), ...sender];
    await tx.run(deleteReaders, { examId, roomId, messageId: id, logins: readers });
    await tx.run(deleteMessage, { examId, id });
    return;
  }
  const kept = withoutLogins(data, logins);
  if (kept === data && others?.length === recipients?.length) return;
  await tx.run(deleteReaders, { examId, roomId, messageId: id, logins: [...logins] });
  await tx.run(updateMessage, { examId, id, data: kept, recipients: others ?? null });
};

export type ErasureStore = ReturnType<typeof createErasureStore>;

export const createErasureStore = ({ storage, writes }: { storage: Queries; writes: Writes }) => ({
  /**
   * Returns the oldest erasure with data left, or whose notice was sent before the given time; otherwise
   * undefined.
   */
  next: (noticeSentBefore: Date): Promise<Erasure | undefined> =>
    storage.get(nextErasure, { noticeSentBefore }),
  /** Returns the rooms that an erasure covers, oldest first. */
  roomsOf: async ({ examId, roomId }: Erasure): Promise<string[]> =>
    roomId ? [roomId] : (await storage.all(roomsOfExam, { examId })).map(({ id }) => id),

  /**
   * Erases the rows keyed by the person in some rooms: those of tables that say so, seats, and message logins. If the person was removed from
   * the whole exam and was not added to a room again, also the rows and logins of the exam. Replaces the person in some entries of the audit
   * that are about them. Returns whether it may have to be called again for more of these.
   */
  eraseKeys: (
    { userId, examId, roomId: onlyRoom, createdAt, stage }: Erasure,
    all: readonly string[],
  ): Promise<boolean> =>
    // The lock keeps people from being added to the exam's rooms until the commit.
    writes.ofExam({ examId }, undefined, async (tx) => {
      // If the person was added again, these rows belong to their new seat.
      const roomIds = await withoutSeatIn(tx, { examId, userId }, all);
      const rows = { examId, roomIds, userId, logins: loginsOf(userId) };
      // Gathered entries are written a moment later. Those after that are about the person after they were added again.
      const before = stage === "traces" ? END : firstIdAt(new Date(createdAt.getTime() + 2 * MAX_HELD_MS));
      const [seats, entries] = await Promise.all([
        tx.all(revokedSeats, rows),
        tx.run(onlyRoom === null ? erasePersonFromAudit : erasePersonOfRoomFromAudit, {
          examId,
          roomId: onlyRoom,
          userId,
          before,
          limit: ROWS_A_SEARCH,
        }),
        tx.run(deleteLoginsToRooms, rows),
        ...deletionsInRooms.map((deletion) => tx.run(deletion, rows)),
        ...(onlyRoom === null
          ? [deleteLoginsToExam, ...deletionsInExam].map((deletion) => tx.run(deletion, rows))
          : []),
      ]);
      await eraseSeats(
        tx,
        { examId, userId },
        seats.map(({ roomId }) => roomId),
      );
      return entries === ROWS_A_SEARCH;
    }),

  /**
   * Searches some events of a room after a position, and deletes those that name the person. Returns the next
   * position.
   */
  async eraseEvents(
    { examId, userId, upToEvent }: Erasure,
    roomId: string,
    after: number,
  ): Promise<Position> {
    const last = (await storage.all(eventsAfter, { examId, roomId, after })).at(-1)?.id;
    if (last === undefined || after >= upToEvent) return "end";
    const range = { examId, roomId, from: after + 1, upTo: Math.min(last, upToEvent) };
    const named = `"userId":${JSON.stringify(userId)}`;
    const ids = (await storage.all(eventsNaming, { ...range, userId }))
      .filter(({ data }) => JSON.stringify(data).includes(named))
      .map(({ id }) => id);
    if (ids.length > 0) await writes.unordered({ examId }, (tx) => tx.run(deleteEvents, { examId, ids }));
    return last;
  },

  /**
   * Searches some messages of a room after a position: those up to the removal, or in the last stage those
   * since. Deletes messages that the person sent or that were for the person alone, and removes their name from
   * the others. Returns the next position.
   */
  async eraseMessages(
    { examId, userId, upToMessage, stage }: Erasure,
    roomId: string,
    position: number,
  ): Promise<Position> {
    const isNotice = stage === "farewell";
    const after = isNotice ? Math.max(position, upToMessage) : position;
    const end = isNotice ? Number.MAX_SAFE_INTEGER : upToMessage;
    const last = (await storage.all(messagesAfter, { examId, roomId, after })).at(-1)?.id;
    if (last === undefined || after >= end) return "end";
    const range = {
      examId,
      roomId,
      userId,
      backslash: "\\",
      from: after + 1,
      upTo: Math.min(last, end),
    };
    if (await storage.get(anyMessageNaming, range))
      await writes.unordered({ examId }, async (tx) => {
        for (const message of await tx.all(messagesNaming, range))
          await eraseFromMessage(tx, message, userId);
      });
    return last;
  },

  /** Returns those of the rooms that the person was not added to again. */
  notRejoined: (erasure: Erasure, roomIds: readonly string[]): Promise<string[]> =>
    withoutSeatIn(storage, erasure, roomIds),
  /** Deletes the dead letters of the exam that name the person. Starts the next stage of the erasure, or deletes one that is complete. */
  advance: ({ examId, id, userId, stage }: Erasure): Promise<void> =>
    writes.unordered({ examId }, async (tx) => {
      const [letters] = await Promise.all([
        tx.all(lettersNaming, { examId, userId }),
        tx.run(stage === "farewell" ? deleteErasure : beginNotice, { examId, id }),
      ]);
      const ids = letters.filter(({ payload }) => names(payload, userId)).map((letter) => letter.id);
      if (ids.length > 0) await tx.run(deleteLetters, { ids });
    }),
});
