import type { DropInGroup, DropInMessage } from "@invigil/schema";
import { Emitter } from "./emitter.js";
import { ImErrors, imError } from "./errors.js";
import type { Session } from "./session.js";

/**
 * Returns the session.
 * @throws ImError without a login
 */
export type GetSession = () => Session;

/** A group id, or an object that contains it. The SDK accepts both. */
type GroupRef = string | number | { readonly groupId: string | number };
const groupIdOf = (ref: GroupRef): string =>
  String(typeof ref === "object" && ref !== null ? ref.groupId : ref);
const groupInfo = ({ muteStatus, onlineCount, ...group }: DropInGroup) => ({
  ...group,
  groupMeta: "",
  statistics: { pv: onlineCount, onlineCount, msgAmount: {} },
  muteStatus: { ...muteStatus, whiteUserList: [] },
});
export const groupInfos = (groups: readonly DropInGroup[]) => groups.map(groupInfo);

const unsupported = (method: string): Promise<never> =>
  Promise.reject(
    imError(
      ImErrors.ERROR_NO_PERMISSION,
      `The built-in message service does not support ${method}: every group is a room of the server`,
    ),
  );

export class GroupManager extends Emitter {
  readonly #session: GetSession;

  constructor(session: GetSession) {
    super();
    this.#session = session;
  }

  async joinGroup(group: GroupRef) {
    return groupInfo(await this.#session().join(groupIdOf(group)));
  }

  async leaveGroup(group: GroupRef): Promise<void> {
    await this.#session().leave(groupIdOf(group));
  }

  async queryGroup(group: GroupRef) {
    return groupInfo(await this.#session().call({ do: "group", groupId: groupIdOf(group) }));
  }

  /** The users who are connected. */
  async listRecentGroupUser(group: GroupRef) {
    const groupId = groupIdOf(group);
    const { users } = await this.#session().call({ do: "users", groupId, all: false });
    return { groupId, total: users.length, userList: users.map((userId) => ({ userId })) };
  }

  /** The same in pages, for administrators of the group. */
  async listGroupUser(request: {
    groupId: string;
    sortType?: number;
    nextpagetoken?: number;
    nextPageToken?: number;
    pageSize?: number;
  }) {
    const { groupId, sortType = 0, pageSize = 20 } = request;
    const from = Number(request.nextPageToken ?? request.nextpagetoken ?? 0);
    const { users } = await this.#session().call({ do: "users", groupId: groupIdOf(groupId), all: true });
    const inOrder = sortType === 1 ? [...users].reverse() : users;
    const next = from + Math.max(1, Math.min(pageSize, 50));
    return {
      groupId,
      nextpagetoken: next,
      nextPageToken: next,
      hasMore: next < inOrder.length,
      userList: inOrder.slice(from, next).map((userId) => ({ userId })),
    };
  }

  muteAll(group: GroupRef): Promise<void> {
    return this.#mute(group, true);
  }

  cancelMuteAll(group: GroupRef): Promise<void> {
    return this.#mute(group, false);
  }

  muteUser(request: { groupId: string; userList: string[] }): Promise<void> {
    return this.#mute(request, true, request.userList);
  }

  cancelMuteUser(request: { groupId: string; userList: string[] }): Promise<void> {
    return this.#mute(request, false, request.userList);
  }

  async listMuteUsers(group: GroupRef) {
    const { muteStatus } = await this.queryGroup(group);
    return muteStatus;
  }

  createGroup(): Promise<never> {
    return unsupported("createGroup");
  }

  closeGroup(): Promise<never> {
    return unsupported("closeGroup");
  }

  modifyGroup(): Promise<never> {
    return unsupported("modifyGroup");
  }

  async #mute(group: GroupRef, muted: boolean, users?: string[]): Promise<void> {
    await this.#session().call({ do: "mute", groupId: groupIdOf(group), muted, users });
  }
}

interface MessageRequest {
  readonly groupId?: string;
  readonly type: number;
  readonly data: string;
  readonly receiverId?: string;
  readonly receiverIdList?: readonly string[];
}
interface MessageQuery {
  readonly groupId: string;
  readonly type?: number;
  readonly sortType?: number;
  readonly nextpagetoken?: number;
  readonly nextPageToken?: number;
  readonly pageSize?: number;
}

export class MessageManager extends Emitter {
  readonly #session: GetSession;
  readonly #latestGroup: () => string | undefined;
  /**
   * Identifies this page, so that the server recognizes a message that is repeated after a lost connection.
   */
  readonly #pageId = `${Math.random().toString(36).slice(2)}-${Math.random().toString(36).slice(2)}`;
  #sent = 0;

  /** @param latestGroup returns the group that was joined last, which the SDK's methods use by default */
  constructor(session: GetSession, latestGroup: () => string | undefined) {
    super();
    this.#session = session;
    this.#latestGroup = latestGroup;
  }

  sendGroupMessage({ receiverIdList, ...message }: MessageRequest): Promise<string> {
    const to = receiverIdList && receiverIdList.length > 0 ? receiverIdList.map(String) : undefined;
    return this.#send(message, to, false);
  }

  sendC2cMessage({ receiverId, ...message }: MessageRequest): Promise<string> {
    return this.#send(message, [String(receiverId)], true);
  }

  /** The messages to the whole group, oldest first unless `sortType` is 1. */
  async listMessage(query: MessageQuery) {
    const { groupId, type, sortType = 0, pageSize = 10 } = query;
    const token = query.nextPageToken ?? query.nextpagetoken;
    const { messages, hasMore } = await this.#session().call({
      do: "messages",
      groupId: groupIdOf(groupId),
      type,
      newestFirst: sortType === 1,
      // Apps request the first page with undefined, 0 or 1.
      from: token !== undefined && token > 1 ? token : undefined,
      pageSize: Math.max(1, Math.min(pageSize, 50)),
    });
    const next = messages[messages.length - 1]?.seqnum ?? 0;
    return { groupId, nextpagetoken: next, nextPageToken: next, hasMore, messageList: messages };
  }

  /** The newest messages, oldest first. With `seqnum`, only those after it. */
  async listRecentMessage({
    groupId,
    seqnum = 0,
    pageSize = 50,
  }: {
    groupId: string;
    seqnum?: number;
    pageSize?: number;
  }) {
    const { messages } = await this.#session().call({
      do: "messages",
      groupId: groupIdOf(groupId),
      newestFirst: true,
      pageSize: Math.max(1, Math.min(pageSize, 50)),
    });
    const newer = messages.filter((message: DropInMessage) => message.seqnum > seqnum);
    return { groupId, messageList: newer.reverse() };
  }

  /** Another name for `listMessage`, which the vendor uses for groups that have ended. */
  listHistoryMessage(query: MessageQuery) {
    return this.listMessage(query);
  }

  deleteMessage(): Promise<never> {
    return unsupported("deleteMessage");
  }

  async #send(
    { groupId = this.#latestGroup(), type, data }: MessageRequest,
    to: string[] | undefined,
    one: boolean,
  ) {
    if (groupId === undefined) throw imError(ImErrors.ERROR_GROUP_NOT_JOINED, "no group was joined");
    this.#sent += 1;
    const key = `${this.#pageId}-${this.#sent}`;
    const text = typeof data === "string" ? data : JSON.stringify(data);
    const { messageId } = await this.#session().call({
      do: "send",
      groupId: groupIdOf(groupId),
      type,
      data: text,
      to,
      one,
      key,
    });
    return messageId;
  }
}
