import { getUploadCredentialsInput, uploadCredentialsSchema } from "@invigil/schema";
import { anyoneProcedure } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { UploadService } from "./service.js";

export const createUploadRouter = ({ upload }: { upload: UploadService }) =>
  router({
    getCredentials: anyoneProcedure
      .meta({
        sentence: "Returns temporary credentials for uploading recordings.",
        audited: "none",
        errors: ["EXAM_NOT_FOUND", "PROVIDER_NOT_CONFIGURED", "PROVIDER_FAILED"],
        alsoWhenFull: true,
      })
      .input(getUploadCredentialsInput)
      .output(uploadCredentialsSchema)
      .mutation(({ ctx, input }) => upload.getCredentials(ctx.caller, input)),
  });
