import type { Message } from "@invigil/client";
import { useInvigilClient, useLiveRoom, useRoomEvent } from "@invigil/react";
import { useEffect, useState } from "react";
import type { Camera } from "../../app/entry.js";
import type { Sound } from "../../sound.js";

/** From this type on, messages are written by people: `{ text }`. */
const WRITTEN = 30_001;
/** How many of the messages from before the page was opened are shown. */
const EARLIER = 20;

export interface Written {
  readonly id: number;
  readonly time: Date;
  readonly text: string;
}

/** What staff wrote. Undefined: the message is of another kind. */
const writtenIn = ({ id, type, data, sender, time }: Message, ownId: string): Written | undefined => {
  if (type !== WRITTEN || sender.userId === ownId || typeof data !== "object" || data === null)
    return undefined;
  const text = "text" in data ? data.text : undefined;
  return typeof text === "string" && text.trim() !== "" ? { id, time, text } : undefined;
};

/** The messages of the staff, also the newest ones from before the page was opened. A sound tells of each new one. */
export const useMessages = (
  { roomId, userId, camera }: { readonly roomId: string; readonly userId: string; readonly camera: Camera },
  sound: Sound,
): readonly Written[] => {
  const client = useInvigilClient();
  const [messages, setMessages] = useState<readonly Written[]>([]);
  useEffect(() => {
    let isGone = false;
    client.im.history
      .query({ roomId, camera, type: WRITTEN, pageSize: EARLIER })
      .then(({ messages: earlier }) => {
        const found = earlier.flatMap((message) => writtenIn(message, userId) ?? []);
        if (!isGone)
          setMessages((known) => [
            ...found.filter(({ id }) => !known.some((one) => one.id === id)),
            ...known,
          ]);
      })
      // The messages that arrive from now on are there.
      .catch(() => undefined);
    return () => {
      isGone = true;
    };
  }, [client, roomId, userId, camera]);
  useRoomEvent(
    roomId,
    "message",
    ({ message }) => {
      const written = writtenIn(message, userId);
      if (!written) return;
      setMessages((known) => [...known, written]);
      sound.ring();
    },
    { camera },
  );
  return messages;
};

/** A clip that staff play on the page. */
export interface Clip {
  readonly name: string;
  /** Whether the browser did not let it sound. */
  readonly hasFailed: boolean;
}

/** Plays the clips of the staff, and answers that they play. */
export const useClips = (roomId: string, camera: Camera, sound: Sound): Clip | undefined => {
  const room = useLiveRoom(roomId, { camera });
  const [clip, setClip] = useState<Clip>();
  const plays = async (data: { readonly sid: string; readonly [name: string]: unknown }) => {
    const { sid, url, name } = data;
    if (typeof url !== "string") return;
    const label = typeof name === "string" ? name : "";
    try {
      await sound.play(url, () => setClip(undefined));
      setClip({ name: label, hasFailed: false });
      await room?.send("audioBroadcastStarted", { sid });
    } catch {
      setClip({ name: label, hasFailed: true });
    }
  };
  useRoomEvent(roomId, "broadcastAudio", (data) => void plays(data), { camera });
  useRoomEvent(
    roomId,
    "stopAudioBroadcast",
    ({ sid }) => {
      sound.stop();
      setClip(undefined);
      room?.send("audioBroadcastStopped", { sid }).catch(() => undefined);
    },
    { camera },
  );
  return clip;
};
