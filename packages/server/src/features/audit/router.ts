import { auditPageSchema, listAuditInput } from "@invigil/schema";
import { admins } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { AuditService } from "./service.js";

export const createAuditRouter = ({ audit }: { audit: AuditService }) =>
  router({
    list: admins("unbound")
      .meta({
        sentence: "Returns who changed or read what and who was refused, the newest first.",
        audited: "access",
        longAnswer: true,
      })
      .input(listAuditInput)
      .output(auditPageSchema)
      .query(async ({ ctx: { open }, input }) => audit.list(await open(), input)),
  });
