import { doneSchema, listStreamEventsInput, reportStreamInput, streamEventPageSchema } from "@invigil/schema";
import { publicProcedure, watcherProcedure } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { StreamService } from "./service.js";

export const createStreamRouter = ({ stream }: { stream: StreamService }) => {
  /** For the stream service, which has no token but signs. Nobody else is told what is wrong with the rest. */
  const signedProcedure = publicProcedure.use(async ({ getRawInput, next }) => {
    stream.authenticate(await getRawInput());
    return next();
  });
  return router({
    report: signedProcedure
      .input(reportStreamInput)
      .output(doneSchema)
      .mutation(({ input }) => stream.report(input)),
    listEvents: watcherProcedure
      .input(listStreamEventsInput)
      .output(streamEventPageSchema)
      .query(({ ctx, input }) => stream.listEvents(ctx.caller, input)),
  });
};
