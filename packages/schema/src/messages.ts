import { z } from "zod";
import { roles } from "./auth.js";
import { pageSizeSchema } from "./common.js";
import {
  boundedList,
  idSchema,
  jsonFault,
  optional,
  verbatimText,
  wholeNumber,
  withDefault,
} from "./common-parts.js";
import { found, given, nextNumber } from "./fields.js";
import type { JsonValue } from "./json.js";
import { cameraSchema } from "./participant.js";
import { MAX_LOGIN_BYTES, MAX_ROOM_LOGINS } from "./room-parts.js";
import { LAST_RESERVED_TYPE, type SignalName, signalName } from "./signal-types.js";
import { type SignalData, signals } from "./signals.js";

// The built-in message service. Each page of a person has a login: the user id for the main page,
// `pc_<id>` for the PC page.

/** The maximum size of a message's data, in bytes of its JSON in UTF-8. The server checks it. */
export const MAX_MESSAGE_BYTES = 64 * 1024;
/**
 * The maximum size of a command's data, in bytes. Its `receiverIdList` may contain every login of a full
 * room.
 */
export const MAX_COMMAND_BYTES = MAX_MESSAGE_BYTES + MAX_ROOM_LOGINS * MAX_LOGIN_BYTES;
/** The maximum number of receivers: everybody in a full room, and the sender, who may be an administrator. */
export const MAX_RECEIVERS = MAX_ROOM_LOGINS + 1;
/** The maximum size of the data of a message with this type, in bytes. */
export const maxMessageBytes = (type: number): number => {
  const name = signalName(type);
  return name && signals[name].kind === "command" ? MAX_COMMAND_BYTES : MAX_MESSAGE_BYTES;
};

const RECEIVERS =
  "The logins of the receivers: a user id for the main page, `pc_<id>` for the PC page. Absent: everybody in the room, or only its staff " +
  "if an examinee sends the message.";

export const messageSchema = z
  .object({
    id: z.int().describe("The id of the message. It increases within the room."),
    roomId: found.roomId,
    type: z.int().describe("The number of a signal, or of an application's own message."),
    data: z
      .custom<JsonValue>()
      .describe("The content. `readSignal(type, data)` parses it if `type` is the number of a signal."),
    sender: z
      .object({
        userId: z.string().describe("The user id of the sender. `server` for messages of the server itself."),
        role: z.enum([...roles, "server"]).describe("The role of the sender."),
        camera: cameraSchema,
      })
      .describe("Who sent the message, and from which page."),
    to: z.array(z.string()).optional().describe(`${RECEIVERS} Staff can read all messages.`),
    time: z.date().describe("When the server stored the message."),
  })
  .describe("A message as it is delivered.");
export type Message = z.infer<typeof messageSchema>;

/** A message to send: a signal by its number, or an application's own message with a type above 30000. */
export type OutgoingMessage =
  | { [Name in SignalName]: { type: (typeof signals)[Name]["type"]; data: SignalData<Name> } }[SignalName]
  | { type: number; data: JsonValue };

/** Returns what is wrong with a message, and in which field. */
const faultOf = (
  type: number,
  value: JsonValue,
): readonly [field: "type" | "data", fault: string] | undefined => {
  // Wrapped in an array, because jsonFault takes an object or a list and the value may be neither.
  const fault = jsonFault([value]);
  if (fault !== undefined) return ["data", fault];
  const name = signalName(type);
  if (name === undefined)
    return type > LAST_RESERVED_TYPE
      ? undefined
      : ["type", `must be a signal's number, or above ${LAST_RESERVED_TYPE}`];
  const issue = signals[name].data.safeParse(value).error?.issues[0];
  return issue && ["data", `does not match the signal ${name}: ${[...issue.path, issue.message].join(" ")}`];
};

const parseJson = (text: string): JsonValue | undefined => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};

const TYPE = `The number of a signal, or above ${LAST_RESERVED_TYPE} for a message of the application's own.`;

export const sendMessageInput = z
  .object({
    roomId: given.roomId,
    type: wholeNumber(1, 2_147_483_647).describe(TYPE),
    data: z
      .custom<JsonValue>()
      .optional()
      .describe(
        `The content, of at most ${MAX_MESSAGE_BYTES / 1024} KiB as JSON (commands: ${MAX_COMMAND_BYTES} bytes). Absent: it is in \`text\`.`,
      ),
    text: verbatimText(1, MAX_COMMAND_BYTES)
      .optional()
      .describe(
        "The JSON text of the content, which the vendor's apps receive byte for byte. Absent: it is in `data`.",
      ),
    to: optional(boundedList(idSchema, MAX_RECEIVERS, `must be at most ${MAX_RECEIVERS} logins`)).describe(
      `${RECEIVERS} Examinees may only name staff.`,
    ),
    camera: withDefault(cameraSchema, "main").describe("The page that sends the message."),
    key: optional(verbatimText(1, 64)).describe(
      "An idempotency key. If the same login repeats a key, the server returns the earlier message. Absent: none.",
    ),
  })
  .transform(({ data, text, ...input }, context) => {
    const refuse = (field: string, message: string) => {
      context.addIssue({ code: "custom", path: [field], message });
      return z.NEVER;
    };
    if (data !== undefined && text !== undefined)
      return refuse("text", "must not be sent together with data");
    const value = text === undefined ? data : parseJson(text);
    if (value === undefined)
      return text === undefined ? refuse("data", "is required") : refuse("text", "must be JSON");
    const [field, message] = faultOf(input.type, value) ?? [];
    if (field !== undefined && message !== undefined)
      return refuse(field === "data" && text !== undefined ? "text" : field, message);
    return { ...input, text: text ?? JSON.stringify(value) };
  })
  .describe("Input of `im.send`. The content is either `data` or `text`.");
export type SendMessageInput = z.output<typeof sendMessageInput>;
export const sentMessageSchema = messageSchema
  .pick({ id: true, time: true })
  .describe("The id and the time that the server gave to a message.");
export type SentMessage = z.infer<typeof sentMessageSchema>;

export const listMessagesInput = z
  .object({
    roomId: given.roomId,
    camera: withDefault(cameraSchema, "main").describe("The page that reads the messages."),
    userId: optional(given.userId).describe(
      "Only messages from this person, to them and to everybody, on both of their pages. If they sit the exam in the room, their own are of all rooms of the exam. Examinees may only name themselves, which " +
        "changes nothing. Absent: all that the page may read.",
    ),
    type: optional(wholeNumber(1, 2_147_483_647)).describe(
      "Only messages of this type. Absent: of every type.",
    ),
    pageSize: pageSizeSchema(20),
    cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)).describe(
      "The last message id of the previous page. Absent: the first page.",
    ),
  })
  .describe("Input of `im.history`.");
export type ListMessagesInput = z.output<typeof listMessagesInput>;
export const messagePageSchema = z
  .object({
    messages: z
      .array(messageSchema)
      .describe("The messages that the caller's page may read, the newest first."),
    nextCursor: nextNumber,
  })
  .describe("Output of `im.history`.");
export type MessagePage = z.infer<typeof messagePageSchema>;
