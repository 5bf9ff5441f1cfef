import {
  doneSchema,
  listenGrantSchema,
  listenInput,
  listStreamEventsInput,
  listTalksInput,
  publishGrantSchema,
  publishStreamInput,
  reportHeardInput,
  reportStreamInput,
  streamEventPageSchema,
  talkInput,
  talkPageSchema,
  watchGrantsSchema,
  watchStreamsInput,
} from "@invigil/schema";
import { examinees, publicProcedure, staff, teachers } from "../../trpc/procedures.js";
import type { MediaService } from "./media.js";
import type { StreamService } from "./service.js";

export const createStreamProcedures = ({ stream, media }: { stream: StreamService; media: MediaService }) => {
  /**
   * For the stream service, which signs its requests instead of using a token. The signature is checked before the input, so that other
   * callers do not learn what is wrong with the input.
   */
  const signedProcedure = publicProcedure.use(async ({ getRawInput, next }) => {
    stream.authenticate(await getRawInput());
    return next();
  });
  return {
    stream: {
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
      publish: examinees("room")
        .meta({
          sentence: "Issues the right to publish one's own camera by WebRTC.",
          audited: "none",
          errors: ["ROOM_NOT_FOUND", "ROOM_ENDED", "PROVIDER_NOT_CONFIGURED"],
        })
        .input(publishStreamInput)
        .output(publishGrantSchema)
        .mutation(async ({ ctx: { caller, open, reachedAt }, input }) =>
          media.publish(caller, await open(input), input, reachedAt?.()),
        ),
      watch: staff("room")
        .meta({
          sentence: "Issues the right to watch the cameras of examinees by WebRTC.",
          audited: "access",
          errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND", "PROVIDER_NOT_CONFIGURED"],
        })
        .input(watchStreamsInput)
        .output(watchGrantsSchema)
        .mutation(async ({ ctx: { caller, open, reachedAt }, input }) =>
          media.watch(caller, await open(input), input, reachedAt?.()),
        ),
      talk: teachers("room")
        .meta({
          sentence: "Issues the right to talk to an examinee by WebRTC. Only the examinee hears it.",
          audited: "access",
          errors: [
            "ROOM_NOT_FOUND",
            "PARTICIPANT_NOT_FOUND",
            "PARTICIPANT_CONFLICT",
            "ROOM_ENDED",
            "PROVIDER_NOT_CONFIGURED",
          ],
        })
        .input(talkInput)
        .output(publishGrantSchema)
        .mutation(async ({ ctx: { caller, open, reachedAt }, input }) =>
          media.talk(caller, await open(input), input.userId, reachedAt?.()),
        ),
      listen: examinees("room")
        .meta({
          sentence: "Issues the right to hear who talks to oneself by WebRTC.",
          audited: "none",
          errors: ["ROOM_NOT_FOUND", "ROOM_ENDED", "PROVIDER_NOT_CONFIGURED"],
        })
        .input(listenInput)
        .output(listenGrantSchema)
        .mutation(async ({ ctx: { caller, open, reachedAt }, input }) =>
          media.listen(caller, await open(input), reachedAt?.()),
        ),
      reportHeard: examinees("room")
        .meta({
          sentence:
            "Reports whether the caller's page plays what a member of staff says to them. A report about a talk that has ended changes nothing.",
          audited: "none",
          errors: ["ROOM_NOT_FOUND", "ROOM_ENDED"],
          charges: ["events"],
        })
        .input(reportHeardInput)
        .output(doneSchema)
        .mutation(async ({ ctx: { caller, open }, input }) =>
          media.reportHeard(caller, await open(input), input),
        ),
      listTalks: staff("room")
        .meta({
          sentence: "Returns who talked to examinees of a room, or to one of them.",
          audited: "access",
          errors: ["ROOM_NOT_FOUND"],
          longAnswer: true,
        })
        .input(listTalksInput)
        .output(talkPageSchema)
        .query(async ({ ctx: { open }, input }) => media.listTalks(await open(input), input)),
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
    },
  };
};
