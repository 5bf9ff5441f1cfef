import type { Camera, DropInMessage, Role } from "@invigil/schema";
import { loginOf } from "../../domain/messages.js";
import type { StoredMessage as KeptMessage } from "../im/service.js";
import type { StoredMessage } from "../subscriptions/service.js";

/** A message for a page, and whether it was sent to that login alone. */
export interface Delivery {
  readonly message: DropInMessage;
  readonly one: boolean;
}

/** Whether an app's page hears a message: one for everybody, for the page, or for the room's staff, of whom only staff are told. */
export const isAddressedTo = (login: string, to: readonly string[] | undefined): boolean =>
  to === undefined || to.length === 0 || to.includes(login);

/** The server's own messages come from nobody's login. */
const senderOf = (sender: { userId: string; role: Role | "server"; camera: Camera }): string =>
  sender.role === "server" ? "server" : loginOf(sender.userId, sender.camera);

/** A message as the engine hands it on. Sent to some of a group, it is for its sender, too: for one alone, it is not. */
export const deliveryOf = ({ id, roomId, type, text, sender, to, time }: StoredMessage): Delivery => ({
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

/** The same of one that was read from where messages are kept. */
export const keptDelivery = ({
  data,
  senderId,
  senderRole,
  senderCamera,
  recipients,
  createdAt,
  ...message
}: KeptMessage): Delivery =>
  deliveryOf({
    ...message,
    text: data,
    sender: { userId: senderId, role: senderRole, camera: senderCamera },
    ...(recipients && { to: recipients }),
    time: createdAt,
  });
