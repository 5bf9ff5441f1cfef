import { installationInfoSchema, installationUsageSchema, runningServersSchema } from "@invigil/schema";
import { admins, publicProcedure } from "../../trpc/procedures.js";
import type { InstallationService } from "./service.js";

export const createInstallationProcedures = ({ installation }: { installation: InstallationService }) => ({
  installation: {
    info: publicProcedure
      .meta({ sentence: "Returns what a page needs before its user signs in." })
      .output(installationInfoSchema)
      .query(() => installation.info()),
    servers: admins("unbound")
      .meta({
        sentence: "Returns the running servers.",
        audited: "access",
      })
      .output(runningServersSchema)
      .query(async ({ ctx: { open } }) => ({ servers: await installation.servers(await open()) })),
    usage: admins("unbound")
      .meta({
        sentence: "Returns how much of the installation is in use, and its limits.",
        audited: "access",
        rows: 100,
        charges: ["readBytes"],
      })
      .output(installationUsageSchema)
      .query(async ({ ctx: { open } }) => installation.usage(await open())),
  },
});
