import { z } from "zod";
import { idSchema, optional, verbatimText, wholeNumber } from "./common.js";
import { eventIdSchema } from "./live.js";
import { MAX_COMMAND_BYTES, MAX_MESSAGE_BYTES } from "./messages.js";
import { MAX_LOGIN_BYTES, MAX_ROOM_LOGINS } from "./room.js";

// The protocol between the drop-in script and the server at `/im`: one JSON text per frame
// (docs/decisions/0025).

/** Matches a request with its response. */
const number = z.int().min(1);
const groupId = idSchema;
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

const request = <Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) =>
  z.object({ number, do: z.literal(name), ...shape });

/**
 * The credentials that `im.getToken` returned as `aliyunNewIm`, without `appSign`, which only contains the
 * address.
 */
export const dropInLoginSchema = z.object({
  appId: verbatimText(1, 64),
  appToken: verbatimText(1, 128),
  auth: z.object({
    userId: idSchema,
    nonce: verbatimText(1, 64),
    /** The expiry of the login, in seconds since 1970. */
    timestamp: wholeNumber(0, Number.MAX_SAFE_INTEGER),
    role: z.enum(["", "admin"]),
  }),
});
export type DropInLogin = z.output<typeof dropInLoginSchema>;

/** A request of a page. `do` is its kind and `number` matches it with the response. */
export const dropInRequestSchema = z.discriminatedUnion("do", [
  /**
   * Must be the first request of a connection. Later, it replaces the login with a newer token of the same
   * person.
   */
  request("login", { login: dropInLoginSchema }),
  /**
   * `after` is the last event of the group that the page received, and `seen` its last message. Absent: only
   * new events.
   */
  request("join", {
    groupId,
    after: optional(eventIdSchema),
    seen: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
  }),
  request("leave", { groupId }),
  /** `to`: only for these logins. `one`: for the single login in `to`, which must be connected. */
  request("send", {
    groupId,
    type: wholeNumber(1, 2_147_483_647),
    data: verbatimText(1, MAX_COMMAND_BYTES),
    to: logins.optional(),
    one: z.boolean().optional(),
    key: verbatimText(1, 64),
  }),
  /** Returns the group. */
  request("group", { groupId }),
  /**
   * Returns the connected logins that the page may see. `all` returns every login, for administrators of the
   * group.
   */
  request("users", { groupId, all: z.boolean() }),
  /** `users` absent: everybody except the administrators of the group. */
  request("mute", { groupId, muted: z.boolean(), users: logins.optional() }),
  /**
   * Returns messages to the whole group that follow the message `from` in the requested order. Absent: from
   * the start.
   */
  request("messages", {
    groupId,
    type: optional(wholeNumber(1, 2_147_483_647)),
    newestFirst: z.boolean(),
    from: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
    pageSize: wholeNumber(1, 50),
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
