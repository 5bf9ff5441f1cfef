import { z } from "zod";
import { label, optional } from "./common-parts.js";
import { given } from "./fields.js";

export const imServerSchema = z
  .enum(["aliyun_new", "aliyun_old", "rong_cloud"])
  .describe(
    "A message service. `aliyun_new` is always available: without an account at the vendor, Invigil provides it itself.",
  );
export type ImServer = z.infer<typeof imServerSchema>;

const imServersSchema = z
  .array(imServerSchema)
  .min(1, "must name at least one message service")
  .max(16, "must be at most 16")
  .transform((names) => [...new Set(names)])
  .describe("The message services to use. Duplicates are ignored.");

export const getImTokenInput = z
  .object({
    userId: given.userId.describe(
      "The caller's own user id, or `pc_` followed by it for their PC page. Administrators may name anybody.",
    ),
    imServer: optional(imServersSchema).describe(
      "The message services to use. Absent: the answer is `aliyunOldIm`, of the older service if it is configured, otherwise of `aliyun_new`.",
    ),
    roomId: optional(given.roomId).describe(
      "The room of the caller. Absent: the one that their token names.",
    ),
    deviceId: optional(label(128)).describe(
      "The id of the device: lower-case letters, digits, `_` and `-`, at most 64. Required for `aliyun_old` only.",
    ),
    deviceType: optional(z.enum(["ios", "android", "web", "pc"])).describe(
      "The kind of the device. Required for `aliyun_old` only.",
    ),
    role: optional(z.literal("admin")).describe(
      "With `admin`, the holder of the token can send commands to the group. For administrators and teachers only.",
    ),
  })
  .describe("Input of `im.getToken`.");
export type GetImTokenInput = z.infer<typeof getImTokenInput>;

export const aliyunNewTokenSchema = z
  .object({
    appId: z.string().describe("The id of the application at the message service."),
    appSign: z
      .string()
      .describe("The signature of the application, from which the SDK learns where to connect."),
    appToken: z
      .string()
      .describe(
        "The SHA-256 of appId, appKey, userId, nonce, timestamp and role, in lower-case hexadecimal.",
      ),
    auth: z
      .object({
        userId: z.string().describe("The login: a user id, or `pc_<id>` for a PC page."),
        nonce: z.string().describe("`AK-` and a random text."),
        timestamp: z
          .int()
          .describe("When the credentials expire, in seconds since 1970: two days after the call."),
        role: z.enum(["", "admin"]).describe("`admin` if the holder can send commands to the group."),
      })
      .describe("What the SDK sends at its login."),
  })
  .describe("The credentials with which the vendor's SDK logs in.");
export type AliyunNewToken = z.infer<typeof aliyunNewTokenSchema>;

export const aliyunOldTokenSchema = z
  .object({
    accessToken: z.string().describe("The token with which the SDK logs in."),
    refreshToken: z.string().describe("The token with which the SDK logs in again."),
  })
  .describe(
    "The credentials with which the vendor's older SDK logs in. If the older service is not configured, these are two single-use logins " +
      "of `aliyun_new`, as base64url of their JSON.",
  );
export type AliyunOldToken = z.infer<typeof aliyunOldTokenSchema>;

export const imTokensSchema = z
  .object({
    aliyunNewIm: aliyunNewTokenSchema
      .optional()
      .describe("The credentials of `aliyun_new`. Absent if it was not requested."),
    aliyunOldIm: aliyunOldTokenSchema
      .optional()
      .describe("The credentials of `aliyun_old`. Absent if it was not requested or is not configured."),
    rongToken: z
      .string()
      .optional()
      .describe("The token of `rong_cloud`. Absent if it was not requested or is not configured."),
  })
  .describe("Output of `im.getToken`: one member for each requested service that is configured.");
export type ImTokens = z.infer<typeof imTokensSchema>;
