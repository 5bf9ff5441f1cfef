import { getImTokenInput, imTokensSchema } from "@invigil/schema";
import { anyoneProcedure, router } from "../../trpc.js";
import type { ImService } from "./service.js";

export const createImRouter = ({ im }: { im: ImService }) =>
  router({
    getToken: anyoneProcedure
      .input(getImTokenInput)
      .output(imTokensSchema)
      .mutation(({ ctx, input }) => im.getToken(ctx.caller, input)),
  });
