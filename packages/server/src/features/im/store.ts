import type { SentMessage } from "@invigil/schema";
import { and, asc, desc, eq, getTableColumns, gt, lt, sql } from "drizzle-orm";
import type { Database } from "../../db/client.js";
import { EVERYBODY, type MessageWriter, type NewMessage } from "../../db/messages.js";
import {
  messageReaders,
  messages,
  visibleParticipants as participants,
  visibleRooms as rooms,
} from "../../db/tables.js";

/** A message as it is kept: its data is the JSON text that was sent. */
export type StoredMessage = Omit<typeof messages.$inferSelect, "key">;
/** What may be said in a room depends on. Undefined: it is gone. */
export type SpokenIn = Pick<typeof rooms.$inferSelect, "status" | "endedAt"> | undefined;

export interface MessageQuery {
  readonly roomId: string;
  /** Whose page it is that reads. */
  readonly login: string;
  readonly type: number | undefined;
  readonly limit: number;
  /** Only messages with a smaller id. */
  readonly before: number | undefined;
}

export interface ReadQuery {
  readonly roomId: string;
  /** Whose page it is that reads; undefined: only what is everybody's. */
  readonly login: string | undefined;
  readonly type: number | undefined;
  readonly limit: number;
  readonly newestFirst: boolean;
  /** Only what comes after the message of this id in that order. */
  readonly from: number | undefined;
}

export interface ImStore {
  /**
   * Keeps a message and tells the room. One with a key that the sender has used before is that message, and nothing is
   * written. `check` sees the room, and refuses by throwing. Returns the first login that nobody in the room has.
   */
  send(message: NewMessage, check: (room: SpokenIn) => void): Promise<SentMessage | { unknown: string }>;
  /** Newest first: what is everybody's, and what is for a login or from it. */
  list(query: MessageQuery): Promise<{ messages: StoredMessage[]; nextCursor?: number }>;
  /** The same either way round, or only what is everybody's. */
  read(query: ReadQuery): Promise<{ messages: StoredMessage[]; hasMore: boolean }>;
}

/** The first page starts above every id. */
const FIRST = Number.MAX_SAFE_INTEGER;

export const createImStore = ({ db, said }: { db: Database; said: MessageWriter }): ImStore => {
  const { queries, write } = db;
  const { roomId, login, messageId, type } = messageReaders;
  const spokenIn = queries
    .select({ status: rooms.status, endedAt: rooms.endedAt })
    .from(rooms)
    .where(eq(rooms.id, sql.placeholder("roomId")))
    .prepare();
  const sentBefore = queries
    .select({ id: messages.id, time: messages.createdAt })
    .from(messages)
    .where(
      and(
        eq(messages.roomId, sql.placeholder("roomId")),
        eq(messages.senderId, sql.placeholder("senderId")),
        eq(messages.senderCamera, sql.placeholder("senderCamera")),
        eq(messages.key, sql.placeholder("key")),
      ),
    )
    .prepare();
  const isThere = queries
    .select({ userId: participants.userId })
    .from(participants)
    .where(
      and(
        eq(participants.roomId, sql.placeholder("roomId")),
        eq(participants.userId, sql.placeholder("userId")),
      ),
    )
    .prepare();
  const { key: _, ...columns } = getTableColumns(messages);
  const pageOf = (ofType: boolean, newestFirst = true) =>
    queries
      .select(columns)
      .from(messageReaders)
      .innerJoin(messages, eq(messages.id, messageId))
      .where(
        and(
          eq(roomId, sql.placeholder("roomId")),
          eq(login, sql.placeholder("login")),
          (newestFirst ? lt : gt)(messageId, sql.placeholder("before")),
          ofType ? eq(type, sql.placeholder("type")) : undefined,
        ),
      )
      .orderBy((newestFirst ? desc : asc)(messageId))
      .limit(sql.placeholder("limit"))
      .prepare();
  const newest = { any: pageOf(false), ofType: pageOf(true) };
  const oldest = { any: pageOf(false, false), ofType: pageOf(true, false) };

  /** No id begins as the logins of PCs do. */
  const isLogin = (room: string, of: string): boolean =>
    isThere.get({ roomId: room, userId: of.startsWith("pc_") ? of.slice(3) : of }) !== undefined;

  const read: ImStore["read"] = async ({
    roomId: room,
    login: of,
    type: only,
    limit,
    newestFirst,
    from = newestFirst ? FIRST : 0,
  }) => {
    const pages = newestFirst ? newest : oldest;
    const rowsOf = (reader: string) => {
      const asked = { roomId: room, login: reader, before: from, limit: limit + 1 };
      return only === undefined ? pages.any.all(asked) : pages.ofType.all({ ...asked, type: only });
    };
    // Each is a page of its own; the first of both make the one that was asked for.
    const rows = [EVERYBODY, ...(of === undefined ? [] : [of])]
      .flatMap(rowsOf)
      .toSorted((a, b) => (newestFirst ? b.id - a.id : a.id - b.id));
    return { messages: rows.slice(0, limit), hasMore: rows.length > limit };
  };

  return {
    send: (message, check) =>
      write(
        () => {
          const { key, recipients, createdAt } = message;
          const before = key === undefined ? undefined : sentBefore.get({ ...message, key });
          if (before) return before;
          check(spokenIn.get({ roomId: message.roomId }));
          const unknown = recipients?.find((of) => !isLogin(message.roomId, of));
          if (unknown !== undefined) return { unknown };
          return { id: said.add(message), time: createdAt };
        },
        { repeatable: true },
      ),
    async list({ limit, before, ...query }) {
      const { messages: found, hasMore } = await read({
        ...query,
        limit,
        from: before,
        newestFirst: true,
      });
      const last = found.at(-1);
      return { messages: found, ...(hasMore && last && { nextCursor: last.id }) };
    },
    read,
  };
};
