import { z } from "zod";
import { idSchema, optional, verbatimText, wholeNumber } from "./common.js";
import { eventIdSchema } from "./live.js";
import { MAX_COMMAND_BYTES, MAX_MESSAGE_BYTES } from "./messages.js";
import { LOGIN_BYTES, MAX_ROOM_LOGINS } from "./room.js";

// What the drop-in script and the server say to each other at `/im`: one JSON text a frame (docs/decisions/0025).

/** Pairs a request with its answer. */
const number = z.int().min(1);
const groupId = idSchema;
/** A page's login: a user's id, or `pc_<id>`. */
const logins = z
  .array(idSchema)
  .min(1, "must not be empty")
  .max(MAX_ROOM_LOGINS, `must be at most ${MAX_ROOM_LOGINS} logins`);

/**
 * The longest frame that a page may send, in characters (589,312): the data of the longest message with each character escaped
 * (`\u0001`), every login of a full room twice (in the data's `receiverIdList` and in `to`), and the rest of the request.
 */
export const MAX_ENGINE_FRAME = 6 * MAX_MESSAGE_BYTES + 2 * MAX_ROOM_LOGINS * LOGIN_BYTES + 4 * 1024;
/** The same before the page has logged in. */
export const MAX_FIRST_ENGINE_FRAME = 4 * 1024;

const request = <Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) =>
  z.object({ number, do: z.literal(name), ...shape });

/** What `getIMToken` answered as `aliyunNewIm`, without what only says where to connect. */
export const engineLoginSchema = z.object({
  appId: verbatimText(1, 64),
  appToken: verbatimText(1, 128),
  auth: z.object({
    userId: idSchema,
    nonce: verbatimText(1, 64),
    /** When the login expires, in seconds since 1970. */
    timestamp: wholeNumber(0, Number.MAX_SAFE_INTEGER),
    role: z.enum(["", "admin"]),
  }),
});
export type EngineLogin = z.output<typeof engineLoginSchema>;

export const engineRequestSchema = z.discriminatedUnion("do", [
  /** The first on a connection; later, the same person's newer token. */
  request("login", { login: engineLoginSchema }),
  /** `after`: the last event that the page has seen of the group, and `seen`: the last message; absent: from now on. */
  request("join", {
    groupId,
    after: optional(eventIdSchema),
    seen: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
  }),
  request("leave", { groupId }),
  /** `to`: only for these logins. `one`: for the one in `to`, who must be connected. */
  request("send", {
    groupId,
    type: wholeNumber(1, 2_147_483_647),
    data: verbatimText(1, MAX_COMMAND_BYTES),
    to: logins.optional(),
    one: z.boolean().optional(),
    key: verbatimText(1, 64),
  }),
  /** About a group: what it is. */
  request("group", { groupId }),
  /** Who is connected, as far as the page is told of people; `all`: everybody, for the group's admins. */
  request("users", { groupId, all: z.boolean() }),
  /** `users` absent: everybody but the group's admins. */
  request("mute", { groupId, muted: z.boolean(), users: logins.optional() }),
  /** Of what was said to the whole group: what comes after the message `from` in that order, or from its beginning. */
  request("messages", {
    groupId,
    type: optional(wholeNumber(1, 2_147_483_647)),
    newestFirst: z.boolean(),
    from: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
    pageSize: wholeNumber(1, 50),
  }),
]);
export type EngineRequest = z.output<typeof engineRequestSchema>;
/** A request as the script writes it, without its number. */
export type EngineCall = EngineRequest extends infer Request
  ? Request extends EngineRequest
    ? Omit<Request, "number">
    : never
  : never;

export interface EngineMuteStatus {
  readonly groupId: string;
  readonly muteAll: boolean;
  readonly muteUserList: readonly string[];
}

export interface EngineGroup {
  readonly groupId: string;
  readonly groupName: string;
  /** Seconds since 1970. */
  readonly createTime: number;
  readonly creator: string;
  readonly admins: readonly string[];
  readonly onlineCount: number;
  readonly muteStatus: EngineMuteStatus;
}

/** A message as the apps of that SDK read it. */
export interface EngineMessage {
  readonly groupId: string;
  readonly messageId: string;
  readonly type: number;
  readonly sender: { readonly userId: string };
  /** The JSON text, byte for byte as it was sent. */
  readonly data: string;
  readonly seqnum: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly level: 0;
}

/** Where a page stands in a group: at this event and this message. */
export interface EnginePlace {
  readonly at: string;
  readonly seen: number;
}

/** What each request is answered with. */
export interface EngineResults {
  readonly login: Record<string, never>;
  readonly join: { readonly group: EngineGroup } & EnginePlace;
  readonly leave: Record<string, never>;
  readonly send: { readonly messageId: string };
  readonly group: EngineGroup;
  readonly users: { readonly users: readonly string[] };
  readonly mute: EngineMuteStatus;
  readonly messages: { readonly messages: readonly EngineMessage[]; readonly hasMore: boolean };
}

/** Why a connection ends for good, as the SDK numbers it: kicked out, timed out, logged in elsewhere. */
export type EngineGoodbye = 2 | 3 | 4;

/** What the server sends. */
export type EngineFrame =
  | { readonly number: number; readonly result: EngineResults[keyof EngineResults] }
  /** `code`: as the SDK numbers its errors. */
  | { readonly number: number; readonly error: { readonly code: number; readonly message: string } }
  /** `one`: it was sent to this login alone. `at`: the event that told of it. */
  | { readonly is: "message"; readonly message: EngineMessage; readonly one: boolean; readonly at: string }
  | { readonly is: "muted"; readonly status: EngineMuteStatus }
  /** Every few seconds: up to which event the page knows each group. */
  | { readonly is: "beat"; readonly at: Readonly<Record<string, string>> }
  /** The login has expired: nothing more is told until a newer one comes. */
  | { readonly is: "expired" }
  /** The server closes the connection. */
  | { readonly is: "bye"; readonly code: EngineGoodbye };
