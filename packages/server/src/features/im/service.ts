import {
  type Caller,
  type GetImTokenInput,
  type ImTokens,
  type JsonValue,
  type ListMessagesInput,
  type Message,
  type MessagePage,
  maxMessageBytes,
  type SendMessageInput,
  type SentMessage,
  sendersOf,
  signalName,
  userIdOfLogin,
} from "@invigil/schema";
import type { SendRate } from "../../coordination/send-rate.js";
import type { ActingCaller } from "../../domain/calls.js";
import { loginOf, STAFF, STAFF_COPY } from "../../domain/messages.js";
import type { Opened } from "../../domain/opened.js";
import type { Principal } from "../../identity/tokens.js";
import { quotaExceeded } from "../../limits/quotas.js";
import type { RateLimits } from "../../limits/rates.js";
import { forbidden, InvigilError, invalidInput, roomEnded } from "../../platform/errors.js";
import { legacyToken } from "../../providers/older-apps.js";
import type { MessageProviders } from "../../providers/types.js";
import type { AccessService } from "../access/service.js";
import type { GroupService } from "../message-groups/service.js";
import type { CallerInRoom, LoginService, MessageLogin } from "./logins.js";
import type { Muted, MuteStore } from "./mutes-store.js";
import type { MessageQuota } from "./quota.js";
import { canSendTo, runsRooms } from "./rules.js";
import type { ImStore, NewestQuery, ReadQuery, RoomToSendIn, SendResult, StoredMessage } from "./store.js";

export type { CallerInRoom, LoginService, MessageLogin, Muted, ReadQuery, StoredMessage };

export interface ImServiceDeps {
  readonly messages: MessageProviders;
  readonly access: AccessService;
  readonly groups: GroupService;
  readonly logins: LoginService;
  readonly store: ImStore;
  readonly mutes: MuteStore;
  /** Limits each login in each room. */
  readonly sendRate: SendRate;
  /** Limits each caller, room and exam. */
  readonly rates: RateLimits;
  readonly quota: MessageQuota;
  /** The most logins that may be muted in a room. */
  readonly maxMutes: number;
  readonly clock: () => Date;
}

/** The least that the row of one recipient of a message takes. */
const RECIPIENT_BYTES = 128;
/** Returns the services. The built-in one calls `open`, which stores a login, before it issues that. */
const storingLogins = (messages: MessageProviders, open: () => Promise<string>): MessageProviders => {
  const { aliyun_new: service } = messages;
  if (!service?.builtIn) return messages;
  const issueToken: typeof service.issueToken = async (request) =>
    service.issueToken({ ...request, loginId: await open() });
  return { ...messages, aliyun_new: { ...service, issueToken } };
};

/** How long the people who run a room can send messages after its end. Their app announces the end after it. */
const GRACE_AFTER_END_MS = 10 * 60_000;

const toMessage = ({
  senderId,
  senderRole,
  senderCamera,
  recipients,
  data,
  createdAt,
  ...message
}: StoredMessage): Message => ({
  ...message,
  // Safe: the data was checked to be JSON before it was stored.
  data: JSON.parse(data) as JsonValue,
  sender: { userId: senderId, role: senderRole, camera: senderCamera },
  // Empty for a message to all staff.
  ...(recipients && recipients.length > 0 && { to: [...recipients] }),
  time: createdAt,
});

export type ImService = ReturnType<typeof createImService>;

export const createImService = ({
  messages,
  access,
  groups,
  logins,
  store,
  mutes,
  sendRate,
  rates,
  quota,
  maxMutes,
  clock,
}: ImServiceDeps) => {
  const sendMessage = async (
    caller: Caller,
    { id: roomId, examId, status }: Opened<"room">,
    { type, text, to, camera, key }: SendMessageInput,
    { leavesOut }: { readonly leavesOut: boolean },
  ): Promise<SendResult> => {
    if (!sendersOf(type).includes(caller.role))
      throw forbidden(`The role ${caller.role} may not send ${signalName(type) ?? type}.`);
    const bytes = Buffer.byteLength(text);
    const most = maxMessageBytes(type);
    if (bytes > most) throw invalidInput("data", `must be at most ${most} bytes`);
    sendRate.take?.({ roomId, login: loginOf(caller.userId, camera) });
    const messageBytes = bytes + (to?.length ?? 0) * RECIPIENT_BYTES;
    rates.take({ caller, roomId, examId }, { messages: 1, messageBytes });
    await quota.take(roomId);

    const now = clock();
    const check = (room: RoomToSendIn): void => {
      // The room may have ended for the caller alone.
      if (room?.status === "in_progress" && (caller.role !== "examinee" || status === "in_progress")) return;
      const since = now.getTime() - (room?.endedAt?.getTime() ?? 0);
      if (!runsRooms(caller) || since > GRACE_AFTER_END_MS) throw roomEnded(roomId);
    };
    const sender = { senderId: caller.userId, senderRole: caller.role, senderCamera: camera };
    // An empty list means all staff.
    const recipients = to ? [...new Set(to)] : caller.role === "examinee" ? [] : undefined;
    return store.send({
      message: { examId, roomId, type, data: text, ...sender, recipients, key, createdAt: now },
      obeysMutes: !to && !runsRooms(caller),
      check,
      canSendTo: (person) => canSendTo(caller, person),
      leavesOut,
    });
  };

  return {
    /**
     * Sends a message in a room through the built-in service, even if the room's groups are at other services. If the key was used before,
     * returns the earlier message. Examinees send messages to the room's staff: to those in `to`, or without `to` to all of them.
     * @throws INVALID_INPUT (too large, or for a login to which the caller may not send)
     */
    async send(caller: Caller, room: Opened<"room">, input: SendMessageInput): Promise<SentMessage> {
      const { roomId, to, camera } = input;
      const sent = await sendMessage(caller, room, input, { leavesOut: false });
      if ("muted" in sent)
        throw forbidden(`The login ${loginOf(caller.userId, camera)} is muted in the room ${roomId}.`);
      if (!("unknown" in sent)) return sent;
      // The message does not reveal whether another candidate has the login.
      const fault =
        caller.role === "examinee" ? "is none of the room's staff" : "names no person in the room";
      throw invalidInput(`to[${to?.indexOf(sent.unknown)}]`, `${fault}: ${sent.unknown}`);
    },
    /**
     * Sends a message like `send`, for other services. Leaves out logins to which the caller may not send, as long as one is left. Returns
     * whether the caller is muted, and the first login if none is left.
     * @throws INVALID_INPUT (too large)
     */
    deliver: (caller: Caller, room: Opened<"room">, input: SendMessageInput): Promise<SendResult> =>
      sendMessage(caller, room, input, { leavesOut: true }),

    /**
     * Returns messages, newest first: those for everybody, and those for or from the caller's page. Staff receive all messages that people
     * sent, or those that concern one person: of a person who sits in the room, also those in other rooms of the exam.
     */
    async history(
      caller: Caller,
      { id: roomId }: Opened<"room">,
      { camera, userId, type, pageSize, cursor }: ListMessagesInput,
    ): Promise<MessagePage> {
      const isStaff = caller.role !== "examinee";
      const historyOf = isStaff ? userId : undefined;
      if (!isStaff && userId !== undefined && userId !== caller.userId)
        throw forbidden("Examinees may read only their own messages.");
      // The sender of a message is one of its readers.
      const [login, ...also] =
        historyOf !== undefined
          ? ([loginOf(historyOf, "main"), loginOf(historyOf, "pc")] as const)
          : ([loginOf(caller.userId, camera), ...(isStaff ? [STAFF, STAFF_COPY] : [])] as const);
      const page = await store.list({
        roomId,
        login,
        also,
        historyOf,
        type,
        limit: pageSize,
        before: cursor,
      });
      return { ...page, messages: page.messages.map(toMessage) };
    },

    /**
     * Mutes or unmutes logins, or without `logins` everybody except the people who run rooms. A muted login cannot send messages to the
     * whole room. It can still send messages to single logins, as apps do for answers and reports. Does not check whether the caller runs
     * the room: the drop-in service, which offers this to pages, checks that they are an admin of the group.
     * @throws INVALID_INPUT (a login that belongs to no person in the room)
     */
    async mute(
      caller: ActingCaller,
      { id: roomId, examId }: Opened<"room">,
      change: Pick<Parameters<MuteStore["change"]>[0], "muted" | "logins">,
    ): Promise<Muted & { readonly hasChanged: boolean }> {
      const { logins } = change;
      const outcome = await mutes.change({
        ...change,
        roomId,
        examId,
        most: maxMutes,
        now: clock(),
        author: caller,
      });
      if ("unknown" in outcome)
        throw invalidInput(
          `users[${logins?.indexOf(outcome.unknown)}]`,
          `names no person in the room: ${outcome.unknown}`,
        );
      if ("held" in outcome)
        throw quotaExceeded({
          whose: `The room ${roomId}`,
          what: "muted logins",
          most: maxMutes,
          ...outcome,
        });
      return { ...(await mutes.muted(roomId)), ...outcome };
    },
    /** Does not check access. For other services. */
    muted: async (roomId: string): Promise<Muted> => mutes.muted(roomId),
    /** Returns messages as they are stored. Does not check access. For other services. */
    read: (query: ReadQuery): Promise<{ messages: StoredMessage[]; hasMore: boolean }> => store.read(query),
    /** Returns the newest messages of some types, in ascending order. Does not check access. For other services. */
    newestOf: (query: NewestQuery): Promise<StoredMessage[]> => store.newestOf(query),

    /**
     * Issues a login for each requested service that is configured. Without `imServer`, issues one for the older service. If a service's
     * groups have members, the login becomes a member of the room's group. A login to the built-in service has the access of the caller's
     * token, and one for another person works only in the given room (see `LoginService`).
     * @throws INVALID_INPUT if the older service does not support the id; PROVIDER_NOT_CONFIGURED if none of
     *   the services is configured
     */
    async getToken(
      caller: Principal,
      of: Opened<"messageLogin">,
      { roomId, userId, role, imServer, deviceId, deviceType }: GetImTokenInput,
    ): Promise<ImTokens> {
      const own = userId === caller.userId || userId === loginOf(caller.userId, "pc");
      if (!own && caller.role !== "admin")
        throw forbidden(`The caller may log in only as themselves, not as ${userId}.`);
      if (role === "admin" && !runsRooms(caller))
        throw forbidden(`The role ${caller.role} may not command a message group.`);

      const request = {
        userId,
        role: role ?? ("" as const),
        ...(deviceId && { deviceId }),
        ...(deviceType && { deviceType }),
      };
      const person = own ? caller.userId : userIdOfLogin(userId);
      const camera = userId === person ? "main" : "pc";
      if (!own && caller.roomId !== undefined && !(await access.seatIn(caller.roomId, person)))
        throw forbidden(`There is no ${person} in the room ${caller.roomId}, to which the token is bound.`);
      const issuers = storingLogins(messages, () =>
        logins.open(caller, of, { userId: person, camera, roomId: own ? undefined : roomId }),
      );
      if (!imServer) return { aliyunOldIm: await legacyToken(issuers, request) };
      const asked = new Set(imServer);
      const room = roomId ?? caller.roomId;
      const [aliyunNewIm, aliyunOldIm, rongToken] = await Promise.all([
        asked.has("aliyun_new") ? issuers.aliyun_new?.issueToken(request) : undefined,
        asked.has("aliyun_old") ? issuers.aliyun_old?.issueToken(request) : undefined,
        asked.has("rong_cloud") ? issuers.rong_cloud?.issueToken(request) : undefined,
        room !== undefined && groups.join(room, userId, asked),
      ]);
      if (!aliyunNewIm && !aliyunOldIm && !rongToken) {
        throw new InvigilError(
          "PROVIDER_NOT_CONFIGURED",
          `The message service ${imServer.join(", ")} is not configured.`,
        );
      }
      return {
        ...(aliyunNewIm && { aliyunNewIm }),
        ...(aliyunOldIm && { aliyunOldIm }),
        ...(rongToken && { rongToken }),
      };
    },
  };
};
