import type { AliyunOldToken } from "@invigil/schema";
import { z } from "zod";
import { invalidInput } from "../../platform/errors.js";
import type { MessageProvider } from "../types.js";
import { ANNOUNCER, emptyResponse, noReceivers } from "./announcements.js";
import type { OpenApi } from "./openapi.js";

export interface AliyunOldImOptions {
  readonly appId: string;
  readonly api: OpenApi;
}

const USER_ID = /^[a-z0-9_.]{1,32}$/;
const USER_ID_FORM = "must be at most 32 lower-case letters, digits, '_' or '.' for aliyun_old";
const DEVICE_ID = /^[a-z0-9_-]{1,64}$/;
const DEVICE_ID_FORM = "must be at most 64 lower-case letters, digits, '_' or '-' for aliyun_old";
const DEVICE_TYPES = new Set(["ios", "android", "web", "pc"]);

const created = z
  .object({ Result: z.object({ GroupId: z.string().min(1) }) })
  .transform(({ Result }) => ({ groupId: Result.GroupId }));
const tokens = z
  .object({ Result: z.object({ AccessToken: z.string().min(1), RefreshToken: z.string().min(1) }) })
  .transform(({ Result }) => ({ accessToken: Result.AccessToken, refreshToken: Result.RefreshToken }));

/**
 * Returns a field that the vendor requires.
 * @throws INVALID_INPUT if it is absent
 */
const required = (field: string, value: string | undefined): string => {
  if (value === undefined) throw invalidInput(field, "is required for aliyun_old");
  return value;
};

/**
 * The vendor's older message service. Every operation is a call of its OpenAPI. It chooses group ids itself,
 * and cannot delete groups.
 */
export const createAliyunOldIm = ({
  appId: AppId,
  api,
}: AliyunOldImOptions): MessageProvider<AliyunOldToken> => ({
  choosesGroupIds: true,

  async createGroup({ name, creatorId }, signal) {
    if (!USER_ID.test(creatorId)) throw invalidInput("createTeacher", USER_ID_FORM);
    return api.call({
      action: "CreateMessageGroup",
      query: { AppId, CreatorId: creatorId, Extension: JSON.stringify({ name }) },
      // Repeating the call creates another group.
      idempotent: false,
      schema: created,
      signal,
    });
  },

  async issueToken({ userId, deviceId, deviceType }) {
    const device = {
      DeviceId: required("deviceId", deviceId),
      DeviceType: required("deviceType", deviceType),
    };
    if (!USER_ID.test(userId)) throw invalidInput("userId", USER_ID_FORM);
    if (!DEVICE_ID.test(device.DeviceId)) throw invalidInput("deviceId", DEVICE_ID_FORM);
    if (!DEVICE_TYPES.has(device.DeviceType))
      throw invalidInput("deviceType", `must be one of ${[...DEVICE_TYPES].join(", ")}`);
    return api.call({
      action: "GetMessageToken",
      query: { AppId, UserId: userId, ...device },
      idempotent: true,
      schema: tokens,
    });
  },

  async announce({ groupId, type, data, userIds }) {
    const message = {
      AppId,
      GroupId: groupId,
      OperatorUserId: ANNOUNCER,
      Type: String(type),
      Data: data,
      // Announcements contain only the server's own numbers and ids, which need no moderation.
      SkipAudit: "true",
    };
    const receivers = userIds?.filter((userId) => USER_ID.test(userId));
    if (receivers?.length === 0) return;
    await api.call({
      action: receivers ? "SendMessageToGroupUsers" : "SendMessageToGroup",
      query: { ...message, ...(receivers && { ReceiverIdList: receivers.join(",") }) },
      idempotent: false,
      schema: emptyResponse,
      tolerated: noReceivers,
    });
  },

  check: () =>
    api.call({ action: "GetMessageApp", query: { AppId }, idempotent: true, schema: emptyResponse }),
});
