import { type SentMessage, signals } from "@invigil/schema";
import { and, asc, count, desc, eq, getTableColumns, gt, inArray, lt, sql } from "drizzle-orm";
import { EVERYBODY, endToldSince, type MessageWriter, type NewMessage } from "../../domain/messages.js";
import type { Database } from "../../storage/sqlite/client.js";
import {
  messageReaders,
  messages,
  visibleParticipants as participants,
  visibleRooms as rooms,
} from "../../storage/tables.js";

/** A message as it is kept: its data is the JSON text that was sent. */
export type StoredMessage = Omit<typeof messages.$inferSelect, "key">;
/** Somebody in a room. */
export type Person = Pick<typeof participants.$inferSelect, "userId" | "role">;
/** What may be said in a room depends on. Undefined: it is gone. */
export type SpokenIn = Pick<typeof rooms.$inferSelect, "status" | "endedAt"> | undefined;

export interface MessageQuery {
  readonly roomId: string;
  /** Whose page it is that reads. */
  readonly login: string;
  /** As what else it reads, beside everybody: readers that stand for many (`domain/messages.ts`). */
  readonly also?: readonly string[];
  readonly type: number | undefined;
  readonly limit: number;
  /** Only messages with a smaller id. */
  readonly before: number | undefined;
}

export interface ReadQuery {
  readonly roomId: string;
  /** Whose page it is that reads; undefined: nobody's in particular. */
  readonly login: string | undefined;
  /** As what else it reads, beside everybody. */
  readonly also?: readonly string[];
  readonly type: number | undefined;
  readonly limit: number;
  readonly newestFirst: boolean;
  /** Only what comes after the message of this id in that order. */
  readonly from: number | undefined;
}

export interface NewestQuery {
  readonly roomId: string;
  /** Whose page it is that reads. */
  readonly login: string;
  readonly types: readonly number[];
  /** Only messages with a greater id. */
  readonly after: number;
  readonly limit: number;
}

export interface ImStore {
  /**
   * Keeps a message and tells the room. One with a key that the sender has used before is that message, and nothing is
   * written; so is the end of an ended room that everybody was told of. `check` sees the room, and refuses by throwing. Returns the first
   * login that is not of a person in the room whom `mayReach` takes.
   */
  send(
    message: NewMessage,
    check: (room: SpokenIn) => void,
    mayReach: (person: Person) => boolean,
  ): Promise<SentMessage | { unknown: string }>;
  /** Newest first: what any of the readers reads, once. */
  list(query: MessageQuery): Promise<{ messages: StoredMessage[]; nextCursor?: number }>;
  /** How many messages a room has, if there are not more than a number. */
  readonly countUpTo: (roomId: string, most: number) => number;
  /** The same either way round. */
  read(query: ReadQuery): Promise<{ messages: StoredMessage[]; hasMore: boolean }>;
  /** The newest messages of some types, oldest of them first. */
  newestOf(query: NewestQuery): Promise<StoredMessage[]>;
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
  const someOf = queries
    .select({ id: messages.id })
    .from(messages)
    .where(eq(messages.roomId, sql.placeholder("roomId")))
    .limit(sql.placeholder("most"))
    .as("some");
  const counted = queries.select({ number: count() }).from(someOf).prepare();
  const isThere = queries
    .select({ userId: participants.userId, role: participants.role })
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

  const newestOf: ImStore["newestOf"] = async (query) =>
    [EVERYBODY, query.login]
      .flatMap((reader) =>
        queries
          .select(columns)
          .from(messageReaders)
          .innerJoin(messages, eq(messages.id, messageId))
          .where(
            and(
              eq(roomId, query.roomId),
              eq(login, reader),
              gt(messageId, query.after),
              inArray(type, [...query.types]),
            ),
          )
          .orderBy(desc(messageId))
          .limit(query.limit)
          .all(),
      )
      .toSorted((a, b) => a.id - b.id)
      .slice(-query.limit);

  /** No id begins as the logins of PCs do. */
  const personOf = (room: string, of: string): Person | undefined =>
    isThere.get({ roomId: room, userId: of.startsWith("pc_") ? of.slice(3) : of });

  const read: ImStore["read"] = async ({
    roomId: room,
    login: of,
    also = [],
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
    const readers = [EVERYBODY, ...(of === undefined ? [] : [of]), ...also];
    // Each is a page of its own; the first of all make the one that was asked for. Two of them may read the same message.
    const rows = [...new Map(readers.flatMap(rowsOf).map((row) => [row.id, row])).values()].sort((a, b) =>
      newestFirst ? b.id - a.id : a.id - b.id,
    );
    return { messages: rows.slice(0, limit), hasMore: rows.length > limit };
  };

  return {
    send: (message, check, mayReach) =>
      write(
        () => {
          const { key, recipients, createdAt } = message;
          const before = key === undefined ? undefined : sentBefore.get({ ...message, key });
          if (before) return before;
          const room = spokenIn.get({ roomId: message.roomId });
          check(room);
          // The server has told of the end already: pages hear of it once.
          if (room?.endedAt && message.type === signals.endRoom.type && !recipients) {
            const told = said.toldOfEnd(message.roomId, endToldSince(room.endedAt));
            if (told) return told;
          }
          const unknown = recipients?.find((of) => {
            const person = personOf(message.roomId, of);
            return person === undefined || !mayReach(person);
          });
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
    countUpTo: (room, most) => counted.get({ roomId: room, most })?.number ?? 0,
    read,
    newestOf,
  };
};
