import { z } from "zod";
import { idSchema, label, optional } from "./common.js";

/**
 * The message services by their wire names. `aliyun_new` is always available: without an account at the
 * vendor, Invigil provides it itself.
 */
export const imServerSchema = z.enum(["aliyun_new", "aliyun_old", "rong_cloud"]);
export type ImServer = z.infer<typeof imServerSchema>;

/** The message services to use: at least one. Duplicates are ignored. */
export const imServersSchema = z
  .array(imServerSchema)
  .min(1, "must name at least one message service")
  .max(16, "must be at most 16")
  .transform((names) => [...new Set(names)]);

/**
 * Input of `im.getToken`. Without `imServer`, the answer is `aliyunOldIm`: a token of the older service if it
 * is configured, otherwise one of `aliyun_new`.
 */
export const getImTokenInput = z.object({
  userId: idSchema,
  imServer: optional(imServersSchema),
  roomId: optional(idSchema),
  /** Required for `aliyun_old` only. */
  deviceId: optional(label(128)),
  /** Required for `aliyun_old` only. */
  deviceType: optional(z.enum(["ios", "android", "web", "pc"])),
  /** With `admin`, the holder of the token can send commands to the group. */
  role: optional(z.literal("admin")),
});
export type GetImTokenInput = z.infer<typeof getImTokenInput>;

/** The credentials that the vendor's SDK logs in with. */
export const aliyunNewTokenSchema = z.object({
  appId: z.string(),
  appSign: z.string(),
  /** The SHA-256 of appId, appKey, userId, nonce, timestamp and role. */
  appToken: z.string(),
  auth: z.object({
    userId: z.string(),
    nonce: z.string(),
    /** The expiry of the token, in seconds since 1970. */
    timestamp: z.int(),
    role: z.enum(["", "admin"]),
  }),
});
export type AliyunNewToken = z.infer<typeof aliyunNewTokenSchema>;

/**
 * The credentials that the vendor's older SDK logs in with. If the older service is not configured, these are
 * two single-use logins of `aliyun_new`, as base64url of their JSON.
 */
export const aliyunOldTokenSchema = z.object({ accessToken: z.string(), refreshToken: z.string() });
export type AliyunOldToken = z.infer<typeof aliyunOldTokenSchema>;

/** Output of `im.getToken`: one member for each requested service that is configured. */
export const imTokensSchema = z.object({
  aliyunNewIm: aliyunNewTokenSchema.optional(),
  aliyunOldIm: aliyunOldTokenSchema.optional(),
  rongToken: z.string().optional(),
});
export type ImTokens = z.infer<typeof imTokensSchema>;
