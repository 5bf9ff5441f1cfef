import type { DropInFrame, DropInMuteStatus } from "@invigil/schema";
import type { DeliveredRoomEvent } from "../../features/delivery/service.js";
import { type Delivery, deliveryOf } from "../../features/drop-in/service.js";
import { once } from "../../platform/once.js";

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

/** The frames that many pages of a group receive. Each is serialized once. */
export interface SharedFrames {
  readonly message: (event: MessageEvent) => MessageFrame;
  readonly muted: (status: DropInMuteStatus) => Buffer;
}

export const createSharedFrames = (): SharedFrames => ({
  message: once((event) => createFrame(deliveryOf(event.message), event.id)),
  muted: once((status) => bytesOf({ is: "muted", status })),
});
