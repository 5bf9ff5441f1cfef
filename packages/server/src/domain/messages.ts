import { type Camera, loginOf, type Role, type SentMessage, signals } from "@invigil/schema";
import { and, desc, eq, sql } from "drizzle-orm";
import type { Database } from "../storage/sqlite/client.js";
import { messageReaders, messages } from "../storage/tables.js";
import type { EventWriter } from "./events.js";

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

export interface MessageWriter {
  /** Keeps a message of the built-in service and tells the room. Belongs into a transaction. Returns its id. */
  add(message: NewMessage): number;
  /** The last `endRoom` that everybody in a room was told, unless that was before `since`. */
  toldOfEnd(roomId: string, since: Date): SentMessage | undefined;
}

/** How long before a room's end it may have been told of: the vendor's page tells of it within seconds. */
const END_TOLD_MS = 120_000;
/** Whoever was told of a room's end since this was told of this end. */
export const endToldSince = (endedAt: Date): Date => new Date(endedAt.getTime() - END_TOLD_MS);

export const createMessageWriter = ({
  db,
  events,
}: {
  db: Pick<Database, "inserter" | "queries">;
  events: EventWriter;
}): MessageWriter => {
  const insert = db.inserter(messages);
  const insertReader = db.inserter(messageReaders);
  const lastEnd = db.queries
    .select({ id: messages.id, time: messages.createdAt })
    .from(messageReaders)
    .innerJoin(messages, eq(messages.id, messageReaders.messageId))
    .where(
      and(
        eq(messageReaders.roomId, sql.placeholder("roomId")),
        eq(messageReaders.login, EVERYBODY),
        eq(messageReaders.type, signals.endRoom.type),
      ),
    )
    .orderBy(desc(messageReaders.messageId))
    .limit(1)
    .prepare();
  return {
    toldOfEnd(roomId, since) {
      const told = lastEnd.get({ roomId });
      return told && told.time >= since ? told : undefined;
    },
    add(message) {
      const { roomId, type, senderId, senderRole, senderCamera, recipients, createdAt } = message;
      const messageId = insert(message);
      // Nobody logs in as the server, also not somebody with that id.
      const sender = senderRole === "server" ? [] : [loginOf(senderId, senderCamera)];
      const staff = recipients?.length === 0 ? [STAFF] : senderRole === "server" ? [] : [OVERHEARD];
      const readers = recipients ? new Set([...recipients, ...sender, ...staff]) : [EVERYBODY];
      for (const login of readers) insertReader({ roomId, login, messageId, type });
      events.add(roomId, "message", { messageId }, createdAt);
      return messageId;
    },
  };
};
