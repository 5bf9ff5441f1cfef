import { getUploadCredentialsInput, uploadCredentialsSchema } from "@invigil/schema";
import { anyoneProcedure, router } from "../../trpc.js";
import type { UploadService } from "./service.js";

export const createUploadRouter = ({ upload }: { upload: UploadService }) =>
  router({
    getCredentials: anyoneProcedure
      .meta({ alsoWhenFull: true })
      .input(getUploadCredentialsInput)
      .output(uploadCredentialsSchema)
      .mutation(({ ctx, input }) => upload.getCredentials(ctx.caller, input)),
  });
