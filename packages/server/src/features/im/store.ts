import { and, asc, count, desc, eq, getTableColumns, gt, inArray, lt, sql } from "drizzle-orm";
import { EVERYBODY } from "../../domain/messages.js";
import { roomsOfHistory } from "../../domain/person-history.js";
import type { RoomExams } from "../../domain/room-exams.js";
import { ABOVE_ALL_IDS, pageOf } from "../../platform/paging.js";
import { param, query, statement, statements } from "../../storage/statement.js";
import { messageReaders, messages } from "../../storage/tables.js";
import {
  createMessageSender,
  type MessageSenderDeps,
  type RoomToSendIn,
  type SendResult,
} from "./send-store.js";

export type { RoomToSendIn, SendResult };

/** A message as it is stored. Its data is the JSON text that was sent. */
export type StoredMessage = Omit<typeof messages.$inferSelect, "examId" | "key">;

export interface MessageQuery {
  readonly roomId: string;
  /** The login of the page that reads messages. */
  readonly login: string;
  /** Additional readers whose messages are returned, such as the staff (see domain/messages.ts). */
  readonly also?: readonly string[];
  /** The person whose logins these are. If they sit in the room, their messages in all rooms of the exam are returned. */
  readonly historyOf?: string | undefined;
  readonly type: number | undefined;
  readonly limit: number;
  /** Only messages with a smaller id. */
  readonly before: number | undefined;
}

export interface ReadQuery {
  readonly roomId: string;
  /** The login of the page that reads messages. Undefined to omit messages for single logins. */
  readonly login: string | undefined;
  /** Additional readers whose messages are returned. */
  readonly also?: readonly string[];
  readonly type: number | undefined;
  readonly limit: number;
  readonly newestFirst: boolean;
  /** Only messages after the one with this id, in the requested order. */
  readonly from: number | undefined;
}

export interface NewestQuery {
  readonly roomId: string;
  /** The login of the page that reads messages. */
  readonly login: string;
  readonly types: readonly number[];
  /** Only messages with a greater id. */
  readonly after: number;
  readonly limit: number;
}

const { examId: _exam, key: _key, ...columns } = getTableColumns(messages);
const { examId, roomId, login, messageId, type } = messageReaders;

/**
 * Selects messages of a room for a number of readers: each message once, without an order. For each reader, it selects the first messages
 * in the given order. A single statement does not miss messages that are sent during the read.
 */
const messagesOfReaders = statements(
  (
    readers: number,
    side: "above" | "below",
    order: "newest" | "oldest",
    types: "all" | "one" | "some",
    ofHistory: boolean,
  ) =>
    statement((dialect) => {
      const ofType = {
        all: undefined,
        one: eq(type, param("type")),
        some: dialect.isAnyOf(type, "types", "integer"),
      }[types];
      const ofReader = (index: number) =>
        query
          .select({ messageId })
          .from(messageReaders)
          .where(
            and(
              eq(examId, param("examId")),
              // The first reader is everybody in the room.
              ofHistory && index > 0 ? inArray(roomId, roomsOfHistory) : eq(roomId, param("roomId")),
              eq(login, param(`reader${index}`)),
              (side === "above" ? gt : lt)(messageId, param("from")),
              ofType,
            ),
          )
          .orderBy((order === "newest" ? desc : asc)(messageId))
          .limit(param("limit"));
      const ids = Array.from(
        { length: readers },
        (_, index) => sql`SELECT ids.message_id FROM ${ofReader(index)} AS ids`,
      );
      return query
        .select(columns)
        .from(messages)
        .where(
          and(
            eq(messages.examId, param("examId")),
            sql`${messages.id} IN (${sql.join(ids, sql` UNION ALL `)})`,
          ),
        );
    }),
);
const countedMessages = query
  .select({ id: messages.id })
  .from(messages)
  .where(and(eq(messages.examId, param("examId")), eq(messages.roomId, param("roomId"))))
  .limit(param("most"))
  .as("some");
const countOfRoom = statement(query.select({ number: count() }).from(countedMessages));

/** Returns the parameters of `messagesOfReaders` for readers. */
const asParameters = (readers: readonly string[]) =>
  Object.fromEntries(readers.map((reader, index) => [`reader${index}`, reader]));

export type ImStore = ReturnType<typeof createImStore>;

export const createImStore = ({
  storage,
  roomExams,
  messageLog,
  sendRate,
}: MessageSenderDeps & { readonly roomExams: RoomExams }) => {
  /**
   * Stores a message and adds its event. If the sender has used the message's key before, or if a signal of the room's end was sent
   * already, the existing message is returned instead.
   */
  const sendMessage = createMessageSender({ storage, messageLog, sendRate });
  const examOf = async (room: string): Promise<string> => (await roomExams.examOf(storage, room)) ?? "";

  const readPage = async ({
    roomId,
    login,
    also = [],
    historyOf,
    type,
    limit,
    newestFirst,
    from = newestFirst ? ABOVE_ALL_IDS : 0,
  }: ReadQuery & Pick<MessageQuery, "historyOf">) => {
    const readers = [EVERYBODY, ...(login === undefined ? [] : [login]), ...also];
    const side = newestFirst ? "below" : "above";
    const order = newestFirst ? "newest" : "oldest";
    const rows = await storage.all(
      messagesOfReaders(
        readers.length,
        side,
        order,
        type === undefined ? "all" : "one",
        historyOf !== undefined,
      ),
      {
        examId: await examOf(roomId),
        roomId,
        ...(historyOf !== undefined && { userId: historyOf }),
        ...asParameters(readers),
        from,
        limit: limit + 1,
        ...(type !== undefined && { type }),
      },
    );
    const sorted = rows.toSorted((a, b) => (newestFirst ? b.id - a.id : a.id - b.id));
    return pageOf(sorted, limit, ({ id }) => id);
  };

  return {
    send: sendMessage,
    /** Returns the messages of the readers, newest first and each one once. */
    async list({
      before,
      ...query
    }: MessageQuery): Promise<{ messages: StoredMessage[]; nextCursor?: number }> {
      const { rows, ...next } = await readPage({ ...query, from: before, newestFirst: true });
      return { messages: rows, ...next };
    },
    /** The same as `list`, in either order. */
    async read(query: ReadQuery): Promise<{ messages: StoredMessage[]; hasMore: boolean }> {
      const { rows, nextCursor } = await readPage(query);
      return { messages: rows, hasMore: nextCursor !== undefined };
    },
    /** Returns the newest messages of some types, in ascending order. */
    async newestOf({ roomId, login, types, after, limit }: NewestQuery): Promise<StoredMessage[]> {
      const readers = [EVERYBODY, login];
      const rows = await storage.all(messagesOfReaders(readers.length, "above", "newest", "some", false), {
        examId: await examOf(roomId),
        roomId,
        ...asParameters(readers),
        from: after,
        types: [...types],
        limit,
      });
      return rows.toSorted((a, b) => a.id - b.id).slice(-limit);
    },
    /** Counts the messages of a room, up to a maximum. */
    countUpTo: async (room: string, most: number): Promise<number> =>
      (await storage.get(countOfRoom, { examId: await examOf(room), roomId: room, most }))?.number ?? 0,
  };
};
