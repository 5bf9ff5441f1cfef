import {
  createRoomInput,
  doneSchema,
  joinLinkSchema,
  joinLinksInput,
  listRoomsInput,
  onRoomEventInput,
  roomPageSchema,
  roomRef,
  roomSchema,
  roomSnapshotSchema,
  roomWithCheatConfigSchema,
  setAudioStatusInput,
} from "@invigil/schema";
import { anyoneProcedure, router, staffProcedure, tellEach } from "../../trpc.js";
import { type LiveService, shownRoomEvent } from "../live/service.js";
import type { LinkService } from "./links.js";
import type { RoomService } from "./service.js";

export const createRoomRouter = ({
  room,
  links,
  live,
}: {
  room: RoomService;
  links: LinkService;
  live: LiveService;
}) =>
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
    snapshot: anyoneProcedure
      .input(roomRef)
      .output(roomSnapshotSchema)
      .query(({ ctx, input }) => live.roomSnapshot(ctx.caller, input.roomId)),
    onEvent: anyoneProcedure
      .input(onRoomEventInput)
      .subscription(async ({ ctx, input, signal }) =>
        tellEach(await live.listenRoom({ ...ctx, signal }, input), shownRoomEvent),
      ),
  });
