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
        alsoWhenFull: true,
        anyRoom: true,
      })
      .input(getImTokenInput)
      .output(imTokensSchema)
      .mutation(({ ctx, input }) => im.getToken(ctx.caller, input)),
    send: anyoneProcedure
      .meta({ sentence: "Sends a message to a room, or to some of its pages." })
      .input(sendMessageInput)
      .output(sentMessageSchema)
      .mutation(({ ctx, input }) => im.send(ctx.caller, input)),
    history: anyoneProcedure
      .meta({ sentence: "Returns the messages that the caller's page may read.", longAnswer: true })
      .input(listMessagesInput)
      .output(messagePageSchema)
      .query(({ ctx, input }) => im.history(ctx.caller, input)),
  });
