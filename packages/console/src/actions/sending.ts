import { isInvigilError, type LiveRoom } from "@invigil/client";
import { useInvigilClient } from "@invigil/react";
import { useMemo } from "react";
import type { messageOf } from "../components/composer.js";
import { loginsOf, personOf, WRITTEN } from "../live/timeline.js";

export const randomId = () => crypto.getRandomValues(new Uint32Array(3)).join("-");

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

/** How often a command is repeated for those who do not answer: who is there answers one of the first. */
const TIMES = 1;
/** Without a wait for answers: a person who is not there has nothing to stop. */
export const ONCE = { times: 0, everyMs: 300 };

/** The people of a room whom something is for. Undefined: everybody. */
export type Receivers = readonly string[] | undefined;

export interface Sending {
  /** Sends a message. A repetition with the same name does not send it again. */
  readonly message: (
    roomId: string,
    data: ReturnType<typeof messageOf>,
    to: Receivers,
    name: string,
  ) => Promise<unknown>;
  /**
   * Plays a clip.
   * @returns the people of whom no page has answered
   */
  readonly clip: (
    roomId: string,
    clip: { readonly name: string; readonly url: string },
    to: Receivers,
  ) => Promise<ReadonlySet<string>>;
  readonly stopClip: (roomId: string, to: Receivers) => Promise<unknown>;
}

/** Both pages of people: a list does not know which of them use a PC. */
const pagesOf = (to: Receivers) => to && { to: to.flatMap((userId) => loginsOf(userId, true)) };

/** Sends to the pages of people. Each opening of a dialog has its own, so that a double click sends nothing twice. */
export const useSending = (): Sending => {
  const client = useInvigilClient();
  return useMemo(() => {
    const id = randomId();
    const inRoom = async <Answer>(roomId: string, command: (room: LiveRoom) => Promise<Answer>) => {
      const room = client.live.room(roomId);
      try {
        return await command(room);
      } finally {
        room.close();
      }
    };
    return {
      message: (roomId, data, to, name) =>
        patiently(() =>
          client.im.send.mutate({
            roomId,
            type: WRITTEN,
            data,
            ...pagesOf(to),
            // The keys are the sender's own, so that rooms and groups of people need different ones.
            key: `${id}/${name}`.slice(0, 64),
          }),
        ),
      clip: (roomId, { name, url }, to) =>
        inRoom(roomId, async (room) => {
          const { answered, silent } = await room.broadcastAudio({
            data: { name, url },
            times: TIMES,
            ...pagesOf(to),
          });
          const people = new Set(answered.map(personOf));
          return new Set(silent.map(personOf).filter((userId) => !people.has(userId)));
        }),
      stopClip: (roomId, to) =>
        inRoom(roomId, (room) => room.stopBroadcastAudio({ ...ONCE, ...pagesOf(to) })),
    };
  }, [client]);
};
