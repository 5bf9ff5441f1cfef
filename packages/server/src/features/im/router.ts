import {
  getImTokenInput,
  imTokensSchema,
  listMessagesInput,
  messagePageSchema,
  sendMessageInput,
  sentMessageSchema,
} from "@invigil/schema";
import { anyone } from "../../trpc/procedures.js";
import type { ImService } from "./service.js";

export const createImProcedures = ({ im }: { im: ImService }) => ({
  im: {
    getToken: anyone("messageLogin")
      .meta({
        sentence: "Returns the credentials with which the page connects to message services.",
        audited: "none",
        access:
          "Administrators: for anyone. All others: for `<own id>` and `pc_<own id>`. With the role `admin`: administrators and teachers only.",
        errors: ["ROOM_NOT_FOUND", "ROOM_ENDED", "PROVIDER_NOT_CONFIGURED", "PROVIDER_FAILED"],
        allowedWhenDiskFull: true,
      })
      .input(getImTokenInput)
      .output(imTokensSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => im.getToken(caller, await open(input), input)),
    send: anyone("room")
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
      .mutation(async ({ ctx: { caller, open }, input }) => im.send(caller, await open(input), input)),
    history: anyone("room")
      .meta({
        sentence: "Returns the messages that the caller's page may read.",
        access: "All but administrators: in their own rooms. Examinees: about themselves.",
        errors: ["ROOM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(listMessagesInput)
      .output(messagePageSchema)
      .query(async ({ ctx: { caller, open }, input }) => im.history(caller, await open(input), input)),
  },
});
