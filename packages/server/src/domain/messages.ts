import { type Camera, loginOf, type Role, type SentMessage, signals } from "@invigil/schema";
import { and, desc, eq } from "drizzle-orm";
import type { Reader, Transaction } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { messageReaders, messages } from "../storage/tables.js";
import { type EventLog, type EventRoom, type NewEvent, newEvent } from "./events.js";

export { loginOf };

// Readers that stand for several logins. No login is equal to one of them.
/** The reader of messages for everybody in the room. */
export const EVERYBODY = "";
/** The reader of messages for all staff of the room: its teachers and inspectors, and administrators. */
export const STAFF = "*";
/** The reader of messages that people send to single logins. Staff read these too. */
export const STAFF_COPY = "**";

export interface NewMessage extends EventRoom {
  readonly type: number;
  /** A JSON text. */
  readonly data: string;
  readonly senderId: string;
  readonly senderRole: Role | "server";
  readonly senderCamera: Camera;
  /** The logins of the recipients. Empty for all staff, absent for everybody in the room. */
  readonly recipients?: readonly string[] | undefined;
  readonly key?: string | undefined;
  readonly createdAt: Date;
}

/** Stores the messages of the built-in message service. */
export interface MessageLog {
  /** Stores messages and adds their events. Returns their ids in the same order. */
  addAll(tx: Transaction, messages: readonly NewMessage[]): Promise<number[]>;
  /** Returns the last `endRoom` signal to everybody in a room. Returns undefined if it was sent before `since`. */
  lastEndSignal(reader: Reader, room: EventRoom, since: Date): Promise<SentMessage | undefined>;
}

/** A signal up to this long before the end of a room announces that end. The vendor's page sends it within seconds of the end. */
const MAX_ANNOUNCED_BEFORE_MS = 120_000;
/** An `endRoom` signal since this time announces the end of the room at `endedAt`. */
export const endAnnouncedSince = (endedAt: Date): Date =>
  new Date(endedAt.getTime() - MAX_ANNOUNCED_BEFORE_MS);

const insertMessage = insertion(messages);
const insertReader = insertion(messageReaders);
const endSignal = statement(
  query
    .select({ id: messages.id, time: messages.createdAt })
    .from(messageReaders)
    .innerJoin(
      messages,
      and(eq(messages.examId, messageReaders.examId), eq(messages.id, messageReaders.messageId)),
    )
    .where(
      and(
        eq(messageReaders.examId, param("examId")),
        eq(messageReaders.roomId, param("roomId")),
        eq(messageReaders.login, EVERYBODY),
        eq(messageReaders.type, signals.endRoom.type),
      ),
    )
    .orderBy(desc(messageReaders.messageId))
    .limit(1),
);

/** Returns the readers of a message: logins, or readers that stand for several. */
const readersOf = ({ senderId, senderRole, senderCamera, recipients }: NewMessage): Iterable<string> => {
  if (!recipients) return [EVERYBODY];
  // The server has no login, even if a person has the id `server`.
  const sender = senderRole === "server" ? [] : [loginOf(senderId, senderCamera)];
  const staff = recipients.length === 0 ? [STAFF] : senderRole === "server" ? [] : [STAFF_COPY];
  return new Set([...recipients, ...sender, ...staff]);
};

export const createMessageLog = ({ events }: { events: EventLog }): MessageLog => ({
  async addAll(tx, added) {
    const ids = await tx.insert(insertMessage, added);
    const readers: (typeof messageReaders.$inferInsert)[] = [];
    const messageEvents: NewEvent[] = [];
    added.forEach((message, index) => {
      const messageId = ids[index];
      if (messageId === undefined) throw new Error("the database returned no id for a message");
      const { examId, roomId, type, createdAt } = message;
      for (const login of readersOf(message)) readers.push({ examId, roomId, login, messageId, type });
      messageEvents.push(newEvent(message, "message", { messageId }, createdAt));
    });
    await tx.insert(insertReader, readers);
    await events.addAll(tx, messageEvents);
    return ids;
  },
  async lastEndSignal(reader, { examId, roomId }, since) {
    const last = await reader.get(endSignal, { examId, roomId });
    return last && last.time >= since ? last : undefined;
  },
});
