import type { Camera, DropInMessage, Role } from "@invigil/schema";
import { loginOf } from "../../domain/messages.js";
import type { DeliveredMessage } from "../delivery/service.js";
import type { StoredMessage } from "../im/service.js";

/** A message for a page, and whether it was sent to that login alone. */
export interface Delivery {
  readonly message: DropInMessage;
  readonly one: boolean;
}

/** Whether a page's app receives a message: one for all people, for this login, or for the room's staff, which only staff receive. */
export const isAddressedTo = (login: string, to: readonly string[] | undefined): boolean =>
  to === undefined || to.length === 0 || to.includes(login);

/** The server's own messages have a sender that is no login. */
const senderOf = (sender: { userId: string; role: Role | "server"; camera: Camera }): string =>
  sender.role === "server" ? "server" : loginOf(sender.userId, sender.camera);

/**
 * Converts a message of a subscription. `DropInService.send` adds the sender to the recipients of a message to some of a group. So a single
 * recipient means that the message was sent to one login.
 */
export const deliveryOf = ({ id, roomId, type, text, sender, to, time }: DeliveredMessage): Delivery => ({
  message: {
    groupId: roomId,
    messageId: String(id),
    type,
    sender: { userId: senderOf(sender) },
    data: text,
    seqnum: id,
    timestamp: time.getTime(),
    level: 0,
  },
  one: to?.length === 1,
});

/** Converts a stored message. */
export const deliveryOfStored = ({
  data,
  senderId,
  senderRole,
  senderCamera,
  recipients,
  createdAt,
  ...message
}: StoredMessage): Delivery =>
  deliveryOf({
    ...message,
    text: data,
    sender: { userId: senderId, role: senderRole, camera: senderCamera },
    ...(recipients && { to: recipients }),
    time: createdAt,
  });
