import { auditPageSchema, listAuditInput } from "@invigil/schema";
import { adminProcedure } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { AuditService } from "./service.js";

export const createAuditRouter = ({ audit }: { audit: AuditService }) =>
  router({
    list: adminProcedure
      .meta({
        sentence: "Returns who changed or read what and who was refused, the newest first.",
        access: "Not with a token that is bound to a room or an exam.",
        audited: "access",
        // The exam is only a filter.
        uncounted: true,
        longAnswer: true,
      })
      .input(listAuditInput)
      .output(auditPageSchema)
      .query(({ ctx, input }) => audit.list(ctx.caller, input)),
  });
