import type { DropInFrame } from "@invigil/schema";
import { type Delivery, deliveryOf } from "../../features/drop-in/service.js";
import type { DeliveredRoomEvent } from "../../features/subscriptions/service.js";

type MessageEvent = Extract<DeliveredRoomEvent, { type: "message" }>;

/** A message and its frame, which is the same for every page of the group. */
export interface MessageFrame {
  readonly delivery: Delivery;
  readonly bytes: Buffer;
}

const bytesOf = (frame: DropInFrame): Buffer => Buffer.from(JSON.stringify(frame));

export const createFrame = (delivery: Delivery, at: string): MessageFrame => ({
  delivery,
  bytes: bytesOf({ is: "message", ...delivery, at }),
});

/** Creates the frames of messages. The frame of a message that many pages receive is created once. */
export const createFrameCache = (): ((event: MessageEvent) => MessageFrame) => {
  const known = new WeakMap<MessageEvent, MessageFrame>();
  return (event) => {
    const made = known.get(event) ?? createFrame(deliveryOf(event.message), event.id);
    known.set(event, made);
    return made;
  };
};
