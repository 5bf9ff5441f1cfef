import { listRoomEventsInput, roomEventPageSchema } from "@invigil/schema";
import { anyone } from "../../trpc/procedures.js";
import type { PastEventService } from "./past-events.js";

export const createDeliveryProcedures = ({ pastEvents }: { pastEvents: PastEventService }) => ({
  room: {
    listEvents: anyone("room")
      .meta({
        sentence:
          "Returns what happened in a room, as far as the event log still has it: who came and went, what cameras did, and changes of the room.",
        audited: "access",
        errors: ["ROOM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(listRoomEventsInput)
      .output(roomEventPageSchema)
      .query(async ({ ctx: { caller, open }, input }) => pastEvents.list(caller, await open(input), input)),
  },
});
