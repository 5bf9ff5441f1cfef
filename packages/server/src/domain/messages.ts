import { type Camera, loginOf, type Role, type SentMessage, signals } from "@invigil/schema";
import { and, desc, eq } from "drizzle-orm";
import type { Reader, Transaction } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { messageReaders, messages } from "../storage/tables.js";
import { type EventLog, type NewEvent, newEvent } from "./events.js";
import type { ExamTransaction } from "./exam-transaction.js";
import type { RoomKey } from "./room-exams.js";

export { loginOf };

/** Returns the two logins of a person: for their main page and for their PC page. */
export const loginsOf = (userId: string): readonly string[] => [
  loginOf(userId, "main"),
  loginOf(userId, "pc"),
];

// Readers that stand for several logins. No login is equal to one of them.
/** The reader of messages for everybody in the room. */
export const EVERYBODY = "";
/** The reader of messages for all staff of the room: its teachers and inspectors, and administrators. */
export const STAFF = "*";
/** The reader of messages that people send to single logins. Staff read these too. */
export const STAFF_COPY = "**";

export interface NewMessage extends RoomKey {
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

/** A signal up to this long before the end of a room announces that end. The vendor's page sends it within seconds of the end. */
const MAX_ANNOUNCED_BEFORE_MS = 120_000;
/** Whether an `endRoom` signal announces the end of the room at `endedAt`. */
export const announcesEnd = ({ time }: SentMessage, endedAt: Date): boolean =>
  time.getTime() >= endedAt.getTime() - MAX_ANNOUNCED_BEFORE_MS;

const insertMessage = insertion(messages, { ids: "given" });
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

export type MessageLog = ReturnType<typeof createMessageLog>;

/** Stores the messages of the built-in message service. */
export const createMessageLog = ({ events }: { events: EventLog }) => ({
  /** Returns ids for messages, in ascending order. The transaction has locked their exams. */
  ids: (tx: Transaction, count: number): Promise<number[]> => tx.ids(messages, count),
  /**
   * Stores messages and adds their events. Starts all of its statements at once.
   * @param ids at least one for each message
   * @param before events to add before those of the messages
   */
  async addAll(
    tx: ExamTransaction,
    { messages: added, ids }: { readonly messages: readonly NewMessage[]; readonly ids: readonly number[] },
    before: readonly NewEvent[] = [],
  ): Promise<void> {
    const rows: (NewMessage & { readonly id: number })[] = [];
    const readers: (typeof messageReaders.$inferInsert)[] = [];
    const addedEvents = [...before];
    for (const message of added) {
      const id = ids[rows.length];
      if (id === undefined) throw new Error("a message was given no id");
      const { examId, roomId, type, createdAt } = message;
      rows.push({ ...message, id });
      for (const login of readersOf(message)) readers.push({ examId, roomId, login, messageId: id, type });
      addedEvents.push(newEvent(message, "message", { messageId: id }, createdAt));
    }
    await Promise.all([
      tx.insert(insertMessage, rows),
      tx.insert(insertReader, readers),
      events.addAll(tx, addedEvents),
    ]);
  },
  /** Returns the last `endRoom` signal to everybody in a room. */
  lastEndSignal: (reader: Reader, { examId, roomId }: RoomKey): Promise<SentMessage | undefined> =>
    reader.get(endSignal, { examId, roomId }),
});
