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

export type PersonState = "publishing" | "expected" | "idle" | "disconnected" | "dark" | "devices" | "ended";

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
