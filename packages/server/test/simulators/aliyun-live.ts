import { z } from "zod";
import { given } from "../support/secrets.js";
import { type AccessKey, Refusal } from "./acs3.js";
import { type AliyunService, action, openAliyunService } from "./aliyun.js";

// The message services of Aliyun's live streaming, version 2016-11-01: the new one and the older one.

interface Message {
  readonly type: number;
  readonly body: string;
  readonly senderId: string;
  /** Whom it was for; everybody when absent. */
  readonly receivers?: readonly string[];
  /** Whether the service keeps it for later. */
  readonly kept: boolean;
}
interface Group {
  readonly id: string;
  readonly name?: string | undefined;
  readonly creatorId?: string | undefined;
  readonly extension?: unknown;
  deleted: boolean;
  readonly joined: Set<string>;
  readonly messages: Message[];
}

export interface AliyunLive extends AliyunService {
  /** The new service's groups, deleted ones too. */
  readonly groups: ReadonlyMap<string, Group>;
  readonly oldGroups: ReadonlyMap<string, Group>;
  /** What single people were sent by the new service. */
  readonly direct: readonly (Message & { readonly receivers: readonly string[] })[];
  /** The tokens that the older service issued, by their access tokens. */
  readonly oldTokens: ReadonlyMap<string, { readonly userId: string; readonly refreshToken: string }>;
  /** Somebody logs in to the new service, and enters a group. */
  join(groupId: string, userId: string): void;
}

export interface AliyunLiveOptions {
  readonly keys: readonly AccessKey[];
  /** The apps that there are. */
  readonly appId?: string;
  readonly oldAppId?: string;
  /** How many groups an app of the new service may have. */
  readonly maxGroups?: number;
  /** Ids of the groups that the older service will make, in order; then it goes on by itself. */
  readonly oldGroupIds?: readonly string[];
  readonly clock?: () => Date;
}

const MAX_BODY_BYTES = 15 * 1024;
const MAX_TYPES = 30;

const bytes = (max: number) => (text: string) => Buffer.byteLength(text) <= max;
const userId = z.string().regex(/^[A-Za-z0-9_]{1,64}$/);
const groupId = z.string().regex(/^[A-Za-z0-9]{1,64}$/);
const number = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number);
const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("is not JSON");
    return z.NEVER;
  }
});
const list = (item: z.ZodType<string>, max: number) => json.pipe(z.array(item).min(1).max(max));
const body = z.string().min(1).refine(bytes(MAX_BODY_BYTES), "is longer than 15 KB");
const jsonText = z.string().refine((text) => json.safeParse(text).success, "is not JSON");
const oldUserId = z.string().regex(/^[a-z0-9_.]{1,32}$/);

const missing = (what: string) => new Refusal(404, "ResourceNotExist", `${what} does not exist.`);

export const openAliyunLive = async ({
  keys,
  appId = "demoapp",
  oldAppId = "old-app",
  maxGroups = 5000,
  oldGroupIds = [],
  clock,
}: AliyunLiveOptions): Promise<AliyunLive> => {
  const groups = new Map<string, Group>();
  const oldGroups = new Map<string, Group>();
  const direct: (Message & { receivers: readonly string[] })[] = [];
  const oldTokens = new Map<string, { userId: string; refreshToken: string }>();
  const waitingIds = [...oldGroupIds];
  const app = z.literal(appId);
  const oldApp = z.literal(oldAppId);

  const newGroup = (group: Omit<Group, "deleted" | "joined" | "messages">): Group => ({
    ...group,
    deleted: false,
    joined: new Set(),
    messages: [],
  });
  const live = (id: string): Group => {
    const group = groups.get(id);
    if (!group || group.deleted) throw missing(`group ${id}`);
    return group;
  };
  const online = (id: string) => [...groups.values()].some(({ joined }) => joined.has(id));
  const oldGroup = (id: string): Group => {
    const group = oldGroups.get(id);
    if (!group) throw missing(`group ${id}`);
    return group;
  };

  const service = await openAliyunService({
    version: "2016-11-01",
    keys,
    ...(clock && { clock }),
    actions: {
      CreateLiveMessageGroup: action({
        params: z.strictObject({
          AppId: app,
          GroupId: groupId,
          CreatorId: z
            .string()
            .regex(/^[A-Za-z0-9]{1,64}$/)
            .optional(),
          GroupName: z.string().min(1).refine(bytes(128), "is longer than 128 bytes").optional(),
          GroupInfo: z
            .string()
            .refine(bytes(32 * 1024))
            .optional(),
          Administrators: list(userId, 3).optional(),
        }),
        run({ GroupId: id, GroupName: name, CreatorId: creatorId }) {
          const old = groups.get(id);
          const there = [...groups.values()].filter(({ deleted }) => !deleted).length;
          if (!old && there >= maxGroups) throw new Refusal(403, "GroupLimitExceeded", "Too many groups.");
          if (!old) groups.set(id, newGroup({ id, name, creatorId }));
          return { GroupId: id, AlreadyExists: old !== undefined, AlreadyDelete: old?.deleted ?? false };
        },
      }),
      DeleteLiveMessageGroup: action({
        params: z.strictObject({ AppId: app, GroupId: groupId, OperatorId: userId.optional() }),
        run({ GroupId: id }) {
          live(id).deleted = true;
          return {};
        },
      }),
      SendLiveMessageGroup: action({
        params: z.strictObject({
          AppId: app,
          GroupId: groupId,
          SenderId: userId,
          MsgType: number,
          Body: body,
          MsgTid: z
            .string()
            .regex(/^[A-Za-z0-9]{1,64}$/)
            .optional(),
          NoStorage: flag.optional(),
          NoCache: flag.optional(),
        }),
        run({ GroupId: id, SenderId: senderId, MsgType: type, Body: text, NoStorage, NoCache, MsgTid }) {
          const { joined, messages } = live(id);
          if (joined.size === 0) throw missing(`nobody is in group ${id}: it`);
          if (new Set([...messages.map((message) => message.type), type]).size > MAX_TYPES)
            throw new Refusal(400, "InputInvalid", "Too many types of message.");
          messages.push({ type, body: text, senderId, kept: !(NoStorage && NoCache) });
          return { MsgTid: MsgTid ?? `msg${messages.length}` };
        },
      }),
      SendLiveMessageUser: action({
        params: z.strictObject({
          AppId: app,
          SenderId: userId,
          ReceiverId: userId,
          MsgType: number,
          Body: body,
          MsgTid: z
            .string()
            .regex(/^[A-Za-z0-9]{1,64}$/)
            .optional(),
          HighReliability: flag.optional(),
          Storage: flag.optional(),
        }),
        run({ SenderId: senderId, ReceiverId: receiver, MsgType: type, Body: text, Storage, MsgTid }) {
          if (!online(receiver)) throw missing(`user ${receiver}`);
          direct.push({ type, body: text, senderId, receivers: [receiver], kept: Storage ?? false });
          return { MsgTid: MsgTid ?? `msg${direct.length}` };
        },
      }),
      DescribeLiveMessageApp: action({
        params: z.strictObject({ AppId: app }),
        run: () => ({ AppId: appId, AppName: "invigil", Disable: false }),
      }),

      CreateMessageGroup: action({
        params: z.strictObject({
          AppId: oldApp,
          CreatorId: z.string().regex(/^[A-Za-z0-9_.]{1,36}$/),
          Extension: json.optional(),
        }),
        run({ CreatorId: creatorId, Extension: extension }) {
          const id = waitingIds.shift() ?? `OLD-GROUP-${oldGroups.size + 1}`;
          oldGroups.set(id, newGroup({ id, creatorId, extension }));
          return { Result: { GroupId: id, Extension: extension } };
        },
      }),
      GetMessageToken: action({
        params: z.strictObject({
          AppId: oldApp,
          DeviceId: z.string().regex(/^[a-z0-9_-]{1,64}$/),
          DeviceType: z.enum(["ios", "android", "web", "pc"]),
          UserId: oldUserId,
        }),
        run({ UserId }) {
          const AccessToken = given(`old-access-${oldTokens.size + 1}`);
          const RefreshToken = given(`old-refresh-${oldTokens.size + 1}`);
          oldTokens.set(AccessToken, { userId: UserId, refreshToken: RefreshToken });
          return { Result: { AccessToken, RefreshToken } };
        },
      }),
      SendMessageToGroup: action({
        params: z.strictObject({
          AppId: oldApp,
          GroupId: z.string().min(1),
          OperatorUserId: oldUserId,
          Type: number,
          Data: jsonText,
          SkipAudit: flag.optional(),
        }),
        run({ GroupId: id, OperatorUserId: senderId, Type: type, Data: text }) {
          const { messages } = oldGroup(id);
          messages.push({ type, body: text, senderId, kept: false });
          return { Result: { MessageId: `msg${messages.length}` } };
        },
      }),
      SendMessageToGroupUsers: action({
        params: z.strictObject({
          AppId: oldApp,
          GroupId: z.string().min(1),
          OperatorUserId: oldUserId,
          // As the client of the vendor sends it: https://www.npmjs.com/package/@alicloud/live20161101.
          ReceiverIdList: z
            .string()
            .transform((text) => text.split(","))
            .pipe(z.array(oldUserId).min(1).max(200)),
          Type: number,
          Data: jsonText,
          SkipAudit: flag.optional(),
        }),
        run({ GroupId: id, OperatorUserId: senderId, ReceiverIdList: receivers, Type: type, Data: text }) {
          const { messages } = oldGroup(id);
          messages.push({ type, body: text, senderId, receivers, kept: false });
          return { Result: { MessageId: `msg${messages.length}` } };
        },
      }),
      GetMessageApp: action({
        params: z.strictObject({ AppId: oldApp }),
        run: () => ({ Result: { AppId: oldAppId, AppName: "invigil", Status: 1 } }),
      }),
    },
  });

  return {
    ...service,
    groups,
    oldGroups,
    direct,
    oldTokens,
    join: (id, user) => void live(id).joined.add(user),
  };
};
