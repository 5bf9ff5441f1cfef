import { z } from "zod";
import { roles } from "./auth.js";
import {
  boundedList,
  idSchema,
  jsonFault,
  optional,
  pageSizeSchema,
  verbatimText,
  wholeNumber,
} from "./common.js";
import type { JsonValue } from "./json.js";
import { cameraSchema } from "./participant.js";
import { LOGIN_BYTES, MAX_ROOM_LOGINS } from "./room.js";
import { type SignalData, type SignalName, signalName, signals } from "./signals.js";

// The built-in message service. Somebody's page is a login: the user's id for the main one, `pc_<id>` for the PC's.

/** The most that a message's data may measure, in bytes of UTF-8 as JSON. The server checks it. */
export const MAX_MESSAGE_BYTES = 64 * 1024;
/** The same of a command: it may name every login of a full room in its `receiverIdList`. */
export const MAX_COMMAND_BYTES = MAX_MESSAGE_BYTES + MAX_ROOM_LOGINS * LOGIN_BYTES;
/** Logins that a message may be sent to: everybody in a full room, and its sender, who may be an administrator. */
export const MAX_RECEIVERS = MAX_ROOM_LOGINS + 1;
/** The most that the data of a message with this number may measure, in bytes. */
export const maxMessageBytes = (type: number): number => {
  const name = signalName(type);
  return name && signals[name].kind === "command" ? MAX_COMMAND_BYTES : MAX_MESSAGE_BYTES;
};
/** Numbers above this are free for apps of one's own. */
export const LAST_RESERVED_TYPE = 30_000;

/** A message as it is delivered. */
export const messageSchema = z.object({
  /** Grows within the room. */
  id: z.int(),
  roomId: z.string(),
  /** The number of a signal, or one of an app's own. */
  type: z.int(),
  /** What was sent. `readSignal(type, data)` reads it where a signal has the number. */
  data: z.custom<JsonValue>(),
  sender: z.object({
    /** Of the server itself `server`. */
    userId: z.string(),
    role: z.enum([...roles, "server"]),
    camera: cameraSchema,
  }),
  /**
   * The logins that it is for. Absent: everybody in the room, or its staff where an examinee sent it. Staff read it in any case.
   */
  to: z.array(z.string()).optional(),
  time: z.date(),
});
export type Message = z.infer<typeof messageSchema>;

/** What is sent: a signal by its number, or a message of one's own above 30000. */
export type OutgoingMessage =
  | { [Name in SignalName]: { type: (typeof signals)[Name]["type"]; data: SignalData<Name> } }[SignalName]
  | { type: number; data: JsonValue };

/** What is wrong with a message that is sent, and in which field. */
const faultOf = (
  type: number,
  value: JsonValue,
): readonly [field: "type" | "data", fault: string] | undefined => {
  // It travels to every client: as a part of something, so that what is no object is looked at, too.
  const fault = jsonFault([value]);
  if (fault !== undefined) return ["data", fault];
  const name = signalName(type);
  if (name === undefined)
    return type > LAST_RESERVED_TYPE
      ? undefined
      : ["type", `must be a signal's number, or above ${LAST_RESERVED_TYPE}`];
  const issue = signals[name].data.safeParse(value).error?.issues[0];
  return issue && ["data", `is not what ${name} says: ${[...issue.path, issue.message].join(" ")}`];
};

const asValue = (text: string): JsonValue | undefined => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};

/** A message for a room: `data`, or the JSON text of it as `text`, which is then delivered byte for byte to the vendor's apps. */
export const sendMessageInput = z
  .object({
    roomId: idSchema,
    type: wholeNumber(1, 2_147_483_647),
    data: z.custom<JsonValue>().optional(),
    text: verbatimText(1, MAX_COMMAND_BYTES).optional(),
    /**
     * The logins that it is for, at most `MAX_RECEIVERS`: a user's id for the main page, `pc_<id>` for the PC's. Absent: everybody, and
     * from an examinee the room's staff. An examinee names staff only.
     */
    to: optional(boundedList(idSchema, MAX_RECEIVERS, `must be at most ${MAX_RECEIVERS} logins`)),
    /** The page that sends. */
    camera: optional(cameraSchema).transform((camera) => camera ?? "main"),
    /** Sent again with the same key by the same login, a message is the one that was sent before. */
    key: optional(verbatimText(1, 64)),
  })
  .transform(({ data, text, ...input }, context) => {
    const refuse = (field: string, message: string) => {
      context.addIssue({ code: "custom", path: [field], message });
      return z.NEVER;
    };
    if (data !== undefined && text !== undefined) return refuse("text", "must not be there beside data");
    const value = text === undefined ? data : asValue(text);
    if (value === undefined)
      return text === undefined ? refuse("data", "is required") : refuse("text", "must be JSON");
    const [field, message] = faultOf(input.type, value) ?? [];
    if (field !== undefined && message !== undefined)
      return refuse(field === "data" && text !== undefined ? "text" : field, message);
    return { ...input, text: text ?? JSON.stringify(value) };
  });
export type SendMessageInput = z.output<typeof sendMessageInput>;
export const sentMessageSchema = messageSchema.pick({ id: true, time: true });
export type SentMessage = z.infer<typeof sentMessageSchema>;

/** What the caller's page may read, newest first. `cursor` is the last id of the page before. */
export const listMessagesInput = z.object({
  roomId: idSchema,
  camera: optional(cameraSchema).transform((camera) => camera ?? "main"),
  /** Only messages with this number. */
  type: optional(wholeNumber(1, 2_147_483_647)),
  pageSize: pageSizeSchema(20),
  cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
});
export type ListMessagesInput = z.output<typeof listMessagesInput>;
export const messagePageSchema = z.object({
  messages: z.array(messageSchema),
  /** Absent when nothing older is left. */
  nextCursor: z.int().optional(),
});
export type MessagePage = z.infer<typeof messagePageSchema>;
