import { z } from "zod";
import { withDefault } from "./common-parts.js";
import { given } from "./fields.js";

const uploadModeSchema = z
  .enum(["OSS", "VOD"])
  .describe("Where recordings are uploaded to: object storage (`OSS`) or video on demand (`VOD`).");
export type UploadMode = z.infer<typeof uploadModeSchema>;

export const getUploadCredentialsInput = z
  .object({ examId: given.examId, mode: withDefault(uploadModeSchema, "OSS") })
  .describe("Input of `upload.getCredentials`.");
export type GetUploadCredentialsInput = z.infer<typeof getUploadCredentialsInput>;

export const uploadCredentialsSchema = z
  .object({
    region: z
      .string()
      .describe("The region of the bucket, in the form that the uploader expects, e.g. `oss-cn-hangzhou`."),
    accessKeyId: z.string().describe("The id of the temporary access key."),
    accessKeySecret: z.string().describe("The secret of the temporary access key."),
    stsToken: z.string().describe("The security token that goes with the access key."),
    bucket: z.string().describe("The name of the bucket."),
    expiration: z.date().describe("When the credentials expire."),
  })
  .describe("Output of `upload.getCredentials`: temporary credentials for uploading recordings.");
export type UploadCredentials = z.infer<typeof uploadCredentialsSchema>;
