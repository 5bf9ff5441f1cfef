import { type Camera, loginOf, type Role, type SentMessage, signals } from "@invigil/schema";
import { and, desc, eq } from "drizzle-orm";
import type { Reader, Transaction } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { messageReaders, messages } from "../storage/tables.js";
import { type EventLog, type NewEvent, newEvent } from "./events.js";

export { loginOf };

// Readers that are no logins: no id of a person in a room is like these.
/** Of what is for everybody in the room. */
export const EVERYBODY = "";
/** Of what is for the room's staff as a whole: its teachers and inspectors, and administrators. */
export const STAFF = "*";
/** Of what people say to single logins: staff read that, too. */
export const OVERHEARD = "**";

export interface NewMessage {
  readonly roomId: string;
  readonly type: number;
  /** A JSON text. */
  readonly data: string;
  readonly senderId: string;
  readonly senderRole: Role | "server";
  readonly senderCamera: Camera;
  /** The logins that it is for; the staff's as a whole when empty, everybody's when absent. */
  readonly recipients?: readonly string[] | undefined;
  readonly key?: string | undefined;
  readonly createdAt: Date;
}

/** Keeps the messages of the built-in message service. */
export interface MessageLog {
  /** Keeps messages and adds their events. Returns their ids, in the same order. */
  addAll(tx: Transaction, messages: readonly NewMessage[]): Promise<number[]>;
  /** The last `endRoom` signal to everybody in a room; undefined when it was sent before `since`. */
  lastEndSignal(reader: Reader, roomId: string, since: Date): Promise<SentMessage | undefined>;
}

/** How long before a room's end it may have been told of: the vendor's page tells of it within seconds. */
const END_TOLD_MS = 120_000;
/** Whoever was told of a room's end since this was told of this end. */
export const endToldSince = (endedAt: Date): Date => new Date(endedAt.getTime() - END_TOLD_MS);

const insertMessage = insertion(messages);
const insertReader = insertion(messageReaders);
const endSignal = statement(
  query
    .select({ id: messages.id, time: messages.createdAt })
    .from(messageReaders)
    .innerJoin(messages, eq(messages.id, messageReaders.messageId))
    .where(
      and(
        eq(messageReaders.roomId, param("roomId")),
        eq(messageReaders.login, EVERYBODY),
        eq(messageReaders.type, signals.endRoom.type),
      ),
    )
    .orderBy(desc(messageReaders.messageId))
    .limit(1),
);

/** The readers of a message: logins, or a group of them. */
const readersOf = ({ senderId, senderRole, senderCamera, recipients }: NewMessage): Iterable<string> => {
  if (!recipients) return [EVERYBODY];
  // Nobody logs in as the server, not even somebody with that id.
  const sender = senderRole === "server" ? [] : [loginOf(senderId, senderCamera)];
  const staff = recipients.length === 0 ? [STAFF] : senderRole === "server" ? [] : [OVERHEARD];
  return new Set([...recipients, ...sender, ...staff]);
};

export const createMessageLog = ({ events }: { events: EventLog }): MessageLog => ({
  async addAll(tx, added) {
    const ids = await tx.insert(insertMessage, added);
    const readers: (typeof messageReaders.$inferInsert)[] = [];
    const told: NewEvent[] = [];
    added.forEach((message, index) => {
      const messageId = ids[index];
      if (messageId === undefined) throw new Error("a message was given no id");
      const { roomId, type, createdAt } = message;
      for (const login of readersOf(message)) readers.push({ roomId, login, messageId, type });
      told.push(newEvent(roomId, "message", { messageId }, createdAt));
    });
    await tx.insert(insertReader, readers);
    await events.addAll(tx, told);
    return ids;
  },
  async lastEndSignal(reader, roomId, since) {
    const last = await reader.get(endSignal, { roomId });
    return last && last.time >= since ? last : undefined;
  },
});
