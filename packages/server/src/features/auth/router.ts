import { callerSchema } from "@invigil/schema";
import { anyoneProcedure, router } from "../../trpc.js";

export const createAuthRouter = () =>
  router({
    /** Who the server takes the caller for. */
    whoami: anyoneProcedure.output(callerSchema).query(({ ctx }) => ctx.caller),
  });
