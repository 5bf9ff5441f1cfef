import { InvigilError, invalidInput } from "../../platform/errors.js";
import { type Calls, idOf, isStop, type Refusal } from "./trpc-calls.js";

/** The maximum number of subscriptions of one connection, and of its other calls. */
export const MAX_SUBSCRIPTIONS = 1_000;
export const MAX_PENDING = 1_000;
/** The maximum number of messages in a frame, and of invalid ones among them. No more calls may be open at a time. */
const MAX_FRAME_MESSAGES = MAX_SUBSCRIPTIONS + MAX_PENDING;
const MAX_FRAME_UNREADABLE = 20;
/** How many calls of a refused connection are answered. */
const MAX_REFUSED = 20;

/** Errors for which a whole frame is refused and its connection closed. */
const TOO_MANY_MESSAGES = invalidInput("frame", `must contain at most ${MAX_FRAME_MESSAGES} messages`);
const NOT_CALLS = invalidInput("frame", "must contain calls in the format of tRPC");

const REFUSALS: Readonly<Record<Refusal, InvigilError>> = {
  unreadable: invalidInput("message", "must be a call in the format of tRPC"),
  duplicate: invalidInput("id", "is the id of a call that has not ended"),
  "too many": new InvigilError(
    "TOO_MANY_REQUESTS",
    `A connection accepts at most ${MAX_SUBSCRIPTIONS} subscriptions and ${MAX_PENDING} other calls at a time.`,
    { retryAfterSeconds: 1, limit: "pending calls" },
  ),
};

/** Parses the text of a frame. */
export const parseFrame = (data: string | ArrayBuffer | Uint8Array): unknown => {
  if (typeof data !== "string") throw invalidInput("message", "must be text");
  return JSON.parse(data);
};

/** Decides which messages of a frame tRPC receives. */
export const createFrames = ({
  calls,
  answerWith,
  closeWith,
}: {
  readonly calls: Pick<Calls, "receive">;
  /** Sends an error for a message. An id of null refers to no call. */
  readonly answerWith: (failed: InvigilError, id: string | number | null) => void;
  /** Sends an error and closes the connection. */
  readonly closeWith: (failed: InvigilError) => void;
}) => {
  let ids: (string | number)[] = [];

  /** Refuses a whole frame, because no client of tRPC sends such a frame. */
  const refuse = (failed: InvigilError): [] => {
    closeWith(failed);
    return [];
  };
  const accepted = (messages: readonly unknown[]): readonly unknown[] => {
    if (messages.length > MAX_FRAME_MESSAGES) return refuse(TOO_MANY_MESSAGES);
    const taken: unknown[] = [];
    let unreadable = 0;
    let hasAnsweredWithoutId = false;
    for (const message of messages) {
      const refusal = calls.receive(message);
      if (!refusal) {
        taken.push(message);
        continue;
      }
      if (refusal === "unreadable" && ++unreadable > MAX_FRAME_UNREADABLE) return refuse(NOT_CALLS);
      const id = idOf(message);
      if (id === null && hasAnsweredWithoutId) continue;
      hasAnsweredWithoutId ||= id === null;
      answerWith(REFUSALS[refusal], id);
    }
    return taken;
  };

  return {
    /** Answers the first calls of a frame with an error. */
    refuse(data: string | Uint8Array, failed: InvigilError): void {
      let frame: unknown;
      try {
        frame = parseFrame(data);
      } catch {
        return;
      }
      for (const message of [frame].flat().slice(0, MAX_REFUSED)) answerWith(failed, idOf(message));
    },
    /** Returns the calls and the ends of subscriptions in a frame, and answers its other messages with errors. */
    accept(frame: unknown): readonly unknown[] {
      ids = [];
      const taken = accepted(Array.isArray(frame) ? frame : [frame]);
      ids = taken
        .filter((message) => !isStop(message))
        .map(idOf)
        .filter((id) => id !== null);
      return taken;
    },
    /** Returns the ids of the calls that were accepted in the current frame, once. */
    takeIds: (): readonly (string | number)[] => ids.splice(0),
  };
};
