import {
  type Camera,
  type EngineGroup,
  type EngineLogin,
  type EngineMuteStatus,
  type EngineRequest,
  type EngineResults,
  type RoomSnapshot,
  sendMessageInput,
  signalName,
  signals,
} from "@invigil/schema";
import { type Principal, unauthenticated } from "../../auth.js";
import { loginOf } from "../../db/messages.js";
import { forbidden, parsed } from "../../errors.js";
import type { MessageProviders } from "../../providers/types.js";
import type { AccessService } from "../access/service.js";
import type { AuthService } from "../auth/service.js";
import { type ImService, isMuted, type Muted } from "../im/service.js";
import type { LiveService, ToldRoomEvent } from "../live/service.js";
import type { PresenceService } from "../presence/service.js";
import { type Delivery, keptDelivery } from "./messages.js";
import { AUTH_FAIL, NOT_ONLINE, Refusal } from "./refusal.js";

export { type Delivery, deliveryOf } from "./messages.js";
export { AUTH_FAIL, Refusal, refusalOf } from "./refusal.js";

/** A page of the vendor's apps that has logged in to the built-in service. */
export interface Page {
  /** The user's id, or `pc_<id>`. */
  readonly login: string;
  readonly userId: string;
  readonly camera: Camera;
  /** Whether the login lets its holder command groups; whether the holder may, its role in the room says. */
  readonly commands: boolean;
  readonly expiresAt: Date;
}

type Request<Name extends EngineRequest["do"]> = Omit<Extract<EngineRequest, { do: Name }>, "do" | "number">;

export interface Joined {
  readonly result: EngineResults["join"];
  /** As `LiveService.listenRoom` tells them. */
  readonly events: AsyncGenerator<ToldRoomEvent, void, undefined>;
}

/**
 * What the drop-in script's pages may do: a group is a room, and whoever logged in is in it as what it is there. What they ask is refused
 * with a Refusal or an InvigilError (`refusalOf` makes one of the other).
 */
export interface EngineService {
  /** @throws Refusal 403 `auth fail` for a login that this server did not make, or that has expired */
  login(login: EngineLogin): Page;
  /** The login is this page's from now on: `displaced` is called when it becomes another's. @returns what ends that */
  claim(login: string, displaced: () => void): () => void;
  /** Examinees come into a room in progress; those who come back (`after`) are told how it ended. */
  join(
    page: Page,
    request: Request<"join">,
    listener: { connection: object; drained: () => Promise<void>; signal: AbortSignal },
  ): Promise<Joined>;
  /** What a page has not been told of a group since a message, oldest first; not all, where that is very much. */
  missed(page: Page, groupId: string, seen: number): Promise<Delivery[]>;
  send(page: Page, request: Request<"send">): Promise<EngineResults["send"]>;
  group(page: Page, groupId: string): Promise<EngineGroup>;
  users(page: Page, request: Request<"users">): Promise<EngineResults["users"]>;
  mute(page: Page, request: Request<"mute">): Promise<EngineMuteStatus>;
  messages(page: Page, request: Request<"messages">): Promise<EngineResults["messages"]>;
  /** Tells of mutes that pages change on this process. @returns what ends that */
  onMuted(groupId: string, tell: (status: EngineMuteStatus) => void): () => void;
}

export interface EngineServiceDeps {
  readonly messages: MessageProviders;
  readonly access: AccessService;
  readonly auth: Pick<AuthService, "isDisabled">;
  readonly im: ImService;
  readonly live: LiveService;
  readonly presence: PresenceService;
  readonly clock: () => Date;
}

/** Messages that are told to a page which could not be told in time. */
const MISSED = 500;

const statusOf = (groupId: string, { everybody, logins }: Muted): EngineMuteStatus => ({
  groupId,
  muteAll: everybody,
  muteUserList: logins,
});
const keyOf = (roomId: string, login: string): string => JSON.stringify([roomId, login]);
const loginsIn = ({ presence }: RoomSnapshot): string[] =>
  presence
    .toSorted((a, b) => a.since.getTime() - b.since.getTime())
    .map(({ userId, camera }) => loginOf(userId, camera));

export const createEngineService = ({
  messages,
  access,
  auth,
  im,
  live,
  presence,
  clock,
}: EngineServiceDeps): EngineService => {
  const claims = new Map<string, () => void>();
  /** The logins that have joined, by their rooms, each with its last joining. */
  const here = new Map<string, AbortSignal>();
  const watching = new Map<string, Set<(status: EngineMuteStatus) => void>>();

  /** Who that is, bound to the room that it is in. @throws FORBIDDEN */
  const callerIn = async ({ userId, expiresAt }: Page, roomId: string): Promise<Principal> => {
    const role = await access.roleIn(roomId, userId);
    if (!role) throw forbidden(`The room ${roomId} is not open to you.`);
    return { userId, role, roomId, expiresAt };
  };
  /** The same of a group's admin. @throws FORBIDDEN */
  const adminIn = async (page: Page, roomId: string): Promise<Principal> => {
    const caller = await callerIn(page, roomId);
    if (!page.commands || caller.role !== "teacher")
      throw forbidden(`The login ${page.login} is no admin of the group ${roomId}.`);
    return caller;
  };

  const groupOf = async (snapshot: RoomSnapshot): Promise<EngineGroup> => {
    const { room, members } = snapshot;
    return {
      groupId: room.id,
      groupName: room.name,
      createTime: Math.floor(room.createdAt.getTime() / 1000),
      creator: room.createTeacher,
      admins: members.filter(({ role }) => role === "teacher").map(({ userId }) => userId),
      onlineCount: snapshot.presence.length,
      muteStatus: statusOf(room.id, await im.muted(room.id)),
    };
  };

  const isInRoom = async (roomId: string, login: string): Promise<boolean> =>
    (await access.roleIn(roomId, login.replace(/^pc_/, ""))) !== undefined;
  /** Who has just joined is there, also while that is being written. */
  const isOnline = async (roomId: string, login: string): Promise<boolean> =>
    here.has(keyOf(roomId, login)) ||
    (await presence.of(roomId)).some(({ userId, camera }) => loginOf(userId, camera) === login);

  return {
    login(login) {
      const expiresAt = messages.aliyun_new?.verify?.(login);
      if (!expiresAt) throw new Refusal(403, AUTH_FAIL);
      const { userId: name, role } = login.auth;
      const isPc = name.startsWith("pc_");
      return {
        login: name,
        userId: isPc ? name.slice(3) : name,
        camera: isPc ? "pc" : "main",
        commands: role === "admin",
        expiresAt,
      };
    },

    claim(login, displaced) {
      claims.get(login)?.();
      claims.set(login, displaced);
      return () => {
        if (claims.get(login) === displaced) claims.delete(login);
      };
    },

    async join(page, { groupId: roomId, after, seen }, listener) {
      const caller = await callerIn(page, roomId);
      if (after === undefined) await access.inProgress(caller, { roomId });
      // First the messages: one that comes in between is told, as it comes after them.
      const query = { roomId, login: page.login, type: undefined, newestFirst: true, from: undefined };
      const newest = (await im.read({ ...query, limit: 1 })).messages[0]?.id ?? 0;
      const snapshot = await live.roomSnapshot(caller, roomId);
      const { lastEventId } = snapshot;
      // A page may have seen more than there is, where the database was put back to what it had been.
      const at = String(Math.min(Number(after ?? lastEventId), Number(lastEventId)));
      const stood = Math.min(seen ?? (after === undefined ? newest : 0), newest);
      // Whether it is in the room is looked at beside.
      const identify = async () => {
        if (page.expiresAt <= clock()) return unauthenticated("The login has expired.");
        return (await auth.isDisabled(caller)) ? unauthenticated("The account is disabled.") : caller;
      };
      const events = await live.listenRoom(
        { caller, identify, ...listener },
        { roomId, camera: page.camera, lastEventId: after ?? at },
      );
      const group = await groupOf(snapshot);
      const key = keyOf(roomId, page.login);
      const { signal } = listener;
      if (!signal.aborted) here.set(key, signal);
      signal.addEventListener("abort", () => here.get(key) === signal && here.delete(key), { once: true });
      return { result: { group, at, seen: stood }, events };
    },

    async missed({ login }, roomId, seen) {
      const query = { roomId, login, type: undefined, limit: MISSED, newestFirst: false, from: seen };
      return (await im.read(query)).messages.map(keptDelivery);
    },

    async send(page, { groupId: roomId, type, data, to, one = false, key }) {
      const caller = await callerIn(page, roomId);
      const name = signalName(type);
      if (!page.commands && name && signals[name].kind === "command")
        throw forbidden(`The login ${page.login} is no admin of the group ${roomId}.`);
      if (!to && isMuted(await im.muted(roomId), caller, page.login))
        throw new Refusal(442, `The login ${page.login} is muted in the group ${roomId}.`);
      const [receiver] = to ?? [];
      if (one && (receiver === undefined || !(await isOnline(roomId, receiver))))
        throw new Refusal(404, NOT_ONLINE);
      // Who is in the room no more keeps the others from being told.
      const there = await Promise.all((to ?? []).map((login) => isInRoom(roomId, login)));
      const some = to && [...new Set([...to.filter((_, index) => there[index]), page.login])];
      const input = { roomId, type, text: data, to: one ? to : some, camera: page.camera, key };
      const { id } = await im.send(caller, parsed(sendMessageInput, input));
      return { messageId: String(id) };
    },

    async group(page, roomId) {
      const caller = await callerIn(page, roomId);
      return groupOf(await live.roomSnapshot(caller, roomId));
    },

    async users(page, { groupId: roomId, all }) {
      const caller = await (all ? adminIn : callerIn)(page, roomId);
      return { users: loginsIn(await live.roomSnapshot(caller, roomId)) };
    },

    async mute(page, { groupId: roomId, muted, users }) {
      const caller = await adminIn(page, roomId);
      const status = statusOf(roomId, await im.mute(caller, { roomId, muted, logins: users }));
      for (const tell of watching.get(roomId) ?? []) tell(status);
      return status;
    },

    async messages(page, { groupId: roomId, type, newestFirst, from, pageSize: limit }) {
      await callerIn(page, roomId);
      const query = { roomId, login: undefined, type, limit, newestFirst, from };
      const found = await im.read(query);
      return {
        messages: found.messages.map((message) => keptDelivery(message).message),
        hasMore: found.hasMore,
      };
    },

    onMuted(groupId, tell) {
      const tellers = watching.get(groupId) ?? new Set();
      watching.set(groupId, tellers.add(tell));
      return () => {
        tellers.delete(tell);
        if (tellers.size === 0) watching.delete(groupId);
      };
    },
  };
};
