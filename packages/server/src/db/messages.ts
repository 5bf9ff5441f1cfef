import type { Camera, Role } from "@invigil/schema";
import type { Database } from "./client.js";
import type { EventWriter } from "./events.js";
import { messageReaders, messages } from "./tables.js";

/** The page that somebody's login is of: the user's id for the main one, `pc_<id>` for the PC's. */
export const loginOf = (userId: string, camera: Camera): string =>
  camera === "main" ? userId : `pc_${userId}`;

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
}

export const createMessageWriter = ({
  db,
  events,
}: {
  db: Pick<Database, "inserter">;
  events: EventWriter;
}): MessageWriter => {
  const insert = db.inserter(messages);
  const insertReader = db.inserter(messageReaders);
  return {
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
