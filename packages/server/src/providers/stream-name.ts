import { streamOf } from "@invigil/schema";
import type { StreamOwner } from "./types.js";

/** The prefix of the names of an exam's streams. */
export const examStreamPrefix = (examId: string): string => `${examId}-`;

/**
 * The prefix of the names of a room's streams. Because ids may contain hyphens, streams of another room can
 * have the same prefix.
 */
export const roomStreamPrefix = ({ examId, roomId }: Pick<StreamOwner, "examId" | "roomId">): string =>
  `${examStreamPrefix(examId)}${roomId}-`;

/**
 * The name of a camera's stream. Names cannot be split, because ids may contain hyphens. They are looked up
 * in the database.
 */
export const streamName = ({ examId, roomId, userId, camera }: StreamOwner): string =>
  streamOf(`${roomStreamPrefix({ examId, roomId })}${userId}`, camera);
