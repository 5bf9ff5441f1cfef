import type { AudioClip } from "@invigil/schema";
import { and, asc, count, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { Database } from "../../db/client.js";
import { audioClips, examAudio } from "../../db/tables.js";

/** A clip as it is kept: the URL of a file of our own is a path. */
export type StoredClip = Omit<AudioClip, "ossUrl"> & { ossUrl: string | null };
/** A clip that an exam plays; without a start time, by hand. */
export type StoredExamAudio = Omit<StoredClip, "id" | "isDefault"> & {
  id: string;
  clipId: string;
  startTime: Date | null;
};

export interface ClipFilter {
  readonly name?: string | undefined;
  readonly classify?: number | undefined;
}

export interface AudioStore {
  create(clip: StoredClip & { createdAt: Date; updatedAt: Date }): Promise<void>;
  /** A page of the library in the order it was made, and how many clips the filter finds in all. */
  list(
    filter: ClipFilter,
    page: { limit: number; offset: number },
  ): Promise<{ total: number; list: StoredClip[] }>;
  /** Scheduled clips by start time; those without one in the order they were attached. */
  ofExam(examId: string): Promise<StoredExamAudio[]>;
  /** Returns what is attached, which may have been there before; undefined when there is no such clip. */
  attach(attachment: typeof examAudio.$inferInsert): Promise<StoredExamAudio | undefined>;
}

const ownColumns = {
  name: audioClips.name,
  classify: audioClips.classify,
  url: audioClips.url,
  ossUrl: audioClips.ossUrl,
};
const clipColumns = { id: audioClips.id, ...ownColumns, isDefault: audioClips.isDefault };

export const createAudioStore = ({ db }: { db: Database }): AudioStore => {
  const { queries, write } = db;
  const ofExam = queries
    .select({ ...ownColumns, id: examAudio.id, clipId: examAudio.clipId, startTime: examAudio.startTime })
    .from(examAudio)
    .innerJoin(audioClips, eq(audioClips.id, examAudio.clipId))
    .where(eq(examAudio.examId, sql.placeholder("examId")))
    .orderBy(asc(examAudio.startTime), asc(examAudio.id))
    .prepare();

  return {
    create: (clip) => write(() => void queries.insert(audioClips).values(clip).run()),

    async list({ name, classify }, { limit, offset }) {
      const where: SQL | undefined = and(
        classify === undefined ? undefined : eq(audioClips.classify, classify),
        // Not LIKE: `%` and `_` are ordinary characters here.
        name === undefined ? undefined : sql`instr(lower(${audioClips.name}), lower(${name})) > 0`,
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
        const clip = queries
          .select({ clipId: audioClips.id, ...ownColumns })
          .from(audioClips)
          .where(eq(audioClips.id, attachment.clipId))
          .get();
        if (!clip) return undefined;
        const startTime = attachment.startTime ?? null;
        const there = queries
          .select({ id: examAudio.id })
          .from(examAudio)
          .where(
            and(
              eq(examAudio.examId, attachment.examId),
              eq(examAudio.clipId, attachment.clipId),
              startTime ? eq(examAudio.startTime, startTime) : isNull(examAudio.startTime),
            ),
          )
          .get();
        if (!there) queries.insert(examAudio).values(attachment).run();
        return { ...clip, id: there?.id ?? attachment.id, startTime };
      }),
  };
};
