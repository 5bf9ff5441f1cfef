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
import { loginOf, OVERHEARD, STAFF } from "../../domain/messages.js";
import type { Principal } from "../../identity/tokens.js";
import type { RateLimits } from "../../limits/rates.js";
import { forbidden, InvigilError, invalidInput } from "../../platform/errors.js";
import { legacyToken } from "../../providers/older-apps.js";
import type { MessageProviders } from "../../providers/types.js";
import type { AccessService } from "../access/service.js";
import type { GroupService } from "../message-groups/service.js";
import type { LoginService, MessageLogin } from "./logins.js";
import type { Muted, MuteStore } from "./mutes-store.js";
import type { MessageQuota } from "./quota.js";
import type { SendRate } from "./rate.js";
import { isMuted, isWithinReach, runsRooms } from "./rules.js";
import type { ImStore, NewestQuery, ReadQuery, RoomToSendIn, StoredMessage } from "./store.js";

export type { LoginService, MessageLogin, Muted, ReadQuery, StoredMessage };

export interface ImService {
  /**
   * A login for each service that was asked for and is configured; when none was named, the older service's members. Where
   * a service keeps the members of groups, the login is a member of the room's from then on. A login of the built-in service is
   * as narrow as the caller's token, and one for another person works in the named room alone: see `LoginService`.
   * @throws FORBIDDEN, ROOM_NOT_FOUND, ROOM_ENDED (examinees), INVALID_INPUT when the older service has no such ids,
   *   PROVIDER_NOT_CONFIGURED when none of them is configured, PROVIDER_FAILED
   */
  getToken(caller: Principal, input: GetImTokenInput): Promise<ImTokens>;
  /**
   * Says something in a room by the built-in service, also where the room's groups are elsewhere. Sent again with the same key
   * it is what was sent before. An examinee writes to the room's staff: to some by name, or without `to` to all of them.
   * @throws FORBIDDEN, ROOM_NOT_FOUND, ROOM_ENDED, INVALID_INPUT (too large, or for a login that the caller cannot write to),
   *   TOO_MANY_REQUESTS, QUOTA_EXCEEDED
   */
  send(caller: Caller, input: SendMessageInput): Promise<SentMessage>;
  /** Newest first: what was for everybody, and what was for the caller's page or from it; to staff, everything that people said. @throws FORBIDDEN, ROOM_NOT_FOUND */
  history(caller: Caller, input: ListMessagesInput): Promise<MessagePage>;
  /**
   * Lets logins, or everybody (without `logins`) but those who run rooms, say nothing more to a whole room, or lets them again. What is
   * for single logins goes on: answers and reports are.
   * @throws FORBIDDEN (also for those who do not run the room), ROOM_NOT_FOUND
   */
  mute(caller: Caller, change: Parameters<MuteStore["change"]>[0]): Promise<Muted>;
  /** Asks nobody's permission: for other services. */
  muted(roomId: string): Promise<Muted>;
  /** Messages as they were sent. Asks nobody's permission: for other services. */
  read(query: ReadQuery): Promise<{ messages: StoredMessage[]; hasMore: boolean }>;
  /** The newest messages of some types, oldest of them first. Asks nobody's permission: for other services. */
  newestOf(query: NewestQuery): Promise<StoredMessage[]>;
}

export interface ImServiceDeps {
  readonly messages: MessageProviders;
  readonly access: AccessService;
  readonly groups: GroupService;
  readonly logins: LoginService;
  readonly store: ImStore;
  readonly mutes: MuteStore;
  /** Of each login in each room. */
  readonly rate: SendRate;
  /** Of each caller, room and exam. */
  readonly rates: RateLimits;
  readonly quota: MessageQuota;
  readonly clock: () => Date;
}

/** What each login that a message is for takes beside it, at least, as its row. */
const RECIPIENT_BYTES = 128;
/** The services, of which the built-in one has each login kept, by `open`, before it issues it. */
const keeping = (messages: MessageProviders, open: () => Promise<string>): MessageProviders => {
  const { aliyun_new: service } = messages;
  if (!service?.builtIn) return messages;
  const issueToken: typeof service.issueToken = async (request) =>
    service.issueToken({ ...request, loginId: await open() });
  return { ...messages, aliyun_new: { ...service, issueToken } };
};

/** Those who command a room have this long after its end: they tell of the end when it has come. */
const AFTERWORD_MS = 10 * 60_000;

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
  // Safe: what is kept was read as JSON before.
  data: JSON.parse(data) as JsonValue,
  sender: { userId: senderId, role: senderRole, camera: senderCamera },
  // What a candidate says to the staff as a whole names nobody.
  ...(recipients && recipients.length > 0 && { to: [...recipients] }),
  time: createdAt,
});

export const createImService = ({
  messages,
  access,
  groups,
  logins,
  store,
  mutes,
  rate,
  rates,
  quota,
  clock,
}: ImServiceDeps): ImService => ({
  async send(caller, { roomId, type, text, to, camera, key }) {
    const { examId } = await access.room(caller, roomId);
    if (!sendersOf(type).includes(caller.role))
      throw forbidden(`The role ${caller.role} may not send ${signalName(type) ?? type}.`);
    const bytes = Buffer.byteLength(text);
    const most = maxMessageBytes(type);
    if (bytes > most) throw invalidInput("data", `must be at most ${most} bytes`);
    const login = loginOf(caller.userId, camera);
    if (!to && isMuted(await mutes.muted(roomId), caller, login))
      throw forbidden(`The login ${login} is muted in the room ${roomId}.`);
    rate.take(roomId, login);
    const messageBytes = bytes + (to?.length ?? 0) * RECIPIENT_BYTES;
    rates.take({ caller, roomId, examId }, { messages: 1, messageBytes });
    await quota.take(roomId);

    const now = clock();
    const check = (room: RoomToSendIn): void => {
      if (room?.status === "in_progress") return;
      const since = now.getTime() - (room?.endedAt?.getTime() ?? 0);
      if (!runsRooms(caller) || since > AFTERWORD_MS)
        throw new InvigilError("ROOM_ENDED", `The room ${roomId} has ended.`);
    };
    const sender = { senderId: caller.userId, senderRole: caller.role, senderCamera: camera };
    // Nobody by name is the staff as a whole.
    const recipients = to ? [...new Set(to)] : caller.role === "examinee" ? [] : undefined;
    const sent = await store.send(
      { roomId, type, data: text, ...sender, recipients, key, createdAt: now },
      check,
      (person) => isWithinReach(caller, person),
    );
    if (!("unknown" in sent)) return sent;
    // In the same words whether another candidate or nobody has the login.
    const fault = caller.role === "examinee" ? "is none of the room's staff" : "is nobody in the room";
    throw invalidInput(`to[${to?.indexOf(sent.unknown)}]`, `${fault}: ${sent.unknown}`);
  },

  async history(caller, { roomId, camera, type, pageSize, cursor }) {
    await access.room(caller, roomId);
    const login = loginOf(caller.userId, camera);
    const also = caller.role === "examinee" ? [] : [STAFF, OVERHEARD];
    const page = await store.list({ roomId, login, also, type, limit: pageSize, before: cursor });
    return { ...page, messages: page.messages.map(toMessage) };
  },

  async mute(caller, change) {
    await access.room(caller, change.roomId);
    if (!runsRooms(caller)) throw forbidden(`The role ${caller.role} may not mute anybody.`);
    await mutes.change(change);
    return mutes.muted(change.roomId);
  },
  muted: (roomId) => mutes.muted(roomId),
  read: (query) => store.read(query),
  newestOf: (query) => store.newestOf(query),

  async getToken(caller, { roomId, userId, role, imServer, deviceId, deviceType }) {
    await access.inProgress(caller, { roomId });
    const own = userId === caller.userId || userId === loginOf(caller.userId, "pc");
    if (!own && caller.role !== "admin")
      throw forbidden(`The caller may log in as itself, not as ${userId}.`);
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
    if (!own && caller.roomId !== undefined && !(await access.roleIn(caller.roomId, person)))
      throw forbidden(`There is no ${person} in the room ${caller.roomId}, to which the token is bound.`);
    const issuers = keeping(messages, () =>
      logins.open(caller, { userId: person, camera, roomId: own ? undefined : roomId }),
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
});
