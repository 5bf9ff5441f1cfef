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
} from "@invigil/schema";
import { loginOf } from "../../db/messages.js";
import { forbidden, InvigilError, invalidInput } from "../../errors.js";
import type { RateLimits } from "../../limits/rates.js";
import { olderToken } from "../../providers/older-apps.js";
import type { MessageProviders } from "../../providers/types.js";
import type { AccessService } from "../access/service.js";
import type { GroupService } from "../groups/service.js";
import type { Muted, MuteStore } from "./mutes-store.js";
import type { MessageQuota } from "./quota.js";
import type { SendRate } from "./rate.js";
import type { ImStore, NewestQuery, ReadQuery, SpokenIn, StoredMessage } from "./store.js";

export type { Muted, ReadQuery, StoredMessage };

export interface ImService {
  /**
   * A login for each service that was asked for and is configured; when none was named, the older service's members. Where
   * a service keeps the members of groups, the login is a member of the room's from then on.
   * @throws FORBIDDEN, ROOM_NOT_FOUND, ROOM_ENDED (examinees), INVALID_INPUT when the older service has no such ids,
   *   PROVIDER_NOT_CONFIGURED when none of them is configured, PROVIDER_FAILED
   */
  getToken(caller: Caller, input: GetImTokenInput): Promise<ImTokens>;
  /**
   * Says something in a room by the built-in service, also where the room's groups are elsewhere. Sent again with the same key
   * it is what was sent before.
   * @throws FORBIDDEN, ROOM_NOT_FOUND, ROOM_ENDED, INVALID_INPUT (too large, or for somebody who is not in the room),
   *   TOO_MANY_REQUESTS, QUOTA_EXCEEDED
   */
  send(caller: Caller, input: SendMessageInput): Promise<SentMessage>;
  /** Newest first: what was for everybody, and what was for the caller's page or from it. @throws FORBIDDEN, ROOM_NOT_FOUND */
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

/** Those who run rooms. */
const runsRooms = ({ role }: Caller): boolean => role === "admin" || role === "teacher";
/** Whether somebody's page may say nothing to its whole room. */
export const isMuted = ({ everybody, logins }: Muted, caller: Caller, login: string): boolean =>
  !runsRooms(caller) && (everybody || logins.includes(login));

export interface ImServiceDeps {
  readonly messages: MessageProviders;
  readonly access: AccessService;
  readonly groups: GroupService;
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
  ...(recipients && { to: [...recipients] }),
  time: createdAt,
});

export const createImService = ({
  messages,
  access,
  groups,
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
    quota.take(roomId);

    const now = clock();
    const check = (room: SpokenIn): void => {
      if (room?.status === "in_progress") return;
      const since = now.getTime() - (room?.endedAt?.getTime() ?? 0);
      if (!runsRooms(caller) || since > AFTERWORD_MS)
        throw new InvigilError("ROOM_ENDED", `The room ${roomId} has ended.`);
    };
    const sender = { senderId: caller.userId, senderRole: caller.role, senderCamera: camera };
    const recipients = to && [...new Set(to)];
    const sent = await store.send(
      { roomId, type, data: text, ...sender, recipients, key, createdAt: now },
      check,
    );
    if (!("unknown" in sent)) return sent;
    throw invalidInput(`to[${to?.indexOf(sent.unknown)}]`, `is nobody in the room: ${sent.unknown}`);
  },

  async history(caller, { roomId, camera, type, pageSize, cursor }) {
    await access.room(caller, roomId);
    const login = loginOf(caller.userId, camera);
    const page = await store.list({ roomId, login, type, limit: pageSize, before: cursor });
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
    const own = userId === caller.userId || userId === `pc_${caller.userId}`;
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
    if (!imServer) return { aliyunOldIm: await olderToken(messages, request) };
    const asked = new Set(imServer);
    const room = roomId ?? caller.roomId;
    const [aliyunNewIm, aliyunOldIm, rongToken] = await Promise.all([
      asked.has("aliyun_new") ? messages.aliyun_new?.issueToken(request) : undefined,
      asked.has("aliyun_old") ? messages.aliyun_old?.issueToken(request) : undefined,
      asked.has("rong_cloud") ? messages.rong_cloud?.issueToken(request) : undefined,
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
