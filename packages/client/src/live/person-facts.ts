import type { PersonFacts } from "@invigil/schema";
import type { RoomEvent } from "../procedures.js";

type EventOf<Type extends RoomEvent["type"]> = Extract<RoomEvent, { type: Type }>;
type Person = Pick<EventOf<"participant_added">, "userId" | "roomId">;

/** An event that says what is known about a person. Listed, because what a published type is derived from is published too. */
export type FactEventType =
  | "attempt_changed"
  | "identity_checked"
  | "readiness_changed"
  | "detectors_changed";

/** Creates the reducers of the events that say what is known about a person. `change` writes it into a state. */
export const createFactReducers = <State, Changed>(
  change: (state: State, person: Person, facts: PersonFacts) => Changed,
): { readonly [Type in FactEventType]: (state: State, event: EventOf<Type>) => Changed } => ({
  attempt_changed(state, event) {
    const { status, since, givesBack, pausedMs, extendedMinutes } = event;
    return change(state, event, { attempt: { status, since, givesBack, pausedMs, extendedMinutes } });
  },
  identity_checked: (state, event) =>
    change(state, event, { identity: { status: event.status, since: event.since } }),
  readiness_changed(state, event) {
    const { checks, wavedThrough, since } = event;
    return change(state, event, { readiness: { checks, wavedThrough, ...(since && { since }) } });
  },
  detectors_changed: (state, event) => change(state, event, { detectorsOff: event.off || undefined }),
});
