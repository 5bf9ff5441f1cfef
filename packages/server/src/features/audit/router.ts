import { auditPageSchema, listAuditInput } from "@invigil/schema";
import { admins } from "../../trpc/procedures.js";
import type { AuditService } from "./service.js";

/** @param reads the procedures of which the audit keeps reads and subscriptions */
export const createAuditProcedures = ({
  audit,
  reads,
}: {
  audit: AuditService;
  reads: ReadonlySet<string>;
}) => ({
  audit: {
    list: admins("unbound")
      .meta({
        sentence: "Returns who changed or read what and who was refused, the newest first.",
        audited: "access",
        longAnswer: true,
      })
      .input(listAuditInput)
      .output(auditPageSchema)
      .query(async ({ ctx: { open }, input }) => audit.list(await open(), input, reads)),
  },
});
