import { type RosterState, rosterStateOf } from "@invigil/schema";
import type { PeopleEvent } from "../procedures.js";
import type { RetryOptions } from "../retry.js";
import type { FeedCore, StatusChange } from "./core.js";
import { Feed } from "./feed.js";
import { createListeners } from "./listeners.js";
import type { LivePerson, PeopleCalls, PeopleRows, PeopleState } from "./people-types.js";

/** The listeners by event: event types, and `status`. */
export type LivePeopleListeners = {
  readonly [Event in PeopleEvent as Event["type"]]: (event: Event) => void;
} & { readonly status: (change: StatusChange) => void };

/**
 * All people of an exam, and its rooms. Created by `invigil.live.people(examId)`, for administrators and for the teacher who created the
 * exam. Other teachers and inspectors see the people of their rooms.
 *
 * It reads the people page by page, and then follows their changes. Listeners are called once per frame, however much changes.
 */
export class LivePeople extends Feed<PeopleState, PeopleEvent, LivePeopleListeners> {
  readonly #rows: PeopleRows;

  /** @internal */
  constructor(
    readonly examId: string,
    calls: PeopleCalls,
    { reconnect }: { readonly reconnect: RetryOptions },
  ) {
    const rows: PeopleRows = {
      byId: new Map(),
      furtherIds: new Map(),
      endedRooms: new Set(),
      watchers: createListeners(),
    };
    super(({ followPeople }, core: FeedCore<PeopleState, PeopleEvent>) =>
      followPeople(core, rows, { examId, calls, retry: reconnect }),
    );
    this.#rows = rows;
  }

  /** A person by their id in the list. The object is the same until something about the person changes. */
  readonly person = (id: string): LivePerson | undefined => this.#rows.byId.get(id);

  /**
   * Registers a listener that is called after a change of one person, and when they come or go. Together with {@link person}, this is what
   * React's `useSyncExternalStore` takes.
   * @returns a function that removes the listener
   */
  readonly subscribePerson = (id: string, listener: () => void): (() => void) =>
    this.#rows.watchers.on(id, listener);

  /** The ids that a person has in the list: one for each of their rooms. */
  idsOf(userId: string): readonly string[] {
    const { byId, furtherIds } = this.#rows;
    return [...(byId.has(userId) ? [userId] : []), ...(furtherIds.get(userId) ?? [])];
  }

  /** Whether a person is expected, there, no longer there, and so on. Exactly one of them. */
  readonly stateOf = (person: LivePerson): RosterState =>
    rosterStateOf(person, person.roomId !== undefined && this.#rows.endedRooms.has(person.roomId));
}
