import { z } from "zod";
import { idSchema, optional, verbatimText, wholeNumber } from "./common-parts.js";
import { eventIdSchema } from "./live.js";
import { MAX_COMMAND_BYTES, MAX_MESSAGE_BYTES } from "./messages.js";
import { MAX_LOGIN_BYTES, MAX_ROOM_LOGINS } from "./room-parts.js";

// The protocol between the drop-in script and the server at `/im`: one JSON text per frame
// (docs/decisions/0025).

const number = z.int().min(1).describe("Matches the request with its response.");
const groupId = idSchema.describe("The id of the group, which is the id of its room.");
/** Message logins: a user id for the main page, or `pc_<id>` for the PC page. */
const logins = z
  .array(idSchema)
  .min(1, "must not be empty")
  .max(MAX_ROOM_LOGINS, `must be at most ${MAX_ROOM_LOGINS} logins`);

/**
 * The longest frame that a page may send, in characters (589,312): the longest message data with every
 * character escaped (`\u0001`), all logins of a full room twice (in `receiverIdList` and in `to`), and the
 * rest of the request.
 */
export const MAX_DROP_IN_FRAME = 6 * MAX_MESSAGE_BYTES + 2 * MAX_ROOM_LOGINS * MAX_LOGIN_BYTES + 4 * 1024;
/** The longest frame before the page has logged in, in characters. */
export const MAX_FIRST_DROP_IN_FRAME = 4 * 1024;

const request = <Name extends string, Shape extends z.ZodRawShape>(
  name: Name,
  meaning: string,
  shape: Shape,
) =>
  z.object({ number, do: z.literal(name).describe("The kind of the request."), ...shape }).describe(meaning);

export const dropInLoginSchema = z
  .object({
    appId: verbatimText(1, 64).describe("The id of the application."),
    appToken: verbatimText(1, 128).describe("The SHA-256 that proves the rest."),
    auth: z
      .object({
        userId: idSchema.describe("The login: a user id, or `pc_<id>` for a PC page."),
        nonce: verbatimText(1, 64).describe("The random text of the credentials."),
        timestamp: wholeNumber(0, Number.MAX_SAFE_INTEGER).describe(
          "When the credentials expire, in seconds since 1970.",
        ),
        role: z.enum(["", "admin"]).describe("`admin` if the page may send commands to the group."),
      })
      .describe("Whose credentials these are."),
  })
  .describe(
    "The credentials that `im.getToken` returned as `aliyunNewIm`, without `appSign`, which only contains the address.",
  );
export type DropInLogin = z.output<typeof dropInLoginSchema>;

const MESSAGE_TYPE = "The number of a signal, or of an application's own message.";

/** A request of a page. `do` is its kind and `number` matches it with the response. */
export const dropInRequestSchema = z.discriminatedUnion("do", [
  request(
    "login",
    "Must be the first request of a connection. Later, it replaces the login with a newer token of the same person.",
    { login: dropInLoginSchema },
  ),
  request("join", "Joins a group.", {
    groupId,
    after: optional(eventIdSchema).describe(
      "The last event of the group that the page received. Absent: only new events.",
    ),
    seen: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)).describe(
      "The last message of the group that the page received. Absent: none.",
    ),
  }),
  request("leave", "Leaves a group.", { groupId }),
  request("send", "Sends a message.", {
    groupId,
    type: wholeNumber(1, 2_147_483_647).describe(MESSAGE_TYPE),
    data: verbatimText(1, MAX_COMMAND_BYTES).describe("The JSON text of the content."),
    to: logins.optional().describe("Only for these logins. Absent: for the whole group."),
    one: z
      .boolean()
      .optional()
      .describe("Whether the message is for the single login in `to`, which must be connected. Absent: no."),
    key: verbatimText(1, 64).describe(
      "An idempotency key. If the same login repeats a key, the server returns the earlier message.",
    ),
  }),
  request("group", "Returns the group.", { groupId }),
  request("users", "Returns the connected logins that the page may see.", {
    groupId,
    all: z.boolean().describe("Whether to return every login, for administrators of the group."),
  }),
  request("mute", "Mutes people, or lets them speak again.", {
    groupId,
    muted: z.boolean().describe("Whether they are muted from now on."),
    users: logins
      .optional()
      .describe("These logins. Absent: everybody except the administrators of the group."),
  }),
  request("messages", "Returns messages to the whole group.", {
    groupId,
    type: optional(wholeNumber(1, 2_147_483_647)).describe(
      "Only messages of this type. Absent: of every type.",
    ),
    newestFirst: z.boolean().describe("Whether the newest messages come first."),
    from: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)).describe(
      "The id of the message that the first one follows, in this order. Absent: from the start.",
    ),
    pageSize: wholeNumber(1, 50).describe("The number of messages per page."),
  }),
]);
export type DropInRequest = z.output<typeof dropInRequestSchema>;
/** A request without its number, as the script's code writes it. */
export type DropInCall = DropInRequest extends infer Request
  ? Request extends DropInRequest
    ? Omit<Request, "number">
    : never
  : never;

export interface DropInMuteStatus {
  readonly groupId: string;
  readonly muteAll: boolean;
  readonly muteUserList: readonly string[];
}

export interface DropInGroup {
  readonly groupId: string;
  readonly groupName: string;
  /** In seconds since 1970. */
  readonly createTime: number;
  readonly creator: string;
  readonly admins: readonly string[];
  readonly onlineCount: number;
  readonly muteStatus: DropInMuteStatus;
}

/** A message in the format of the vendor's SDK. */
export interface DropInMessage {
  readonly groupId: string;
  readonly messageId: string;
  readonly type: number;
  readonly sender: { readonly userId: string };
  /** The JSON text, byte for byte as it was sent. */
  readonly data: string;
  readonly seqnum: number;
  /** In milliseconds since 1970. */
  readonly timestamp: number;
  readonly level: 0;
}

/**
 * The position of a page in a group: the last event (`at`) and the last message (`seen`) that it received.
 */
export interface DropInPosition {
  readonly at: string;
  readonly seen: number;
}

/** The result of each kind of request. */
export interface DropInResults {
  readonly login: Record<string, never>;
  readonly join: { readonly group: DropInGroup } & DropInPosition;
  readonly leave: Record<string, never>;
  readonly send: { readonly messageId: string };
  readonly group: DropInGroup;
  readonly users: { readonly users: readonly string[] };
  readonly mute: DropInMuteStatus;
  readonly messages: { readonly messages: readonly DropInMessage[]; readonly hasMore: boolean };
}

/**
 * Why the server ends a connection permanently, by the SDK's numbers: 2 removed, 3 login expired, 4 logged in
 * elsewhere.
 */
export type DropInCloseCode = 2 | 3 | 4;

/** A frame of the server. */
export type DropInFrame =
  | { readonly number: number; readonly result: DropInResults[keyof DropInResults] }
  /** `code` is an error number of the SDK. */
  | { readonly number: number; readonly error: { readonly code: number; readonly message: string } }
  /** `one`: the message was sent to this login only. `at` is the id of the event. */
  | { readonly is: "message"; readonly message: DropInMessage; readonly one: boolean; readonly at: string }
  | { readonly is: "muted"; readonly status: DropInMuteStatus }
  /** Sent every few seconds: the last event of each group that the page has received. */
  | { readonly is: "beat"; readonly at: Readonly<Record<string, string>> }
  /** The login has expired. The server sends no messages until the page logs in with a newer token. */
  | { readonly is: "expired" }
  /** The server closes the connection. */
  | { readonly is: "bye"; readonly code: DropInCloseCode };
