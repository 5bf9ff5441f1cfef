import { listVisitsInput, presenceSchema, roomRef, visitPageSchema } from "@invigil/schema";
import { staff } from "../../trpc/procedures.js";
import type { PresenceService } from "./service.js";

export const createPresenceProcedures = ({ presence }: { presence: PresenceService }) => ({
  room: {
    presence: staff("room")
      .meta({
        sentence: "Returns the connected pages of a room.",
        errors: ["ROOM_NOT_FOUND"],
        rows: 40,
        longAnswer: true,
      })
      .input(roomRef)
      .output(presenceSchema.array())
      .query(async ({ ctx: { open }, input }) => presence.list(await open(input))),
    visits: staff("room")
      .meta({
        sentence:
          "Returns when a person's pages were connected to a room. `room.presence` has the visits that go on.",
        audited: "access",
        errors: ["ROOM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(listVisitsInput)
      .output(visitPageSchema)
      .query(async ({ ctx: { open }, input }) => presence.visits(await open(input), input)),
  },
});
