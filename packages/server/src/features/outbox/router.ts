import { deadLetterPageSchema, deadLetterRef, listDeadLettersInput, retriedSchema } from "@invigil/schema";
import { admins } from "../../trpc/procedures.js";
import type { OutboxService } from "./service.js";

export const createOutboxProcedures = ({ outbox }: { outbox: OutboxService }) => ({
  outbox: {
    list: admins("unbound")
      .meta({
        sentence: "Returns the dead letters: calls to message services that were given up.",
        audited: "access",
        longAnswer: true,
      })
      .input(listDeadLettersInput)
      .output(deadLetterPageSchema)
      .query(async ({ ctx: { open }, input }) => outbox.list(await open(), input)),
    retry: admins("unbound")
      .meta({
        sentence: "Tries a call to a message service again that was given up, as if it were new.",
        errors: ["PROVIDER_NOT_CONFIGURED"],
      })
      .input(deadLetterRef)
      .output(retriedSchema)
      .mutation(async ({ ctx: { open }, input }) => outbox.retry(await open(), input.id)),
  },
});
