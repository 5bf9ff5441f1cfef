import type { Caller } from "@invigil/schema";

/**
 * A user id, and the room or exam that their token is restricted to. Usage is counted for this combination
 * (docs/decisions/0030).
 */
export type Identity = Pick<Caller, "userId" | "roomId" | "examId">;

/** A caller whose usage is counted. */
export interface CountedCaller extends Identity {
  /**
   * The identity that usage is counted for, if the caller was restricted to a part of it. Default: the
   * caller's own.
   */
  readonly countedAs?: Identity | undefined;
}

/** A text that is equal for equal identities. Usage counters are stored under it. */
export const identityKey = (caller: CountedCaller): string => {
  const { userId, roomId, examId } = caller.countedAs ?? caller;
  // The user id of a token cannot contain a line break.
  return roomId === undefined && examId === undefined
    ? userId
    : `${userId}\n${JSON.stringify([roomId, examId])}`;
};
