import { MAX_EXAM_AUDIO } from "@invigil/schema";
import { and, eq, isNull } from "drizzle-orm";
import { insertion, param, query, statement, statements } from "../storage/statement.js";
import { audioClips, examAudio } from "../storage/tables.js";
import type { ExamTransaction } from "./exam-transaction.js";

// The audio clips of an exam. The stores of exams and of audio write them.

export interface NewAttachment {
  readonly id: string;
  readonly examId: string;
  readonly clipId: string;
  /** Undefined for a clip that is started by hand. */
  readonly startTime?: Date | undefined;
  readonly createdAt: Date;
}

const existingClips = statement((dialect) =>
  query.select({ id: audioClips.id }).from(audioClips).where(dialect.isAnyOf(audioClips.id, "clipIds")),
);
const sameAttachment = statements((isScheduled: boolean) =>
  statement(
    query
      .select({ id: examAudio.id })
      .from(examAudio)
      .where(
        and(
          eq(examAudio.examId, param("examId")),
          eq(examAudio.clipId, param("clipId")),
          isScheduled ? eq(examAudio.startTime, param("startTime")) : isNull(examAudio.startTime),
        ),
      )
      .limit(1),
  ),
);
const attachmentsOfExam = statement(
  query
    .select({ id: examAudio.id })
    .from(examAudio)
    .where(eq(examAudio.examId, param("examId"))),
);
const insertAttachment = insertion(examAudio);
const deleteAttachment = statement((dialect) =>
  query.delete(examAudio).where(and(eq(examAudio.id, param("id")), dialect.inExam(examAudio.examId))),
);

/** Returns the first clip of these attachments that does not exist. The others are not deleted before the commit. */
export const findMissingClip = async (
  tx: ExamTransaction,
  attachments: readonly { readonly clipId: string }[],
): Promise<string | undefined> => {
  if (attachments.length === 0) return undefined;
  const clipIds = [...new Set(attachments.map(({ clipId }) => clipId))];
  const [, existing] = await Promise.all([
    tx.lock(audioClips, clipIds.toSorted()),
    tx.all(existingClips, { clipIds }),
  ]);
  const known = new Set(existing.map(({ id }) => id));
  return clipIds.find((clipId) => !known.has(clipId));
};

/** Makes a new exam play these clips: each once, if it is there several times for the same time. */
export const insertAttachments = async (
  tx: ExamTransaction,
  attachments: readonly NewAttachment[],
): Promise<void> => {
  const different = new Map<string, NewAttachment>();
  for (const attachment of attachments) {
    const key = JSON.stringify([attachment.clipId, attachment.startTime]);
    if (!different.has(key)) different.set(key, attachment);
  }
  await tx.insert(insertAttachment, [...different.values()]);
};

/** Returns the id of an attachment of the same clip at the same time. */
const findSame = async (
  tx: ExamTransaction,
  { examId, clipId, startTime }: NewAttachment,
): Promise<string | undefined> => {
  const same = await (startTime
    ? tx.get(sameAttachment(true), { examId, clipId, startTime })
    : tx.get(sameAttachment(false), { examId, clipId }));
  return same?.id;
};

const attachClip = async (tx: ExamTransaction, attachment: NewAttachment): Promise<string> => {
  const same = await findSame(tx, attachment);
  if (same === undefined) await tx.insert(insertAttachment, [attachment]);
  return same ?? attachment.id;
};

/**
 * Makes an exam play another clip, which must exist. Returns the attachment's id, which may have existed before. Returns undefined if the
 * exam has `MAX_EXAM_AUDIO` attachments.
 */
export const attachAnotherClip = async (
  tx: ExamTransaction,
  attachment: NewAttachment,
): Promise<string | undefined> => {
  const same = await findSame(tx, attachment);
  if (same !== undefined) return same;
  const { examId } = attachment;
  if ((await tx.all(attachmentsOfExam, { examId })).length >= MAX_EXAM_AUDIO) return undefined;
  await tx.insert(insertAttachment, [attachment]);
  return attachment.id;
};

/**
 * Makes an exam play these clips and no others. Clips that start at the same time, or by hand, play in the order of their attachments'
 * ids. An existing attachment is kept unless its id would put it too early: new ids are greater than all existing ones.
 */
export const replaceExamAudio = async (
  tx: ExamTransaction,
  examId: string,
  attachments: readonly NewAttachment[],
): Promise<void> => {
  const kept = new Set<string>();
  const lastIdAt = new Map<number | undefined, string>();
  for (const attachment of attachments) {
    const time = attachment.startTime?.getTime();
    let id = await attachClip(tx, attachment);
    if (kept.has(id)) continue;
    if (id < (lastIdAt.get(time) ?? "")) {
      await tx.run(deleteAttachment, { examId, id });
      id = await attachClip(tx, attachment);
    }
    lastIdAt.set(time, id);
    kept.add(id);
  }
  for (const { id } of await tx.all(attachmentsOfExam, { examId }))
    if (!kept.has(id)) await tx.run(deleteAttachment, { examId, id });
};
