import type { Readiness } from "@invigil/client";

/** The facts that a view has about one candidate. */
interface PersonFacts {
  readonly isConnected: boolean;
  /** Whether a page of theirs was ever connected. */
  readonly wasConnected: boolean;
  readonly cameras: readonly ("idle" | "publishing" | "stopped")[];
  /** How many devices have their page open by one link. */
  readonly devices: number;
  readonly hasEnded?: boolean;
}

/** `checking`: they have opened the candidate's page, and not entered the exam yet. */
export type PersonState =
  | "publishing"
  | "expected"
  | "checking"
  | "idle"
  | "disconnected"
  | "dark"
  | "devices"
  | "ended";

/** The state of a candidate in a list. */
export type CandidateState = PersonState | "unseated";

/** The one state that says most about a person: first those that need attention, then those that say what is missing. */
export const personState = (facts: PersonFacts): PersonState => {
  if (facts.hasEnded) return "ended";
  if (facts.devices > 1) return "devices";
  if (!facts.isConnected) return facts.wasConnected ? "disconnected" : "expected";
  if (facts.cameras.includes("stopped")) return "dark";
  return facts.cameras.includes("publishing") ? "publishing" : "idle";
};

/**
 * The state of a person who has a page and no picture yet: the candidate's page tells when they enter the exam.
 *
 * @param usesPage - whether candidates use that page. Other apps do not tell it
 */
export const stateInChecks = <State extends CandidateState>(
  state: State,
  { readiness }: { readonly readiness?: Readiness | undefined },
  usesPage: boolean,
): State | "checking" => (usesPage && state === "idle" && !readiness?.checks.entered ? "checking" : state);

/** How long before the end of a person's time their camera may stop because of it, in milliseconds: clocks differ a little. */
export const END_SLACK_MS = 5000;

/**
 * The state of a person, also when their time is over: their page turns the camera off, and they close it. It needs no attention.
 *
 * @param since - since when they have the state, in milliseconds since 1970. Undefined: it is not known
 * @param endsAt - when the exam ends for them. Undefined: it is not known
 */
export const stateAtEnd = <State extends CandidateState>(
  state: State,
  { since, endsAt }: { readonly since: number | undefined; readonly endsAt: number | undefined },
  now: number,
): State | "ended" => {
  const isAtRest = state === "disconnected" || state === "dark" || state === "idle" || state === "checking";
  const isOver = endsAt !== undefined && Math.max(now, since ?? now) >= endsAt - END_SLACK_MS;
  return isAtRest && isOver ? "ended" : state;
};
