import {
  createRoomInput,
  doneSchema,
  joinLinkSchema,
  joinLinksInput,
  listRoomsInput,
  roomPageSchema,
  roomRef,
  roomSchema,
  roomWithCheatConfigSchema,
  setAudioStatusInput,
} from "@invigil/schema";
import { anyoneProcedure, router, staffProcedure } from "../../trpc.js";
import type { LinkService } from "./links.js";
import type { RoomService } from "./service.js";

export const createRoomRouter = ({ room, links }: { room: RoomService; links: LinkService }) =>
  router({
    create: staffProcedure
      .input(createRoomInput)
      .output(roomSchema)
      .mutation(({ ctx, input }) => room.create(ctx.caller, input)),
    get: anyoneProcedure
      .input(roomRef)
      .output(roomWithCheatConfigSchema)
      .query(({ ctx, input }) => room.get(ctx.caller, input.roomId)),
    end: staffProcedure
      .input(roomRef)
      .output(doneSchema)
      .mutation(({ ctx, input }) => room.end(ctx.caller, input.roomId)),
    setAudioStatus: staffProcedure
      .input(setAudioStatusInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => room.setAudioStatus(ctx.caller, input)),
    list: staffProcedure
      .input(listRoomsInput)
      .output(roomPageSchema)
      .query(({ ctx, input }) => room.list(ctx.caller, input)),
    joinLinks: staffProcedure
      .input(joinLinksInput)
      .output(joinLinkSchema.array())
      .mutation(({ ctx, input }) => links.join(ctx.caller, input)),
  });
