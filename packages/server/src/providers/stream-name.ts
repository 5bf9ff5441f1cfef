import type { StreamOwner } from "./types.js";

/** How the names of an exam's streams begin. */
export const examStreams = (examId: string): string => `${examId}-`;

/** How the names of a room's streams begin. Those of another room can begin so, too, where ids hold hyphens. */
export const roomStreams = ({ examId, roomId }: Pick<StreamOwner, "examId" | "roomId">): string =>
  `${examStreams(examId)}${roomId}-`;

/** The name of a camera's stream. Names are looked up in storage, never split: ids may hold hyphens. */
export const streamName = ({ examId, roomId, userId, camera }: StreamOwner): string =>
  `${roomStreams({ examId, roomId })}${userId}${camera === "pc" ? "_pc" : ""}`;
