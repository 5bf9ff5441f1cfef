import { and, asc, count, desc, eq, getTableColumns, gt, lt, sql } from "drizzle-orm";
import type { MessageLog, NewMessage } from "../../domain/messages.js";
import { EVERYBODY } from "../../domain/messages.js";
import { pageOf } from "../../platform/paging.js";
import type { Storage } from "../../storage/port.js";
import { param, query, statement, statements } from "../../storage/statement.js";
import { messageReaders, messages } from "../../storage/tables.js";
import { createMessageSender, type Person, type RoomToSendIn, type Sent } from "./send-store.js";

export type { RoomToSendIn };

/** A message as it is kept. Its data is the JSON text that was sent. */
export type StoredMessage = Omit<typeof messages.$inferSelect, "key">;
export interface MessageQuery {
  readonly roomId: string;
  /** The login of the page that reads. */
  readonly login: string;
  /** Further readers as whom it reads, beside everybody: those that stand for many (`domain/messages.ts`). */
  readonly also?: readonly string[];
  readonly type: number | undefined;
  readonly limit: number;
  /** Only messages with a smaller id. */
  readonly before: number | undefined;
}

export interface ReadQuery {
  readonly roomId: string;
  /** The login of the page that reads. Undefined: only what others read. */
  readonly login: string | undefined;
  /** Further readers as whom it reads, beside everybody. */
  readonly also?: readonly string[];
  readonly type: number | undefined;
  readonly limit: number;
  readonly newestFirst: boolean;
  /** Only messages that come after the one with this id, in that order. */
  readonly from: number | undefined;
}

export interface NewestQuery {
  readonly roomId: string;
  /** The login of the page that reads. */
  readonly login: string;
  readonly types: readonly number[];
  /** Only messages with a greater id. */
  readonly after: number;
  readonly limit: number;
}

export interface ImStore {
  /**
   * Keeps a message and adds its event. A message with a key that its sender has used before is not written again, nor is an end signal to
   * a whole room that was told of its end already: the outcome is then the message that is there. `check` sees the room, and refuses by
   * throwing. `unknown` is the first login that is not of a person in the room whom `mayReach` takes.
   */
  send(
    message: NewMessage,
    check: (room: RoomToSendIn) => void,
    mayReach: (person: Person) => boolean,
  ): Promise<Sent>;
  /** Newest first: what any of the readers reads, each message once. */
  list(query: MessageQuery): Promise<{ messages: StoredMessage[]; nextCursor?: number }>;
  /** Counts a room's messages, up to a number. */
  countUpTo(roomId: string, most: number): Promise<number>;
  /** The same as `list`, in either order. */
  read(query: ReadQuery): Promise<{ messages: StoredMessage[]; hasMore: boolean }>;
  /** The newest messages of some types, oldest of them first. */
  newestOf(query: NewestQuery): Promise<StoredMessage[]>;
}

/** Pages of the newest messages start below this id. */
const FIRST = Number.MAX_SAFE_INTEGER;

const { key: _, ...columns } = getTableColumns(messages);
const { roomId, login, messageId, type } = messageReaders;

/**
 * What any of so many readers reads of a room, each message once, in no order: of each reader's messages those that are first in the given
 * order. One statement, so that no message is missed while others are sent.
 */
const messagesOfReaders = statements(
  (readers: number, side: "above" | "below", order: "newest" | "oldest", types: "all" | "one" | "some") =>
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
              eq(roomId, param("roomId")),
              eq(login, param(`reader${index}`)),
              (side === "above" ? gt : lt)(messageId, param("from")),
              ofType,
            ),
          )
          .orderBy((order === "newest" ? desc : asc)(messageId))
          .limit(param("limit"));
      const ids = Array.from(
        { length: readers },
        (_, index) => sql`SELECT some.message_id FROM ${ofReader(index)} AS some`,
      );
      return query
        .select(columns)
        .from(messages)
        .where(sql`${messages.id} IN (${sql.join(ids, sql` UNION ALL `)})`);
    }),
);
const countedMessages = query
  .select({ id: messages.id })
  .from(messages)
  .where(eq(messages.roomId, param("roomId")))
  .limit(param("most"))
  .as("some");
const countOfRoom = statement(query.select({ number: count() }).from(countedMessages));

/** Readers as the parameters of `messagesOfReaders`. */
const asParameters = (readers: readonly string[]) =>
  Object.fromEntries(readers.map((reader, index) => [`reader${index}`, reader]));

export const createImStore = ({
  storage,
  messageLog,
}: {
  storage: Storage;
  messageLog: MessageLog;
}): ImStore => {
  const sendMessage = createMessageSender({ storage, messageLog });

  const readPage = async ({
    roomId,
    login,
    also = [],
    type,
    limit,
    newestFirst,
    from = newestFirst ? FIRST : 0,
  }: ReadQuery) => {
    const readers = [EVERYBODY, ...(login === undefined ? [] : [login]), ...also];
    const side = newestFirst ? "below" : "above";
    const order = newestFirst ? "newest" : "oldest";
    const rows = await storage.all(
      messagesOfReaders(readers.length, side, order, type === undefined ? "all" : "one"),
      { roomId, ...asParameters(readers), from, limit: limit + 1, ...(type !== undefined && { type }) },
    );
    const sorted = rows.toSorted((a, b) => (newestFirst ? b.id - a.id : a.id - b.id));
    return pageOf(sorted, limit, ({ id }) => id);
  };

  return {
    send: (message, check, mayReach) => sendMessage({ message, check, mayReach }),
    async list({ before, ...query }) {
      const { rows, ...next } = await readPage({ ...query, from: before, newestFirst: true });
      return { messages: rows, ...next };
    },
    async read(query) {
      const { rows, nextCursor } = await readPage(query);
      return { messages: rows, hasMore: nextCursor !== undefined };
    },
    async newestOf({ roomId, login, types, after, limit }) {
      const readers = [EVERYBODY, login];
      const rows = await storage.all(messagesOfReaders(readers.length, "above", "newest", "some"), {
        roomId,
        ...asParameters(readers),
        from: after,
        types: [...types],
        limit,
      });
      return rows.toSorted((a, b) => a.id - b.id).slice(-limit);
    },
    countUpTo: async (roomId, most) => (await storage.get(countOfRoom, { roomId, most }))?.number ?? 0,
  };
};
