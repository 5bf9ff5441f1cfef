import { doneSchema, listStreamEventsInput, reportStreamInput, streamEventPageSchema } from "@invigil/schema";
import { publicProcedure, staff } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { StreamService } from "./service.js";

export const createStreamRouter = ({ stream }: { stream: StreamService }) => {
  /**
   * For the stream service, which signs its requests instead of using a token. The signature is checked before the input, so that other
   * callers do not learn what is wrong with the input.
   */
  const signedProcedure = publicProcedure.use(async ({ getRawInput, next }) => {
    stream.authenticate(await getRawInput());
    return next();
  });
  return router({
    report: signedProcedure
      .meta({
        sentence: "Receives the events of the stream service.",
        audited: "none",
        errors: ["STREAM_NOT_FOUND", "PROVIDER_NOT_CONFIGURED"],
        charges: ["events"],
      })
      .input(reportStreamInput)
      .output(doneSchema)
      .mutation(({ input }) => stream.report(input)),
    listEvents: staff("room")
      .meta({
        sentence: "Returns the stream events of a room, or of a person in it.",
        audited: "access",
        errors: ["ROOM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(listStreamEventsInput)
      .output(streamEventPageSchema)
      .query(async ({ ctx: { open }, input }) => stream.listEvents(await open(input), input)),
  });
};
