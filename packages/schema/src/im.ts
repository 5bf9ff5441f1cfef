import { z } from "zod";
import { idSchema, label, optional } from "./common.js";

/** The message services by their wire names; `aliyun_new` is always there, built in when no account is configured. */
export const imServerSchema = z.enum(["aliyun_new", "aliyun_old", "rong_cloud"]);
export type ImServer = z.infer<typeof imServerSchema>;

/** Which message services to use: at least one; repeats count once. */
export const imServersSchema = z
  .array(imServerSchema)
  .min(1, "must name at least one message service")
  .max(16, "must be at most 16")
  .transform((names) => [...new Set(names)]);

/** Without `imServer` the answer is `aliyunOldIm`: the older service's login where there is one, else one of `aliyun_new`. */
export const getImTokenInput = z.object({
  userId: idSchema,
  imServer: optional(imServersSchema),
  roomId: optional(idSchema),
  /** Needed for `aliyun_old` only. */
  deviceId: optional(label(128)),
  /** Needed for `aliyun_old` only. */
  deviceType: optional(z.enum(["ios", "android", "web", "pc"])),
  /** `admin` lets the token's holder command the group. */
  role: optional(z.literal("admin")),
});
export type GetImTokenInput = z.infer<typeof getImTokenInput>;

/** What the vendor's SDK logs in with. */
export const aliyunNewTokenSchema = z.object({
  appId: z.string(),
  appSign: z.string(),
  /** SHA-256 over appId, appKey, userId, nonce, timestamp and role. */
  appToken: z.string(),
  auth: z.object({
    userId: z.string(),
    nonce: z.string(),
    /** The token's expiry, in seconds since 1970. */
    timestamp: z.int(),
    role: z.enum(["", "admin"]),
  }),
});
export type AliyunNewToken = z.infer<typeof aliyunNewTokenSchema>;

/**
 * What the older SDK logs in with: the vendor's own two tokens. Those of a server without the older service are two
 * logins of `aliyun_new` for one use each, as base64url of their JSON.
 */
export const aliyunOldTokenSchema = z.object({ accessToken: z.string(), refreshToken: z.string() });
export type AliyunOldToken = z.infer<typeof aliyunOldTokenSchema>;

/** One member for each service that was asked for and is configured. */
export const imTokensSchema = z.object({
  aliyunNewIm: aliyunNewTokenSchema.optional(),
  aliyunOldIm: aliyunOldTokenSchema.optional(),
  rongToken: z.string().optional(),
});
export type ImTokens = z.infer<typeof imTokensSchema>;
