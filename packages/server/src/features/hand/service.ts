import {
  type AnswerHandInput,
  type Hand,
  type HandPage,
  handStatuses,
  type ListHandsInput,
  type RaiseHandInput,
} from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import { handFor } from "../../domain/hands.js";
import type { Opened } from "../../domain/opened.js";
import type { RateLimits } from "../../limits/rates.js";
import { invalidInput } from "../../platform/errors.js";
import { answeredBy, raisedBy } from "./rules.js";
import type { HandStore } from "./store.js";

export type HandService = ReturnType<typeof createHandService>;

export const createHandService = ({
  store,
  clock,
  rates,
}: {
  readonly store: HandStore;
  readonly clock: () => Date;
  readonly rates: Pick<RateLimits, "takeChange">;
}) => ({
  async raise(caller: ActingCaller, room: Opened<"room">, input: RaiseHandInput): Promise<Hand> {
    const who = raisedBy(caller, room, input);
    const { kind, text } = input;
    const key = { examId: room.examId, roomId: room.id };
    rates.takeChange({ caller, ...key });
    return handFor(caller, await store.raise(key, { ...who, kind, text, now: clock() }, caller));
  },

  async answer(caller: ActingCaller, room: Opened<"room">, input: AnswerHandInput): Promise<Hand> {
    const who = answeredBy(caller, room, input);
    const { handId: id, action, note } = input;
    const key = { examId: room.examId, roomId: room.id };
    rates.takeChange({ caller, ...key });
    return handFor(caller, await store.answer(key, { id, ...who, action, note, now: clock() }, caller));
  },

  list: (
    of: Opened<"room" | "exam">,
    { examId, userId, statuses, pageSize, cursor }: ListHandsInput,
  ): Promise<HandPage> => {
    if (!("rooms" in of) && examId !== undefined && examId !== of.examId)
      throw invalidInput("examId", `is not the exam of the room ${of.id}`);
    const scope =
      "rooms" in of ? { examId: of.exam.id, rooms: of.rooms } : { examId: of.examId, rooms: [of.id] };
    return store.list(scope, {
      userId,
      statuses: statuses ?? handStatuses,
      limit: pageSize,
      after: cursor,
    });
  },
});
