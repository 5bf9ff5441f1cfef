import type { StreamOwner } from "./types.js";

/** The name of a camera's stream. Names are looked up in storage, never split: ids may hold hyphens. */
export const streamName = ({ examId, roomId, userId, camera }: StreamOwner): string =>
  `${examId}-${roomId}-${userId}${camera === "pc" ? "_pc" : ""}`;
