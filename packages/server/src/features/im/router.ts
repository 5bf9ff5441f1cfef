import {
  getImTokenInput,
  imTokensSchema,
  listMessagesInput,
  messagePageSchema,
  sendMessageInput,
  sentMessageSchema,
} from "@invigil/schema";
import { anyoneProcedure } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { ImService } from "./service.js";

export const createImRouter = ({ im }: { im: ImService }) =>
  router({
    getToken: anyoneProcedure
      .meta({
        sentence: "Returns the credentials with which the page connects to message services.",
        audited: "none",
        access:
          "Administrators: for anyone. All others: for `<own id>` and `pc_<own id>`. With the role `admin`: administrators and teachers only.",
        errors: ["ROOM_NOT_FOUND", "ROOM_ENDED", "PROVIDER_NOT_CONFIGURED", "PROVIDER_FAILED"],
        alsoWhenFull: true,
        anyRoom: true,
      })
      .input(getImTokenInput)
      .output(imTokensSchema)
      .mutation(({ ctx, input }) => im.getToken(ctx.caller, input)),
    send: anyoneProcedure
      .meta({
        sentence: "Sends a message to a room, or to some of its pages.",
        audited: "none",
        access:
          "All but administrators: in their own rooms. Commands: administrators and teachers only. Answers and reports: not inspectors. Examinees write to teachers and inspectors only.",
        errors: ["ROOM_NOT_FOUND", "ROOM_ENDED", "QUOTA_EXCEEDED"],
        charges: ["messages", "messageBytes"],
        bodyKib: 512,
      })
      .input(sendMessageInput)
      .output(sentMessageSchema)
      .mutation(({ ctx, input }) => im.send(ctx.caller, input)),
    history: anyoneProcedure
      .meta({
        sentence: "Returns the messages that the caller's page may read.",
        errors: ["ROOM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(listMessagesInput)
      .output(messagePageSchema)
      .query(({ ctx, input }) => im.history(ctx.caller, input)),
  });
