import {
  createRoomInput,
  deleteRoomInput,
  doneSchema,
  joinCodeSchema,
  joinLinkSchema,
  joinLinksInput,
  linkOfCodeInput,
  linkOfCodeSchema,
  listRoomEventsInput,
  listRoomsInput,
  listVisitsInput,
  onRoomEventInput,
  presenceSchema,
  renameRoomInput,
  revokedSeatSchema,
  revokeLinksInput,
  roomEventPageSchema,
  roomPageSchema,
  roomRef,
  roomSchema,
  roomSnapshotSchema,
  roomWithCheatConfigSchema,
  setAudioStatusInput,
  setTeacherInput,
  visitPageSchema,
} from "@invigil/schema";
import { originOf } from "../../trpc/context.js";
import { admins, anyone, publicProcedure, staff, teachers } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import { trackEvents } from "../../trpc/subscriptions.js";
import type { PastEventService } from "../delivery/past-events.js";
import type { CodeService, LinkService } from "../join/service.js";
import type { PresenceService } from "../presence/service.js";
import type { SubscriptionService } from "../subscriptions/service.js";
import type { RoomService } from "./service.js";

export const createRoomRouter = ({
  room,
  links,
  codes,
  subscriptions,
  pastEvents,
  presence,
}: {
  room: RoomService;
  links: LinkService;
  codes: CodeService;
  subscriptions: SubscriptionService;
  pastEvents: PastEventService;
  presence: PresenceService;
}) =>
  router({
    create: teachers("allRooms", "unbound")
      .meta({
        sentence: "Creates a room, and an exam of the same name unless one is named.",
        access: "In an existing exam: those who may use it.",
        errors: [
          "EXAM_NOT_FOUND",
          "EXAM_CONFLICT",
          "PARTICIPANT_CONFLICT",
          "QUOTA_EXCEEDED",
          "PROVIDER_NOT_CONFIGURED",
          "PROVIDER_FAILED",
        ],
        charges: ["rooms", "people", "events"],
        bodyKib: 1024,
      })
      .input(createRoomInput)
      .output(roomSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => room.create(caller, await open(input), input)),
    get: anyone("room")
      .meta({ sentence: "Returns a room, with the cheat config of its exam.", errors: ["ROOM_NOT_FOUND"] })
      .input(roomRef)
      .output(roomWithCheatConfigSchema)
      .query(async ({ ctx: { caller, open }, input }) => room.get(caller, await open(input))),
    rename: teachers("wholeExam")
      .meta({
        sentence: "Gives a room another name.",
        errors: ["EXAM_NOT_FOUND", "ROOM_NOT_FOUND", "EXAM_CONFLICT"],
        charges: ["events"],
      })
      .input(renameRoomInput)
      .output(roomSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => room.rename(caller, await open(input), input)),
    setTeacher: teachers("wholeExam")
      .meta({
        sentence:
          "Makes a teacher of the exam the `createTeacher` of a room, whom its examinees answer to. The teacher is added to the room if they are not in it.",
        errors: [
          "EXAM_NOT_FOUND",
          "ROOM_NOT_FOUND",
          "PARTICIPANT_NOT_FOUND",
          "ROOM_ENDED",
          "PARTICIPANT_CONFLICT",
          "EXAM_CONFLICT",
          "QUOTA_EXCEEDED",
        ],
        charges: ["people", "events"],
      })
      .input(setTeacherInput)
      .output(roomSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        room.setTeacher(caller, await open(input), input),
      ),
    delete: teachers("wholeExam")
      .meta({
        sentence: "Deletes a room that no person has entered, and in which only its `createTeacher` is.",
        errors: ["EXAM_NOT_FOUND", "ROOM_NOT_FOUND", "EXAM_CONFLICT"],
        charges: ["events"],
        allowedWhenDiskFull: true,
      })
      .input(deleteRoomInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        room.delete(caller, await open(input), input.roomId),
      ),
    end: teachers("room")
      .meta({
        sentence: "Ends a room.",
        errors: ["ROOM_NOT_FOUND"],
        charges: ["events"],
        allowedWhenDiskFull: true,
      })
      .input(roomRef)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => room.end(caller, await open(input))),
    reopen: admins("room")
      .meta({
        sentence: "Reopens a room that has ended.",
        errors: ["ROOM_NOT_FOUND", "EXAM_CONFLICT", "PROVIDER_NOT_CONFIGURED", "PROVIDER_FAILED"],
        charges: ["events"],
      })
      .input(roomRef)
      .output(roomSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => room.reopen(caller, await open(input))),
    setAudioStatus: teachers("room")
      .meta({
        sentence: "Stores whether the teacher is speaking to the whole room.",
        errors: ["ROOM_NOT_FOUND", "ROOM_ENDED"],
        charges: ["events"],
        allowedWhenDiskFull: true,
      })
      .input(setAudioStatusInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        room.setAudioStatus(caller, await open(input), input.audioStatus),
      ),
    list: teachers("ownRooms")
      .meta({
        sentence: "Returns the rooms that the caller may see.",
        access: "Teachers: their own rooms.",
        longAnswer: true,
      })
      .input(listRoomsInput)
      .output(roomPageSchema)
      .query(async ({ ctx: { caller, open }, input }) => room.list(caller, await open(), input)),
    joinLinks: teachers("roomToRun", "roomsToRun")
      .meta({
        sentence: "Creates links with which people join their rooms.",
        audited: "access",
        access: "Teachers: their own rooms, and all rooms of an exam that they created.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND", "ROOM_ENDED", "EXAM_OVER", "PROVIDER_NOT_CONFIGURED"],
        rows: 1000,
        allowedWhenDiskFull: true,
        longAnswer: true,
      })
      .input(joinLinksInput)
      .output(joinLinkSchema.array())
      .mutation(async ({ ctx: { open }, input }) => links.join(await open(input), input)),
    // When the disk is full, people must still get in. Their codes are few: two for each person.
    joinCodes: teachers("roomToRun", "roomsToRun")
      .meta({
        sentence: "Creates codes with which people join their rooms.",
        audited: "access",
        access: "Teachers: their own rooms, and all rooms of an exam that they created.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND", "ROOM_ENDED", "EXAM_OVER", "PROVIDER_NOT_CONFIGURED"],
        charges: ["writeRows"],
        rows: 1000,
        allowedWhenDiskFull: true,
        longAnswer: true,
      })
      .input(joinLinksInput)
      .output(joinCodeSchema.array())
      .mutation(async ({ ctx: { caller, open }, input }) => codes.make(caller, await open(input), input)),
    linkOfCode: publicProcedure
      .meta({
        sentence: "Exchanges a join code for a link to its room, as the page at `/j` does.",
        audited: "access",
        charges: ["writes"],
        bodyKib: 4,
        allowedWhenDiskFull: true,
      })
      .input(linkOfCodeInput)
      .output(linkOfCodeSchema)
      .mutation(({ ctx, input }) =>
        codes.linkOf(input.code, originOf(ctx, "room.linkOfCode"), ctx.reachedAt?.()),
      ),
    revokeLinks: teachers("roomToRun")
      .meta({
        sentence: "Revokes the links, codes and tokens of people for a room.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND"],
        charges: ["writeRows"],
        allowedWhenDiskFull: true,
      })
      .input(revokeLinksInput)
      .output(revokedSeatSchema.array())
      .mutation(async ({ ctx: { caller, open }, input }) =>
        links.revoke(caller, await open(input), input.userIds),
      ),
    snapshot: anyone("room")
      .meta({
        sentence: "Returns the state of a room, and the position from which to subscribe.",
        audited: "access",
        errors: ["ROOM_NOT_FOUND"],
        rows: 40,
        longAnswer: true,
      })
      .input(roomRef)
      .output(roomSnapshotSchema)
      .query(async ({ ctx: { caller, open }, input }) =>
        subscriptions.roomSnapshot(caller, await open(input)),
      ),
    onEvent: anyone("room")
      .meta({
        sentence: "Delivers the events of a room as they happen.",
        audited: "access",
        errors: ["ROOM_NOT_FOUND"],
        charges: ["events"],
        longAnswer: true,
      })
      .input(onRoomEventInput)
      .subscription(async ({ ctx, input, signal }) =>
        trackEvents(
          await subscriptions.subscribeToRoom({ ...ctx, signal }, await ctx.open(input), input),
          subscriptions.presenter.room,
          ctx,
        ),
      ),
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
  });
