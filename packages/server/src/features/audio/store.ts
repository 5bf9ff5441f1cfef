import type { AudioClip } from "@invigil/schema";
import { and, asc, count, eq, gt, type SQL, sql } from "drizzle-orm";
import { attachClip, missingClip, type NewAttachment } from "../../domain/exam-audio.js";
import type { Database } from "../../storage/sqlite/client.js";
import { isOrphan } from "../../storage/sqlite/orphans.js";
import { audioClips, examAudio } from "../../storage/tables.js";

/** A clip as it is kept: the URL of a file of our own is a path. */
export type StoredClip = Omit<AudioClip, "ossUrl"> & { ossUrl: string | null };
/** A clip that an exam plays; without a start time, by hand. */
export type StoredExamAudio = Omit<StoredClip, "id" | "isDefault"> & {
  id: string;
  clipId: string;
  startTime: Date | null;
};

type ClipChanges = { [Field in "name" | "classify" | "isDefault"]?: StoredClip[Field] | undefined } & {
  updatedAt: Date;
};

/** Whose a clip is (null: that was not noted), and whether exams offer it by default. */
export type ClipOwner = Pick<typeof audioClips.$inferSelect, "createdBy" | "isDefault">;
export type CheckClip = (clip: ClipOwner) => void;

export interface ClipFilter {
  readonly name?: string | undefined;
  readonly classify?: number | undefined;
}

export interface AudioStore {
  /** `within` runs in the same transaction. */
  create(
    clip: StoredClip & { createdBy: string; bytes: number; createdAt: Date; updatedAt: Date },
    within: (() => void) | undefined,
  ): Promise<void>;
  /** How many bytes the files of somebody's clips have, and those of all clips. */
  bytesOf(userId: string): number;
  bytes(): number;
  /** Undefined when there is no such clip. `check` sees before whose it is, and refuses by throwing. */
  update(clipId: string, changes: ClipChanges, check: CheckClip): Promise<StoredClip | undefined>;
  /**
   * Returns the URL that the clip had, or how many exams keep it; undefined when there is no such clip. `check` sees before
   * whose it is, and refuses by throwing.
   */
  delete(clipId: string, check: CheckClip): Promise<{ url: string } | { exams: number } | undefined>;
  /** Runs `work` unless a clip has this URL; until it is done nobody can add one. */
  unlessUsed(url: string, work: () => void): Promise<void>;
  /** A page of the library in the order it was made, and how many clips the filter finds in all. */
  list(
    filter: ClipFilter,
    page: { limit: number; offset: number },
  ): Promise<{ total: number; list: StoredClip[] }>;
  /** Scheduled clips by start time; those without one in the order they were attached. */
  ofExam(examId: string): Promise<StoredExamAudio[]>;
  /** Returns what is attached, which may have been there before, or which of the two there is not. */
  attach(attachment: NewAttachment): Promise<StoredExamAudio | "no_clip" | "no_exam">;
  /** False when the exam has no such attachment. */
  detach(examId: string, attachmentId: string): Promise<boolean>;
  /** The clips that are marked as default, in the library's order. */
  defaults(limit: number): Promise<Omit<StoredClip, "isDefault">[]>;
}

const ownColumns = {
  name: audioClips.name,
  classify: audioClips.classify,
  url: audioClips.url,
  ossUrl: audioClips.ossUrl,
};
const attachedColumns = {
  ...ownColumns,
  id: examAudio.id,
  clipId: examAudio.clipId,
  startTime: examAudio.startTime,
};
const clipColumns = { id: audioClips.id, ...ownColumns, isDefault: audioClips.isDefault };

/** A name as it is searched: without the differences that people do not type. */
const folded = (name: string): string => name.normalize("NFKC").toLowerCase();

export const createAudioStore = ({ db }: { db: Database }): AudioStore => {
  const { queries, write } = db;
  const ofExam = queries
    .select(attachedColumns)
    .from(examAudio)
    .innerJoin(audioClips, eq(audioClips.id, examAudio.clipId))
    .where(eq(examAudio.examId, sql.placeholder("examId")))
    .orderBy(asc(examAudio.startTime), asc(examAudio.id))
    .prepare();
  const attachedAs = queries
    .select(attachedColumns)
    .from(examAudio)
    .innerJoin(audioClips, eq(audioClips.id, examAudio.clipId))
    .where(eq(examAudio.id, sql.placeholder("id")))
    .prepare();
  const defaults = queries
    .select({ id: audioClips.id, ...ownColumns })
    .from(audioClips)
    .where(eq(audioClips.isDefault, true))
    .orderBy(asc(audioClips.id))
    .limit(sql.placeholder("limit"))
    .prepare();
  const ownerOf = queries
    .select({ createdBy: audioClips.createdBy, isDefault: audioClips.isDefault, url: audioClips.url })
    .from(audioClips)
    .where(eq(audioClips.id, sql.placeholder("clipId")))
    .prepare();
  const byId = queries
    .select(clipColumns)
    .from(audioClips)
    .where(eq(audioClips.id, sql.placeholder("clipId")))
    .prepare();

  const size = { bytes: sql<number>`coalesce(sum(${audioClips.bytes}), 0)` };
  const sizeOf = queries
    .select(size)
    .from(audioClips)
    .where(eq(audioClips.createdBy, sql.placeholder("userId")))
    .prepare();
  const sizeOfAll = queries.select(size).from(audioClips).where(gt(audioClips.bytes, 0)).prepare();

  return {
    bytesOf: (userId) => sizeOf.get({ userId })?.bytes ?? 0,
    bytes: () => sizeOfAll.get()?.bytes ?? 0,

    create: (clip, within) =>
      write(() => {
        within?.();
        queries
          .insert(audioClips)
          .values({ ...clip, foldedName: folded(clip.name) })
          .run();
      }),

    update: (clipId, changes, check) =>
      write(() => {
        const owner = ownerOf.get({ clipId });
        if (!owner) return undefined;
        check(owner);
        queries
          .update(audioClips)
          .set({ ...changes, ...(changes.name !== undefined && { foldedName: folded(changes.name) }) })
          .where(eq(audioClips.id, clipId))
          .run();
        return byId.get({ clipId });
      }),

    delete: (clipId, check) =>
      write(() => {
        const clip = ownerOf.get({ clipId });
        if (!clip) return undefined;
        check(clip);
        const playing = queries
          .select({ examId: examAudio.examId })
          .from(examAudio)
          .where(eq(examAudio.clipId, clipId))
          .all();
        if (playing.length > 0) return { exams: new Set(playing.map(({ examId }) => examId)).size };
        queries.delete(audioClips).where(eq(audioClips.id, clipId)).run();
        return { url: clip.url };
      }),

    unlessUsed: (url, work) =>
      write(() => {
        const user = queries
          .select({ id: audioClips.id })
          .from(audioClips)
          .where(eq(audioClips.url, url))
          .limit(1)
          .get();
        if (!user) work();
      }),

    async list({ name, classify }, { limit, offset }) {
      const where: SQL | undefined = and(
        classify === undefined ? undefined : eq(audioClips.classify, classify),
        // Not LIKE: `%` and `_` are ordinary characters here.
        name === undefined ? undefined : sql`instr(${audioClips.foldedName}, ${folded(name)}) > 0`,
      );
      const total = queries.select({ total: count() }).from(audioClips).where(where).get()?.total ?? 0;
      const list = queries
        .select(clipColumns)
        .from(audioClips)
        .where(where)
        .orderBy(asc(audioClips.id))
        .limit(limit)
        .offset(offset)
        .all();
      return { total, list };
    },

    ofExam: async (examId) => ofExam.all({ examId }),

    attach: (attachment) =>
      write(() => {
        if (missingClip(queries, [attachment]) !== undefined) return "no_clip";
        const attached = attachedAs.get({ id: attachClip(queries, attachment) });
        return attached ?? "no_clip";
      }).catch((error: unknown) => {
        if (isOrphan(error)) return "no_exam";
        throw error;
      }),

    detach: (examId, attachmentId) =>
      write(
        () =>
          queries
            .delete(examAudio)
            .where(and(eq(examAudio.id, attachmentId), eq(examAudio.examId, examId)))
            .run().changes > 0,
      ),

    defaults: async (limit) => defaults.all({ limit }),
  };
};
