import type { DropInFrame } from "@invigil/schema";
import { type Delivery, deliveryOf } from "../../features/drop-in/service.js";
import type { ToldRoomEvent } from "../../features/subscriptions/service.js";

type ToldMessage = Extract<ToldRoomEvent, { type: "message" }>;

/** A message and its frame, which is the same for every page of the group. */
export interface Framed {
  readonly delivery: Delivery;
  readonly bytes: Buffer;
}

const bytesOf = (frame: DropInFrame): Buffer => Buffer.from(JSON.stringify(frame));

export const framed = (delivery: Delivery, at: string): Framed => ({
  delivery,
  bytes: bytesOf({ is: "message", ...delivery, at }),
});

/** Creates the frames of messages. The frame of a message that many pages receive is created once. */
export const createFramer = (): ((told: ToldMessage) => Framed) => {
  const known = new WeakMap<ToldMessage, Framed>();
  return (told) => {
    const made = known.get(told) ?? framed(deliveryOf(told.message), told.id);
    known.set(told, made);
    return made;
  };
};
