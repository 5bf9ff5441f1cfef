import { installationInfoSchema, installationUsageSchema, runningServersSchema } from "@invigil/schema";
import { adminProcedure, publicProcedure } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { InstallationService } from "./service.js";

export const createInstallationRouter = ({ installation }: { installation: InstallationService }) =>
  router({
    info: publicProcedure
      .meta({ sentence: "Returns what a page needs to know before anybody has signed in." })
      .output(installationInfoSchema)
      .query(() => installation.info()),
    servers: adminProcedure
      .meta({
        sentence: "Returns the servers that run.",
        access: "Not with a token that is bound to a room or an exam.",
        audited: "access",
      })
      .output(runningServersSchema)
      .query(async ({ ctx }) => ({ servers: await installation.servers(ctx.caller) })),
    usage: adminProcedure
      .meta({
        sentence: "Returns how much of the installation is in use, and its limits.",
        access: "Not with a token that is bound to a room or an exam.",
        audited: "access",
        rows: 100,
        charges: ["readBytes"],
      })
      .output(installationUsageSchema)
      .query(({ ctx }) => installation.usage(ctx.caller)),
  });
