import type { Caller } from "@invigil/schema";

/** A user id, and the room or exam that its token is bound to: what an identity uses up belongs to both (docs/decisions/0030). */
export type Identity = Pick<Caller, "userId" | "roomId" | "examId">;

/** A caller for whom something is counted. */
export interface Counted extends Identity {
  /** The identity for which it is counted, where the caller was narrowed to a part of it. Absent: the caller's own. */
  readonly countedAs?: Identity | undefined;
}

/** The same text for the same identity. What is counted for a caller is counted under it. */
export const identityKey = (caller: Counted): string => {
  const { userId, roomId, examId } = caller.countedAs ?? caller;
  // No user id of a token holds a line break.
  return roomId === undefined && examId === undefined
    ? userId
    : `${userId}\n${JSON.stringify([roomId, examId])}`;
};
