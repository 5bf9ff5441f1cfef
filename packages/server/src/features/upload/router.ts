import { getUploadCredentialsInput, uploadCredentialsSchema } from "@invigil/schema";
import { anyone } from "../../trpc/procedures.js";
import type { UploadService } from "./service.js";

export const createUploadProcedures = ({ upload }: { upload: UploadService }) => ({
  upload: {
    getCredentials: anyone("exam")
      .meta({
        sentence: "Returns temporary credentials for uploading recordings.",
        audited: "none",
        errors: ["EXAM_NOT_FOUND", "PROVIDER_NOT_CONFIGURED", "PROVIDER_FAILED"],
        allowedWhenDiskFull: true,
      })
      .input(getUploadCredentialsInput)
      .output(uploadCredentialsSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        upload.getCredentials(caller, await open(input), input.mode),
      ),
  },
});
