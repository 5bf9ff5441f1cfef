// How the people of an exam are doing, derived from what is stored. In a file of its own, because the client uses it without schemas.

/** The states of people. Each person has one of them. */
export const rosterStates = [
  "unseated",
  "ended",
  "expected",
  "disconnected",
  "stopped",
  "publishing",
  "notPublishing",
] as const;
export type RosterState = (typeof rosterStates)[number];

/** What the state of a person depends on. */
interface Facts {
  readonly roomId?: string | undefined;
  readonly publishStatus: Readonly<Record<"main" | "pc", "idle" | "publishing" | "stopped">>;
  readonly pages: readonly unknown[];
  readonly left: readonly unknown[];
}

/**
 * Returns the state of a person: without a room, in a room that has ended, not there yet, no longer there, or there: a camera has stopped, or
 * at least one publishes, or none has begun.
 */
export const rosterStateOf = (
  { roomId, publishStatus, pages, left }: Facts,
  hasEnded: boolean,
): RosterState => {
  if (roomId === undefined) return "unseated";
  if (hasEnded) return "ended";
  if (pages.length === 0) return left.length === 0 ? "expected" : "disconnected";
  const statuses = [publishStatus.main, publishStatus.pc];
  if (statuses.includes("stopped")) return "stopped";
  return statuses.includes("publishing") ? "publishing" : "notPublishing";
};
