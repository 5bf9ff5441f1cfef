import type { PeopleEvent, Room, RosterCounts, RosterEntry, RosterPage } from "../procedures.js";
import type { Listeners } from "./listeners.js";
import type { Source } from "./subscription-loop.js";

/** A person of an exam, in one of its rooms or without a room. A change replaces the object. */
export interface LivePerson extends RosterEntry {
  /**
   * Identifies the person in the list: their user id. If they are in several rooms, the list has them several times. Then the id of all but the
   * first has the room's id after a `/`.
   */
  readonly id: string;
}

/** The state of the people of an exam as a whole. */
export interface PeopleState {
  /** The people in the order in which they were added. The array stays the same until people are added or removed. It also stays the same when a person gets a room. */
  readonly ids: readonly string[];
  readonly rooms: readonly Room[];
  /** How many examinees are in which state. */
  readonly counts: RosterCounts;
  /** How many of the people have been read, and how many there are. */
  readonly loaded: number;
  readonly total: number;
}

/** The calls that `LivePeople` makes. */
export interface PeopleCalls {
  readonly page: (cursor: string | undefined, how: { readonly signal: AbortSignal }) => Promise<RosterPage>;
  readonly subscribe: Source<PeopleState, PeopleEvent>["subscribe"];
}

/** The people by their ids in the list, and the listeners of each. */
export interface PeopleRows {
  readonly byId: Map<string, LivePerson>;
  /** The ids of people who are in the list under further ids. */
  readonly furtherIds: Map<string, readonly string[]>;
  readonly endedRooms: Set<string>;
  readonly watchers: Listeners;
}
