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
  userIdOfLogin,
} from "@invigil/schema";
import { loginOf, STAFF } from "../../domain/messages.js";
import type { Principal } from "../../identity/tokens.js";
import type { Gate, GatedCall } from "../../limits/gate.js";
import type { RateLimits } from "../../limits/rates.js";
import { forbidden, InvigilError, parsed } from "../../platform/errors.js";
import { loginIdOf } from "../../providers/embedded/im.js";
import type { MessageProviders } from "../../providers/types.js";
import type { AccessService } from "../access/service.js";
import { isMuted, isWithinReach } from "../im/rules.js";
import type { ImService, LoginService, MessageLogin, Muted } from "../im/service.js";
import type { PresenceService } from "../presence/service.js";
import type { LiveService, ToldRoomEvent } from "../subscriptions/service.js";
import { type Delivery, keptDelivery } from "./messages.js";
import { AUTH_FAIL, loggedInElsewhere, NOT_ONLINE, Refusal, refusalOf } from "./refusal.js";
import { COMMANDS, MOST_COMMANDS, stillTrue } from "./replay.js";

export { type Delivery, deliveryOf, isAddressedTo } from "./messages.js";
export { Refusal, refusalOf } from "./refusal.js";

/** A page of the vendor's apps that has logged in to the built-in service. */
export interface Page extends MessageLogin {
  /** The user's id, or `pc_<id>`. */
  readonly login: string;
  /** Whether the login lets its holder command groups; whether the holder may, its role in the room says. */
  readonly commands: boolean;
}

type Request<Name extends DropInRequest["do"]> = Omit<Extract<DropInRequest, { do: Name }>, "do" | "number">;

export interface Joined {
  readonly result: DropInResults["join"];
  /** As `LiveService.listenRoom` tells them. */
  readonly events: AsyncGenerator<ToldRoomEvent, void, undefined>;
  /** Whether a message is a command that was sent before the page came back, and is true no more: the page is not told of it. */
  readonly isStale: (message: Pick<DropInMessage, "seqnum" | "type">) => boolean;
}

/**
 * What the drop-in script's pages may do: a group is a room, and whoever logged in is in it as what it is there. Everything but `login`,
 * `claim` and `onMuted` is refused with UNAUTHENTICATED once the login has ended. What pages ask is refused with a Refusal or an InvigilError
 * (`refusalOf` makes one of the other).
 */
export interface DropInService {
  /** @throws Refusal 403 `auth fail` for a login that this server did not make, or that has ended */
  login(login: DropInLogin): Promise<Page>;
  /** @throws UNAUTHENTICATED once the page's login has ended */
  check(page: Page): Promise<void>;
  /**
   * The login is this page's from now on, and `displaced` is called when it becomes another's. Of two pages with one login the one
   * whose login was issued later has it, whichever connects last; with the same login, the one that connects last. Logins of one person
   * that are bound to different places displace each other no more than they open each other's rooms.
   * @returns what ends that
   * @throws Refusal 304 while a page with a later login has it
   */
  claim(page: Page, displaced: () => void): () => void;
  /** Examinees come into a room in progress; those who come back (`after`) are told how it ended. */
  join(
    page: Page,
    request: Request<"join">,
    listener: { connection: object; drained: () => Promise<void>; signal: AbortSignal },
  ): Promise<Joined>;
  /**
   * What a page has not been told of a group since a message, oldest first, without the commands that are true no more; not all,
   * where that is very much.
   */
  missed(page: Page, groupId: string, seen: number): Promise<Delivery[]>;
  send(page: Page, request: Request<"send">): Promise<DropInResults["send"]>;
  group(page: Page, groupId: string): Promise<DropInGroup>;
  users(page: Page, request: Request<"users">): Promise<DropInResults["users"]>;
  mute(page: Page, request: Request<"mute">): Promise<DropInMuteStatus>;
  messages(page: Page, request: Request<"messages">): Promise<DropInResults["messages"]>;
  /** Tells a page of mutes that pages change on this process, as far as it may know of them. @returns what ends that */
  onMuted(page: Page, groupId: string, tell: (status: DropInMuteStatus) => void): () => void;
}

export interface DropInServiceDeps {
  readonly messages: MessageProviders;
  readonly access: AccessService;
  readonly logins: LoginService;
  readonly im: ImService;
  readonly live: LiveService;
  readonly presence: PresenceService;
  readonly clock: () => Date;
  /** Every request passes it, as every call of the API does. */
  readonly gate: Gate;
  readonly rates: RateLimits;
}

const READS: GatedCall = { writes: false };
const SENDS: GatedCall = { writes: true };
const MUTES: GatedCall = { writes: true, alsoWhenFull: true };

/** Messages that are told to a page which could not be told in time. */
const MISSED = 500;

/** What a page reads beside what is for itself and for everybody. */
const alsoRead = ({ role }: Principal): string[] => (role === "examinee" ? [] : [STAFF]);
const loginsOf = (userId: string): string[] => [loginOf(userId, "main"), loginOf(userId, "pc")];
/** Who is muted, as a caller may know it: an examinee, whether they are themselves. */
const statusFor = (
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

export const createDropInService = ({
  messages,
  access,
  logins,
  im,
  live,
  presence,
  clock,
  gate,
  rates,
}: DropInServiceDeps): DropInService => {
  const claims = new Map<string, { readonly issued: string; readonly displaced: () => void }>();
  /** The logins that have joined, by their rooms, each with its last joining. */
  const here = new Map<string, AbortSignal>();
  const watching = new Map<string, Set<() => Promise<void>>>();

  /**
   * The page as a caller in a room, as `LoginService.callerIn` says.
   * @throws TOO_MANY_REQUESTS, STORAGE_FULL, UNAUTHENTICATED, FORBIDDEN
   */
  const callerIn = async (page: Page, roomId: string, call = READS): Promise<Principal> => {
    gate.admit({ ...page.holder, userId: page.userId }, call);
    const caller = await logins.callerIn(page, roomId);
    rates.take({ roomId }, { calls: 1 });
    return caller;
  };
  /** The same of a group's admin. @throws FORBIDDEN */
  const adminIn = async (page: Page, roomId: string, call = READS): Promise<Principal> => {
    const caller = await callerIn(page, roomId, call);
    if (!page.commands || caller.role !== "teacher")
      throw forbidden(`The login ${page.login} is no admin of the group ${roomId}.`);
    return caller;
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
      muteStatus: statusFor(caller, room.id, await im.muted(room.id)),
    };
  };

  const mayAddress = async (caller: Principal, roomId: string, login: string): Promise<boolean> => {
    const userId = userIdOfLogin(login);
    const role = await access.roleIn(roomId, userId);
    return role !== undefined && isWithinReach(caller, { userId, role });
  };
  /** Who has just joined is there, also while that is being written. */
  const isOnline = async (roomId: string, login: string): Promise<boolean> =>
    here.has(keyOf(roomId, login)) ||
    (await presence.of(roomId)).some(({ userId, camera }) => loginOf(userId, camera) === login);

  /** Knows the commands since `seen` that are true no more. */
  const staleSince = async (
    { login }: Page,
    roomId: string,
    { seen, newest }: { readonly seen: number; readonly newest: number },
  ): Promise<Joined["isStale"]> => {
    if (newest <= seen) return () => false;
    const query = { roomId, login, types: COMMANDS, after: seen, limit: MOST_COMMANDS };
    const told = stillTrue(await im.newestOf(query), { login, now: clock() });
    return ({ seqnum, type }) => seqnum <= newest && COMMANDS.includes(type) && !told.has(seqnum);
  };

  return {
    async login(sent) {
      const isOurs = messages.aliyun_new?.verify?.(sent) !== undefined;
      const found = isOurs ? await logins.find(loginIdOf(sent)) : undefined;
      const { userId: login, role } = sent.auth;
      if (!found || loginOf(found.userId, found.camera) !== login) throw new Refusal(403, AUTH_FAIL);
      await logins.check(found).catch((error: unknown) => {
        throw error instanceof InvigilError ? refusalOf(error) : error;
      });
      return { ...found, login, commands: role === "admin" };
    },
    check: (page) => logins.check(page),

    claim({ login, id, holder: { roomId, examId } }, displaced) {
      const key = JSON.stringify([login, roomId, examId]);
      const holder = claims.get(key);
      if (holder && holder.issued > id) throw loggedInElsewhere();
      const claim = { issued: id, displaced };
      claims.set(key, claim);
      holder?.displaced();
      return () => {
        if (claims.get(key) === claim) claims.delete(key);
      };
    },

    async join(page, { groupId: roomId, after, seen }, listener) {
      const caller = await callerIn(page, roomId);
      if (after === undefined) await access.inProgress(caller, { roomId });
      // First the messages: one that comes in between is told, as it comes after them.
      const reader = { login: page.login, also: alsoRead(caller) };
      const query = { roomId, ...reader, type: undefined, newestFirst: true, from: undefined };
      const newest = (await im.read({ ...query, limit: 1 })).messages[0]?.id ?? 0;
      const snapshot = await live.roomSnapshot(caller, roomId);
      const { lastEventId } = snapshot;
      // A page may have seen more than there is, where the database was put back to what it had been.
      const at = String(Math.min(Number(after ?? lastEventId), Number(lastEventId)));
      const stood = Math.min(seen ?? (after === undefined ? newest : 0), newest);
      const identify = () => logins.callerIn(page, roomId);
      const events = await live.listenRoom(
        { caller, identify, ...listener },
        { roomId, camera: page.camera, lastEventId: after ?? at },
      );
      const group = await groupOf(caller, snapshot);
      const key = keyOf(roomId, page.login);
      const { signal } = listener;
      if (!signal.aborted) here.set(key, signal);
      signal.addEventListener("abort", () => here.get(key) === signal && here.delete(key), { once: true });
      // A page that comes for the first time hears of nothing that was before.
      const isStale = await staleSince(page, roomId, { seen: stood, newest });
      return { result: { group, at, seen: stood }, events, isStale };
    },

    async missed(page, roomId, seen) {
      const reader = { login: page.login, also: alsoRead(await callerIn(page, roomId)) };
      const query = { roomId, ...reader, type: undefined, limit: MISSED, newestFirst: false, from: seen };
      const missed = (await im.read(query)).messages.map(keptDelivery);
      const newest = missed.at(-1)?.message.seqnum ?? seen;
      const isStale = await staleSince(page, roomId, { seen, newest });
      return missed.filter(({ message }) => !isStale(message));
    },

    async send(page, { groupId: roomId, type, data, to, one = false, key }) {
      const caller = await callerIn(page, roomId, SENDS);
      const name = signalName(type);
      if (!page.commands && name && signals[name].kind === "command")
        throw forbidden(`The login ${page.login} is no admin of the group ${roomId}.`);
      if (!to && isMuted(await im.muted(roomId), caller, page.login))
        throw new Refusal(442, `The login ${page.login} is muted in the group ${roomId}.`);
      const [receiver] = to ?? [];
      const may = await Promise.all((to ?? []).map((login) => mayAddress(caller, roomId, login)));
      if (one && (receiver === undefined || !may[0] || !(await isOnline(roomId, receiver))))
        throw new Refusal(404, NOT_ONLINE);
      // Who is in the room no more, or cannot be written to, keeps the others from being told.
      const some = to && [...new Set([...to.filter((_, index) => may[index]), page.login])];
      const input = { roomId, type, text: data, to: one ? to : some, camera: page.camera, key };
      const { id } = await im.send(caller, parsed(sendMessageInput, input));
      return { messageId: String(id) };
    },

    async group(page, roomId) {
      const caller = await callerIn(page, roomId);
      return groupOf(caller, await live.roomSnapshot(caller, roomId));
    },

    async users(page, { groupId: roomId, all }) {
      const caller = await (all ? adminIn : callerIn)(page, roomId);
      return { users: loginsIn(await live.roomSnapshot(caller, roomId)) };
    },

    async mute(page, { groupId: roomId, muted, users }) {
      const caller = await adminIn(page, roomId, MUTES);
      const now = await im.mute(caller, { roomId, muted, logins: users });
      await Promise.all([...(watching.get(roomId) ?? [])].map((tell) => tell()));
      return statusFor(caller, roomId, now);
    },

    async messages(page, { groupId: roomId, type, newestFirst, from, pageSize: limit }) {
      const also = alsoRead(await callerIn(page, roomId));
      const query = { roomId, login: undefined, also, type, limit, newestFirst, from };
      const found = await im.read(query);
      return {
        messages: found.messages.map((message) => keptDelivery(message).message),
        hasMore: found.hasMore,
      };
    },

    onMuted({ userId }, groupId, tell) {
      const tellPage = async () => {
        const role = await access.roleIn(groupId, userId);
        if (role) tell(statusFor({ role, userId }, groupId, await im.muted(groupId)));
      };
      const tellers = watching.get(groupId) ?? new Set();
      watching.set(groupId, tellers.add(tellPage));
      return () => {
        tellers.delete(tellPage);
        if (tellers.size === 0) watching.delete(groupId);
      };
    },
  };
};
