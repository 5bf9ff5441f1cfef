import { and, eq, inArray, isNull } from "drizzle-orm";
import type { Queries } from "../storage/sqlite/client.js";
import { audioClips, examAudio } from "../storage/tables.js";

// What an exam plays, as the stores of exams and of audio write it inside their transactions.

export interface NewAttachment {
  readonly id: string;
  readonly examId: string;
  readonly clipId: string;
  /** Undefined: started by hand. */
  readonly startTime?: Date | undefined;
  readonly createdAt: Date;
}

/** The first of these clips that there is not. */
export const missingClip = (
  queries: Queries,
  attachments: readonly { clipId: string }[],
): string | undefined => {
  const clipIds = [...new Set(attachments.map(({ clipId }) => clipId))];
  const found = queries
    .select({ id: audioClips.id })
    .from(audioClips)
    .where(inArray(audioClips.id, clipIds))
    .all();
  const known = new Set(found.map(({ id }) => id));
  return clipIds.find((clipId) => !known.has(clipId));
};

/** Makes an exam play a clip, which must exist; returns the attachment's id. The same again changes nothing. */
export const attachClip = (queries: Queries, attachment: NewAttachment): string => {
  const { id, examId, clipId, startTime } = attachment;
  const there = queries
    .select({ id: examAudio.id })
    .from(examAudio)
    .where(
      and(
        eq(examAudio.examId, examId),
        eq(examAudio.clipId, clipId),
        startTime ? eq(examAudio.startTime, startTime) : isNull(examAudio.startTime),
      ),
    )
    .get();
  if (there) return there.id;
  queries.insert(examAudio).values(attachment).run();
  return id;
};

/**
 * Makes an exam play this and nothing else, in this order, which the ids give to what starts at the same time or by hand.
 * What stays keeps its attachment, unless that would play it too early: the new ids are greater than all there are.
 */
export const replaceExamAudio = (
  queries: Queries,
  examId: string,
  attachments: readonly NewAttachment[],
): void => {
  const remove = (id: string) => queries.delete(examAudio).where(eq(examAudio.id, id)).run();
  const staying = new Set<string>();
  const lastAt = new Map<number | undefined, string>();
  for (const attachment of attachments) {
    const time = attachment.startTime?.getTime();
    let id = attachClip(queries, attachment);
    if (staying.has(id)) continue;
    if (id < (lastAt.get(time) ?? "")) {
      remove(id);
      id = attachClip(queries, attachment);
    }
    lastAt.set(time, id);
    staying.add(id);
  }
  const all = queries.select({ id: examAudio.id }).from(examAudio).where(eq(examAudio.examId, examId)).all();
  for (const { id } of all) if (!staying.has(id)) remove(id);
};
