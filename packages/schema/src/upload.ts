import { z } from "zod";
import { idSchema, optional } from "./common.js";

/** Where recordings are uploaded to: object storage (`OSS`) or video on demand (`VOD`). */
const uploadModeSchema = z.enum(["OSS", "VOD"]);
export type UploadMode = z.infer<typeof uploadModeSchema>;

/** Input of `upload.getCredentials`. */
export const getUploadCredentialsInput = z.object({
  examId: idSchema,
  mode: optional(uploadModeSchema).transform((mode) => mode ?? "OSS"),
});
export type GetUploadCredentialsInput = z.infer<typeof getUploadCredentialsInput>;

/** Output of `upload.getCredentials`: temporary credentials for uploading recordings. */
export const uploadCredentialsSchema = z.object({
  /** In the form that the uploader expects, e.g. `oss-cn-hangzhou`. */
  region: z.string(),
  accessKeyId: z.string(),
  accessKeySecret: z.string(),
  stsToken: z.string(),
  bucket: z.string(),
  expiration: z.date(),
});
export type UploadCredentials = z.infer<typeof uploadCredentialsSchema>;
