import {
  type DropInGroup,
  type DropInLogin,
  type DropInMessage,
  type DropInMuteStatus,
  type DropInRequest,
  type DropInResults,
  type RoomSnapshot,
  sendMessageInput,
  signalName,
  signals,
} from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Instances } from "../../coordination/instances.js";
import type { PageClaims } from "../../coordination/page-claims.js";
import type { AccessLog } from "../../domain/access-log.js";
import type { Origin } from "../../domain/calls.js";
import { failureOf } from "../../domain/failures.js";
import { loginOf, loginsOf, STAFF } from "../../domain/messages.js";
import type { StoredRoom } from "../../domain/opened.js";
import type { Principal } from "../../identity/tokens.js";
import type { Gate, GatedCall } from "../../limits/gate.js";
import type { RateLimits } from "../../limits/rates.js";
import { coalesce } from "../../platform/coalesce.js";
import { forbidden, InvigilError, parsed, roomEnded } from "../../platform/errors.js";
import { rowsIn } from "../../platform/rows.js";
import { loginIdOf } from "../../providers/embedded/im.js";
import type { MessageProviders } from "../../providers/types.js";
import { untilAvailable } from "../../storage/until-available.js";
import type { DeliveredRoomEvent } from "../delivery/service.js";
import type { CallerInRoom, ImService, LoginService, MessageLogin, Muted } from "../im/service.js";
import type { PresenceService } from "../presence/service.js";
import type { SubscriptionService } from "../subscriptions/service.js";
import { type Delivery, deliveryOfStored } from "./messages.js";
import { AUTH_FAIL, LOGGED_IN_ELSEWHERE, NOT_ONLINE, Refusal, refusalOf } from "./refusal.js";
import { COMMAND_TYPES, commandsToReplay, MAX_COMMANDS } from "./replay.js";

export { type Delivery, deliveryOf, isAddressedTo } from "./messages.js";
export { Refusal, refusalOf } from "./refusal.js";

/** A page of the vendor's apps that is logged in to the built-in message service. */
export interface Page extends MessageLogin {
  /** The id of the user, or `pc_<id>`. */
  readonly login: string;
  /** Whether the login allows commands to groups. The person's role in the room must also allow them. */
  readonly commands: boolean;
  /** For the audit of what the page changes. */
  readonly origin: Origin;
}

type Request<Name extends DropInRequest["do"]> = Omit<Extract<DropInRequest, { do: Name }>, "do" | "number">;

export interface Joined {
  readonly result: DropInResults["join"];
  /** From `SubscriptionService.subscribeToRoom`. */
  readonly events: AsyncGenerator<DeliveredRoomEvent, void, undefined>;
  /** Whether a message is a missed command that no longer applies. The page must not receive it. */
  readonly isStale: (message: Pick<DropInMessage, "seqnum" | "type">) => boolean;
  /** The end signal of a person whose attempt was terminated, which each page that returns gets. */
  readonly endSignal?: Delivery | undefined;
}

export interface DropInServiceDeps {
  readonly messages: MessageProviders;
  readonly logins: LoginService;
  readonly im: ImService;
  readonly subscriptions: SubscriptionService;
  readonly presence: PresenceService;
  readonly claims: PageClaims;
  readonly instances: Instances;
  readonly accessLog: Pick<AccessLog, "admit" | "admitExam" | "noteRefusal">;
  readonly clock: () => Date;
  /** Limits requests as calls of the API are limited. */
  readonly gate: Gate;
  readonly rates: RateLimits;
  readonly log: FastifyBaseLogger;
}

const READS: GatedCall = { writes: false };
const SENDS: GatedCall = { writes: true };
const MUTES: GatedCall = { writes: true, allowedWhenDiskFull: true };

/** A page that receives changes of mutes. */
interface MuteListener {
  readonly page: Page;
  readonly notify: (status: DropInMuteStatus) => void;
}
/** The shortest time between two notifications of a page about mutes. */
const MUTES_INTERVAL_MS = 1_000;

/** The most missed messages that a page receives after a gap. */
const MAX_MISSED = 500;

/** The readers (see domain/messages.ts) as whom a page reads, besides itself and everybody. */
const extraReadersOf = ({ role }: Principal): string[] => (role === "examinee" ? [] : [STAFF]);
/** Returns the part of the mute status that the caller may see. An examinee sees only their own logins. */
const muteStatusFor = (
  { role, userId }: Pick<Principal, "role" | "userId">,
  groupId: string,
  { everybody, logins }: Muted,
): DropInMuteStatus => ({
  groupId,
  muteAll: everybody,
  muteUserList: role === "examinee" ? logins.filter((login) => loginsOf(userId).includes(login)) : logins,
});
const keyOf = (roomId: string, login: string): string => JSON.stringify([roomId, login]);
const loginsIn = ({ presence }: RoomSnapshot): string[] =>
  presence
    .toSorted((a, b) => a.since.getTime() - b.since.getTime())
    .map(({ userId, camera }) => loginOf(userId, camera));

export type DropInService = ReturnType<typeof createDropInService>;

/**
 * Serves pages that use the drop-in script. A group of the SDK is a room, and a page has the role of its person in the room. After a login
 * has ended, all methods except `login`, `claim` and `onMuted` throw UNAUTHENTICATED. Methods that serve requests throw a `Refusal` or an
 * `InvigilError`, which `refusalOf` converts.
 */
export const createDropInService = ({
  messages,
  logins,
  im,
  subscriptions,
  presence,
  claims,
  instances,
  accessLog,
  clock,
  gate,
  rates,
  log,
}: DropInServiceDeps) => {
  /** The signal of the last join of each login in each room. */
  const joins = new Map<string, AbortSignal>();
  const muteListeners = new Map<string, Set<MuteListener>>();

  /**
   * Returns the page as a caller in a room, and the room (see `LoginService.callerIn`). Counts the request.
   * @throws TOO_MANY_REQUESTS, STORAGE_FULL, UNAUTHENTICATED, FORBIDDEN
   */
  const callerIn = (page: Page, roomId: string, call = READS): Promise<CallerInRoom> => {
    gate.admit({ ...page.holder, userId: page.userId }, call);
    return logins.callerIn(page, roomId, { origin: page.origin, audited: "none" });
  };
  /** @throws FORBIDDEN unless the page is an admin of the group */
  const assertAdmin = (page: Page, caller: Principal, roomId: string): void => {
    if (!page.commands || caller.role !== "teacher")
      throw forbidden(`The login ${page.login} is not an admin of the group ${roomId}.`);
  };
  /** The same as `callerIn`, if the page is an admin of the group. @throws FORBIDDEN */
  const adminIn = async (page: Page, roomId: string): Promise<CallerInRoom> => {
    const found = await callerIn(page, roomId);
    assertAdmin(page, found.caller, roomId);
    return found;
  };

  /** Charges the caller for the entries of an answer. Returns the answer. */
  const charged = <Answer>(caller: Principal, answer: Answer): Answer => {
    gate.chargeRows(caller, rowsIn(answer));
    return answer;
  };

  const groupOf = async (caller: Principal, snapshot: RoomSnapshot): Promise<DropInGroup> => {
    const { room, members } = snapshot;
    return {
      groupId: room.id,
      groupName: room.name,
      createTime: Math.floor(room.createdAt.getTime() / 1000),
      creator: room.createTeacher,
      admins: members.filter(({ role }) => role === "teacher").map(({ userId }) => userId),
      onlineCount: snapshot.presence.length,
      muteStatus: muteStatusFor(caller, room.id, await im.muted(room.id)),
    };
  };

  /** A login that has just joined is online before its presence is stored. */
  const isOnline = async (roomId: string, login: string): Promise<boolean> =>
    joins.has(keyOf(roomId, login)) ||
    (await presence.ofRoom(roomId)).some(({ userId, camera }) => loginOf(userId, camera) === login);

  /** Returns a function that recognizes those commands after `seen` that no longer apply. */
  const createStaleFilter = async (
    { login }: Page,
    roomId: string,
    {
      seen,
      newest,
      endSignal,
    }: { readonly seen: number; readonly newest: number; readonly endSignal?: Delivery | undefined },
  ): Promise<Joined["isStale"]> => {
    if (newest <= seen) return () => false;
    const query = { roomId, login, types: COMMAND_TYPES, after: seen, limit: MAX_COMMANDS };
    const replayed = commandsToReplay(await im.newestOf(query), { login, now: clock() });
    return ({ seqnum, type }) =>
      seqnum <= newest &&
      seqnum !== endSignal?.message.seqnum &&
      COMMAND_TYPES.includes(type) &&
      !replayed.has(seqnum);
  };
  /** Finds the signal with which the server told a person that their attempt was terminated. */
  const endSignalFor = async (
    { login }: Page,
    caller: Principal,
    { id: roomId, endedAt }: StoredRoom,
  ): Promise<Delivery | undefined> => {
    if (caller.role !== "examinee" || !endedAt) return undefined;
    const query = { roomId, login, types: [signals.endUser.type], after: 0, limit: 1 };
    const [last] = await im.newestOf(query);
    const isOfNow = last?.senderRole === "server" && last.createdAt >= endedAt;
    return isOfNow ? deliveryOfStored(last) : undefined;
  };

  /** Tells the pages of a room on this server who is muted. Pages that may see the same share one status. */
  const notifyMuted = async (roomId: string): Promise<void> => {
    const listeners = muteListeners.get(roomId);
    if (!listeners) return;
    const muted = await im.muted(roomId);
    const statuses = new Map<string, DropInMuteStatus>();
    const notifyPage = async ({ page, notify }: MuteListener): Promise<void> => {
      // The rights of the page may have ended. Then it is disconnected at its next request or event.
      const found = await logins.callerIn(page, roomId).catch((error: unknown) => {
        if (error instanceof InvigilError) return undefined;
        throw error;
      });
      if (!found) return;
      const { caller } = found;
      const status = muteStatusFor(caller, roomId, muted);
      const key = caller.role === "examinee" ? JSON.stringify(status.muteUserList) : "staff";
      const shared = statuses.get(key) ?? status;
      statuses.set(key, shared);
      notify(shared);
    };
    await Promise.all([...listeners].map(notifyPage));
  };
  const mutesChanged = coalesce((roomId: string) => {
    untilAvailable(() => notifyMuted(roomId)).catch((error: unknown) =>
      log.error({ err: error, roomId }, "pages were not told of a mute"),
    );
  }, MUTES_INTERVAL_MS);
  instances.onNotice("muted", mutesChanged, () => muteListeners.size > 0);
  // Notices for the previous id of this server may be lost.
  instances.onRevived(async () => {
    for (const roomId of muteListeners.keys()) mutesChanged(roomId);
  });

  return {
    /**
     * Counts a login for its person, and one that this server did not issue for the address that it comes from.
     * @throws Refusal 403 `auth fail` if this server did not issue the login, or if it has ended; TOO_MANY_REQUESTS
     */
    async login(sent: DropInLogin, from: Pick<Origin, "reqId" | "address">): Promise<Page> {
      const isSigned = messages.aliyun_new?.verify?.(sent) !== undefined;
      const found = isSigned ? await logins.find(loginIdOf(sent)) : undefined;
      const { userId: login, role } = sent.auth;
      if (!found || loginOf(found.userId, found.camera) !== login) {
        gate.admitAnonymous(from.address);
        throw new Refusal(403, AUTH_FAIL);
      }
      rates.take({ caller: { ...found.holder, userId: found.userId } }, { messageLogins: 1 });
      await logins.check(found).catch((error: unknown) => {
        throw error instanceof InvigilError ? refusalOf(error) : error;
      });
      const origin: Origin = { ...from, entryPoint: "drop-in", procedure: "im.mute" };
      return { ...found, login, commands: role === "admin", origin };
    },
    /** @throws UNAUTHENTICATED once the page's login has ended */
    check: (page: Page): Promise<void> => logins.check(page),

    /**
     * Makes a page the only connected one of its login name (see `PageClaims.claim`). Logins with different bindings do not displace each
     * other.
     * @throws Refusal 304 while a page with a later login is connected
     */
    async claim(
      { login, id, holder: { roomId, examId } }: Page,
      onDisplaced: () => void,
    ): Promise<() => void> {
      const page = JSON.stringify([login, roomId, examId]);
      const release = await claims.claim({ page, loginId: id }, onDisplaced);
      if (!release) throw new Refusal(304, LOGGED_IN_ELSEWHERE);
      return release;
    },

    /** Joins a room. Examinees can join a room in progress, and can return (with `after`) to one that has ended. */
    async join(
      page: Page,
      { groupId: roomId, after, seen }: Request<"join">,
      subscriber: { connection: object; drained: () => Promise<void> | undefined; signal: AbortSignal },
    ): Promise<Joined> {
      const { caller, room } = await callerIn(page, roomId);
      if (after === undefined && caller.role === "examinee" && room.status === "ended")
        throw roomEnded(roomId);
      // Read before the snapshot. A message that is sent between the two reads has an event after the snapshot, so it is delivered.
      const reader = { login: page.login, also: extraReadersOf(caller) };
      const query = { roomId, ...reader, type: undefined, newestFirst: true, from: undefined };
      const newest = (await im.read({ ...query, limit: 1 })).messages[0]?.id ?? 0;
      const snapshot = charged(caller, await subscriptions.roomSnapshot(caller, room));
      const { lastEventId } = snapshot;
      // The position of a page can be ahead of the log if the database was restored from a backup.
      const at = String(Math.min(Number(after ?? lastEventId), Number(lastEventId)));
      const endSignal = after === undefined ? undefined : await endSignalFor(page, caller, room);
      const seenId = Math.min(
        seen ?? (after === undefined ? newest : 0),
        newest,
        endSignal ? endSignal.message.seqnum - 1 : newest,
      );
      const reopen = async () => (await logins.callerIn(page, roomId)).room;
      const events = await subscriptions.subscribeToRoom({ caller, reopen, ...subscriber }, room, {
        camera: page.camera,
        lastEventId: after ?? at,
      });
      const group = await groupOf(caller, snapshot);
      const key = keyOf(roomId, page.login);
      const { signal } = subscriber;
      if (!signal.aborted) joins.set(key, signal);
      signal.addEventListener("abort", () => joins.get(key) === signal && joins.delete(key), { once: true });
      const isStale = await createStaleFilter(page, roomId, { seen: seenId, newest, endSignal });
      return { result: { group, at, seen: seenId }, events, isStale, endSignal };
    },

    /**
     * Returns the messages of a group that a page missed since the message with the id `seen`, oldest first and up to a maximum. Omits
     * commands that no longer apply.
     */
    async missed(page: Page, roomId: string, seen: number): Promise<Delivery[]> {
      const { caller } = await callerIn(page, roomId);
      const reader = { login: page.login, also: extraReadersOf(caller) };
      const query = { roomId, ...reader, type: undefined, limit: MAX_MISSED, newestFirst: false, from: seen };
      const missed = (await im.read(query)).messages.map(deliveryOfStored);
      const newest = missed.at(-1)?.message.seqnum ?? seen;
      const isStale = await createStaleFilter(page, roomId, { seen, newest });
      return missed.filter(({ message }) => !isStale(message));
    },

    async send(
      page: Page,
      { groupId: roomId, type, data, to, one = false, key }: Request<"send">,
    ): Promise<DropInResults["send"]> {
      const { caller, room } = await callerIn(page, roomId, SENDS);
      const name = signalName(type);
      if (!page.commands && name && signals[name].kind === "command")
        throw forbidden(`The login ${page.login} is not an admin of the group ${roomId}.`);
      const [receiver] = to ?? [];
      if (one && (receiver === undefined || !(await isOnline(roomId, receiver))))
        throw new Refusal(404, NOT_ONLINE);
      // Others than this page also receive the message if the page may not send it to some of them.
      const recipients = one ? to : to && [...to, page.login];
      const input = { roomId, type, text: data, to: recipients, camera: page.camera, key };
      const sent = await im.deliver(caller, room, parsed(sendMessageInput, input));
      if ("muted" in sent) throw new Refusal(442, `The login ${page.login} is muted in the group ${roomId}.`);
      if ("unknown" in sent) throw new Refusal(404, NOT_ONLINE);
      return { messageId: String(sent.id) };
    },

    async group(page: Page, roomId: string): Promise<DropInGroup> {
      const { caller, room } = await callerIn(page, roomId);
      return groupOf(caller, charged(caller, await subscriptions.roomSnapshot(caller, room)));
    },

    async users(page: Page, { groupId: roomId, all }: Request<"users">): Promise<DropInResults["users"]> {
      const { caller, room } = await (all ? adminIn : callerIn)(page, roomId);
      return { users: loginsIn(charged(caller, await subscriptions.roomSnapshot(caller, room))) };
    },

    async mute(page: Page, { groupId: roomId, muted, users }: Request<"mute">): Promise<DropInMuteStatus> {
      const origin: Origin = { ...page.origin, procedure: muted ? "im.mute" : "im.unmute" };
      const { caller, room } = await callerIn(page, roomId, MUTES);
      const author = { ...caller, origin, audited: "change" } as const;
      const mute = async () => {
        assertAdmin(page, caller, roomId);
        await accessLog.admit(author);
        await accessLog.admitExam(author, room.examId);
        return im.mute(author, room, { muted, logins: users });
      };
      const now = await mute().catch((error: unknown) => {
        accessLog.noteRefusal(author, { roomId }, failureOf(error));
        throw error;
      });
      if (now.hasChanged) mutesChanged(roomId);
      return muteStatusFor(caller, roomId, now);
    },

    async messages(
      page: Page,
      { groupId: roomId, type, newestFirst, from, pageSize: limit }: Request<"messages">,
    ): Promise<DropInResults["messages"]> {
      const { caller } = await callerIn(page, roomId);
      const also = extraReadersOf(caller);
      const query = { roomId, login: undefined, also, type, limit, newestFirst, from };
      const found = charged(caller, await im.read(query));
      return {
        messages: found.messages.map((message) => deliveryOfStored(message).message),
        hasMore: found.hasMore,
      };
    },

    /**
     * Calls `notify` after changes of the mute status of a group, with the part that the given page may see. Several changes may be one call,
     * and pages that may see the same receive the same object.
     * @returns the function that ends this
     */
    onMuted(page: Page, groupId: string, notify: (status: DropInMuteStatus) => void): () => void {
      const listener = { page, notify };
      const listeners = muteListeners.get(groupId) ?? new Set();
      muteListeners.set(groupId, listeners.add(listener));
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) muteListeners.delete(groupId);
      };
    },
  };
};
