import type { Message } from "@invigil/client";
import { useInvigilClient, useLiveRoom, useRoomEvent } from "@invigil/react";
import { useEffect, useMemo, useState } from "react";
import type { Camera } from "../../app/entry.js";
import type { Sound } from "../../sound.js";

/**
 * From this type on, messages are written by people: `{ text }`. With `receipt: true`, staff ask for a receipt: a message with `receiptOf`, the
 * id of the message that was read.
 */
export const WRITTEN = 30_001;
/** How many of the messages from before the page was opened are shown. */
const EARLIER = 20;

export interface Written {
  readonly id: number;
  readonly time: Date;
  readonly text: string;
  /** Whether staff asked for a receipt. */
  readonly asksReceipt: boolean;
  /** Whether the person has sent it. */
  readonly isRead: boolean;
}

const memberOf = (data: unknown, name: string): unknown =>
  typeof data === "object" && data !== null ? Reflect.get(data, name) : undefined;

/** What staff wrote, as far as the messages are of this kind. */
const writtenIn = (messages: readonly Message[], ownId: string): Written[] => {
  const isOwn = ({ sender }: Message) => sender.userId === ownId;
  const read = new Set(messages.filter(isOwn).map(({ data }) => memberOf(data, "receiptOf")));
  return messages.flatMap((message) => {
    const { id, data, time } = message;
    const text = memberOf(data, "text");
    if (isOwn(message) || typeof text !== "string" || text.trim() === "") return [];
    return [{ id, time, text, asksReceipt: memberOf(data, "receipt") === true, isRead: read.has(id) }];
  });
};

/** The messages of the staff, also the newest ones from before the page was opened. A sound tells of each new one. */
export const useMessages = (
  { roomId, userId, camera }: { readonly roomId: string; readonly userId: string; readonly camera: Camera },
  sound: Sound,
): readonly Written[] => {
  const client = useInvigilClient();
  const [messages, setMessages] = useState<readonly Message[]>([]);
  useEffect(() => {
    let isGone = false;
    client.im.history
      .query({ roomId, camera, type: WRITTEN, pageSize: EARLIER })
      .then(({ messages: earlier }) => {
        if (!isGone)
          setMessages((known) => [
            ...earlier.filter(({ id }) => !known.some((one) => one.id === id)),
            ...known,
          ]);
      })
      // The messages that arrive from now on are there.
      .catch(() => undefined);
    return () => {
      isGone = true;
    };
  }, [client, roomId, camera]);
  useRoomEvent(
    roomId,
    "message",
    ({ message }) => {
      if (message.type !== WRITTEN) return;
      setMessages((known) => [...known, message]);
      if (writtenIn([message], userId).length > 0) sound.ring();
    },
    { camera },
  );
  return useMemo(() => writtenIn(messages, userId), [messages, userId]);
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
