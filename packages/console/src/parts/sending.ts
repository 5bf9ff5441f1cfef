import { isInvigilError } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { useMemo } from "react";
import { loginsOf, WRITTEN } from "../live/timeline.js";

/** The most characters of a message. */
export const MAX_TEXT = 500;

const randomId = () => crypto.getRandomValues(new Uint32Array(3)).join("-");

/** How often a call is repeated that comes too early, and how long to wait before, in milliseconds. */
const TRIES = 5;
const WAIT_MS = 1000;

/** Makes a call again, later, if there were too many at once. */
export const patiently = async <Answer>(call: () => Promise<Answer>): Promise<Answer> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isInvigilError(error, "TOO_MANY_REQUESTS") || tries >= TRIES) throw error;
      const seconds = error.data.retryAfterSeconds ?? 0;
      await new Promise((resolve) => setTimeout(resolve, Math.max(WAIT_MS, seconds * 1000)));
    }
  }
};

export interface Sending {
  /** Sends a message to a room, or to some of its people. Whoever repeats it with the same name sends it once. */
  readonly message: (
    roomId: string,
    text: string,
    to: readonly string[] | undefined,
    name: string,
  ) => Promise<unknown>;
  /**
   * Plays a clip in a room, or for some of its people.
   * @returns the people of whom no page has answered
   */
  readonly clip: (
    roomId: string,
    url: string,
    to: readonly string[] | undefined,
  ) => Promise<readonly string[]>;
}

/** Both pages of people: a list does not know which of them use a PC. */
const pagesOf = (userIds: readonly string[]): string[] => userIds.flatMap((userId) => loginsOf(userId, true));

/** Messages and clips. One of these belongs to one opening of a dialog, so that a double click sends nothing twice. */
export const useSending = (): Sending => {
  const client = useInvigilClient();
  return useMemo(() => {
    const id = randomId();
    return {
      message: (roomId, text, to, name) =>
        patiently(() =>
          client.im.send.mutate({
            roomId,
            type: WRITTEN,
            data: { text },
            ...(to && { to: pagesOf(to) }),
            // The keys are the sender's own, so that rooms and groups of people need different ones.
            key: `${id}/${name}`.slice(0, 64),
          }),
        ),
      async clip(roomId, url, to) {
        const room = client.live.room(roomId);
        try {
          const { answered, silent } = await room.broadcastAudio({
            data: { url },
            times: 1,
            ...(to && { to: pagesOf(to) }),
          });
          const people = new Set(answered.map(personOf));
          return [...new Set(silent.map(personOf))].filter((userId) => !people.has(userId));
        } finally {
          room.close();
        }
      },
    };
  }, [client]);
};

const personOf = (login: string): string => login.replace(/^pc_/, "");
