import type { AliyunNewToken } from "@invigil/schema";
import { z } from "zod";
import type { MessageProvider } from "../types.js";
import { providerFailed, VendorError } from "../vendor-error.js";
import { ANNOUNCER, emptyResponse, noReceivers } from "./announcements.js";
import { type AliyunImApp, aliyunNewToken, IM_TOKEN_TTL_SECONDS } from "./im-token.js";
import type { OpenApi } from "./openapi.js";

export interface AliyunNewImDeps {
  readonly clock: () => Date;
  readonly nonce: () => string;
  /** The OpenAPI of the vendor. Without it, groups must be created by hand, and nothing is announced. */
  readonly api?: OpenApi | undefined;
}

const MAX_NAME_BYTES = 128;
const MAX_BODY_BYTES = 15 * 1024;
/** User ids that can log in to the vendor's service. */
const USER_ID = /^[A-Za-z0-9_]{1,64}$/;
/** User ids that can be the creator of a group. */
const CREATOR_ID = /^[A-Za-z0-9]{1,64}$/;

const created = z.object({ GroupId: z.string(), AlreadyDelete: z.boolean().optional() });

/** Cuts a text to a number of bytes without splitting a character. */
const cutToBytes = (text: string, max: number): string => {
  const characters = Array.from(text);
  while (Buffer.byteLength(characters.join("")) > max) characters.pop();
  return characters.join("");
};

/**
 * The vendor's new message service. Its OpenAPI manages groups and announcements. Tokens are signed locally.
 */
export const createAliyunNewIm = (
  app: AliyunImApp,
  { clock, nonce, api }: AliyunNewImDeps,
): MessageProvider<AliyunNewToken> => {
  const AppId = app.appId;
  const tokens: Pick<MessageProvider<AliyunNewToken>, "issueToken"> = {
    issueToken: ({ userId, role }) => {
      const timestamp = Math.floor(clock().getTime() / 1000) + IM_TOKEN_TTL_SECONDS;
      return Promise.resolve(aliyunNewToken(app, { userId, nonce: `AK-${nonce()}`, timestamp, role }));
    },
  };
  if (!api)
    return {
      ...tokens,
      createGroup: ({ groupId }) => Promise.resolve({ groupId }),
      announce: () => Promise.resolve(),
    };

  return {
    ...tokens,
    async createGroup({ groupId, name, creatorId }, signal) {
      const action = "CreateLiveMessageGroup";
      const { GroupId, AlreadyDelete } = await api.call({
        action,
        query: {
          AppId,
          GroupId: groupId,
          GroupName: cutToBytes(name, MAX_NAME_BYTES),
          ...(CREATOR_ID.test(creatorId) && { CreatorId: creatorId }),
        },
        // Repeating the call reports that the group already exists.
        idempotent: true,
        schema: created,
        signal,
      });
      if (AlreadyDelete)
        throw providerFailed(
          "aliyun_new",
          action,
          new VendorError(`the group ${groupId} was deleted`, { fault: "refused", code: "AlreadyDelete" }),
        );
      return { groupId: GroupId };
    },

    deleteGroup: (groupId) =>
      api.call({
        action: "DeleteLiveMessageGroup",
        query: { AppId, GroupId: groupId },
        idempotent: true,
        schema: emptyResponse,
        tolerated: noReceivers,
      }),

    async announce({ groupId, type, data, userIds }) {
      const message = { AppId, SenderId: ANNOUNCER, MsgType: String(type), Body: data };
      const send = (action: string, query: Readonly<Record<string, string>>): Promise<undefined> => {
        if (Buffer.byteLength(data) > MAX_BODY_BYTES)
          throw providerFailed(
            "aliyun_new",
            action,
            new VendorError("the text is longer than 15 KB", { fault: "refused" }),
          );
        const call = { action, query: { ...message, ...query }, idempotent: false };
        return api.call({ ...call, schema: emptyResponse, tolerated: noReceivers });
      };
      // Announcements describe the current state, so they are not stored in the history.
      if (!userIds)
        return send("SendLiveMessageGroup", { GroupId: groupId, NoStorage: "true", NoCache: "true" });
      await Promise.all(
        userIds
          .filter((userId) => USER_ID.test(userId))
          .map((ReceiverId) => send("SendLiveMessageUser", { ReceiverId })),
      );
    },

    check: () =>
      api.call({
        action: "DescribeLiveMessageApp",
        query: { AppId },
        idempotent: true,
        schema: emptyResponse,
      }),
  };
};
