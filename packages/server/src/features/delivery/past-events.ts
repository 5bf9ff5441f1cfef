import { type ListRoomEventsInput, listedEventTypes, type RoomEventPage } from "@invigil/schema";
import type { Opened } from "../../domain/opened.js";
import type { Principal } from "../../identity/tokens.js";
import { LOOKED_AT_A_ROW, type RateLimits } from "../../limits/rates.js";
import { ABOVE_ALL_IDS } from "../../platform/paging.js";
import type { PastEventStore } from "./past-events-store.js";
import { declarationOf, isVisibleTo, toListedEvent } from "./rules.js";

export type PastEventService = ReturnType<typeof createPastEventService>;

export const createPastEventService = ({
  store,
  rates,
  clock,
}: {
  readonly store: PastEventStore;
  readonly rates: Pick<RateLimits, "charge">;
  readonly clock: () => Date;
}) => ({
  /** Returns a page of what the log still has of a room, as far as the caller would have received it. */
  async list(
    caller: Principal,
    { id: roomId, examId }: Opened<"room">,
    { userId, types = listedEventTypes, pageSize, cursor = ABOVE_ALL_IDS }: ListRoomEventsInput,
  ): Promise<RoomEventPage> {
    const of = { id: cursor, types, userId, limit: pageSize, now: clock() };
    const { events, examined, ...page } = await store.before({ examId, roomId }, of);
    // The entries of the answer are charged where calls are answered.
    rates.charge({ caller }, { readRows: Math.ceil(examined / LOOKED_AT_A_ROW) });
    const visible = events.filter((event) =>
      isVisibleTo(caller, { event, seenBy: declarationOf(event)?.seenBy }),
    );
    return { events: visible.map(toListedEvent), ...page };
  },
});
