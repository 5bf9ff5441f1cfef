import { forbidden } from "../platform/errors.js";
import type { AccessibleRooms } from "./opened.js";

/** @throws FORBIDDEN unless a room is among those that are open to a caller */
export const assertAccessible = (rooms: AccessibleRooms, roomId: string): void => {
  if (rooms !== "all" && !rooms.includes(roomId)) throw forbidden(`The room ${roomId} is not open to you.`);
};
