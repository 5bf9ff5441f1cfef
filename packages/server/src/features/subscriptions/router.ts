import {
  examRef,
  examSnapshotSchema,
  onExamEventInput,
  onPeopleEventInput,
  onRoomEventInput,
  roomRef,
  roomSnapshotSchema,
} from "@invigil/schema";
import { anyone, inspectors, staff } from "../../trpc/procedures.js";
import { trackEvents } from "../../trpc/subscriptions.js";
import type { SubscriptionService } from "./service.js";

export const createSubscriptionsProcedures = ({ subscriptions }: { subscriptions: SubscriptionService }) => ({
  exam: {
    snapshot: inspectors("exam")
      .meta({
        sentence: "Returns the rooms of an exam, and the position from which to subscribe.",
        errors: ["EXAM_NOT_FOUND"],
        rows: 100,
        longAnswer: true,
      })
      .input(examRef)
      .output(examSnapshotSchema)
      .query(async ({ ctx: { open }, input }) => subscriptions.examSnapshot(await open(input))),
    onEvent: inspectors("exam")
      .meta({
        sentence: "Delivers the events of all rooms of an exam as they happen.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(onExamEventInput)
      .subscription(async ({ ctx, input, signal }) =>
        trackEvents(
          await subscriptions.subscribeToExam({ ...ctx, signal }, await ctx.open(input), input.lastEventId),
          subscriptions.presenter.exam,
          ctx,
        ),
      ),
    onPeople: staff("roomsToRun")
      .meta({
        sentence: "Delivers changes of the people and rooms of an exam as they happen.",
        access:
          "Teachers and inspectors: the people of their rooms. Teachers: everybody in the exams that they created.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(onPeopleEventInput)
      .subscription(async ({ ctx, input, signal }) =>
        trackEvents(
          await subscriptions.subscribeToPeople({ ...ctx, signal }, await ctx.open(input), input.lastEventId),
          subscriptions.presenter.people,
          ctx,
        ),
      ),
  },
  room: {
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
  },
});
