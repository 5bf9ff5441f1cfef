import type { AudioClip } from "@invigil/schema";
import { and, asc, count, eq, gt, lt, sql } from "drizzle-orm";
import { attachAnotherClip, findMissingClip, type NewAttachment } from "../../domain/audio-attachments.js";
import type { Author } from "../../domain/calls.js";
import type { Writes } from "../../domain/writes.js";
import { AUDIO_PREFIX } from "../../files/audio-files.js";
import { ForeignKeyError } from "../../storage/errors.js";
import type { Queries, Reader, Transaction } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement, statements } from "../../storage/statement.js";
import { audioClips, examAudio } from "../../storage/tables.js";
import { type AudioQuotas, assertMayChange, assertQuota, type StoredBytes } from "./rules.js";

/** A clip as stored. The URL of an uploaded file is a path. */
export type StoredClip = Omit<AudioClip, "ossUrl"> & { ossUrl: string | null };
/** A clip attached to an exam. A clip without a start time is started manually. */
export type StoredExamAudio = Omit<StoredClip, "id" | "isDefault"> & {
  id: string;
  clipId: string;
  startTime: Date | null;
};

type ClipChanges = { [Field in "name" | "classify" | "isDefault"]?: StoredClip[Field] | undefined } & {
  updatedAt: Date;
};

/** The uploaded file of a clip. */
export interface AddedFile {
  readonly bytes: number;
  /** Absent: no quotas. */
  readonly quotas: AudioQuotas | undefined;
  /** Keeps the file in the library. It may await nothing but statements of the transaction. */
  readonly keep: (tx: Transaction<"installation">) => Promise<void>;
}

export interface ClipFilter {
  readonly name?: string | undefined;
  readonly classify?: number | undefined;
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

/** Normalizes a name for searching: ignores case and compatibility variants of characters. */
const searchForm = (name: string): string => name.normalize("NFKC").toLowerCase();
/** The LIKE pattern for names that contain a text. */
const containsPattern = (text: string): string => `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;

const attachments = () =>
  query.select(attachedColumns).from(examAudio).innerJoin(audioClips, eq(audioClips.id, examAudio.clipId));
const attachmentsOfExam = statement(
  attachments()
    .where(eq(examAudio.examId, param("examId")))
    .orderBy(asc(examAudio.startTime), asc(examAudio.id)),
);
const attachmentById = statement((dialect) =>
  attachments().where(and(eq(examAudio.id, param("id")), dialect.inExam(examAudio.examId))),
);
const deleteAttachment = statement(
  query
    .delete(examAudio)
    .where(and(eq(examAudio.id, param("attachmentId")), eq(examAudio.examId, param("examId")))),
);
const defaultClips = statement(
  query
    .select({ id: audioClips.id, ...ownColumns })
    .from(audioClips)
    .where(eq(audioClips.isDefault, true))
    .orderBy(asc(audioClips.id))
    .limit(param("limit")),
);
const clipToChange = statement(
  query
    .select({ ...clipColumns, createdBy: audioClips.createdBy, foldedName: audioClips.foldedName })
    .from(audioClips)
    .where(eq(audioClips.id, param("clipId"))),
);
const insertClip = insertion(audioClips);
const updateClip = statement(
  query
    .update(audioClips)
    .set({
      name: rawParam<string>("name"),
      foldedName: rawParam<string>("foldedName"),
      classify: rawParam<number>("classify"),
      isDefault: rawParam<boolean>("isDefault"),
      updatedAt: rawParam<Date>("updatedAt"),
    })
    .where(eq(audioClips.id, param("clipId")))
    .returning(clipColumns),
);
const deleteClip = statement(query.delete(audioClips).where(eq(audioClips.id, param("clipId"))));
const examsOfClip = statement(
  query
    .select({ examId: examAudio.examId })
    .from(examAudio)
    .where(eq(examAudio.clipId, param("clipId"))),
);
const clipWithUrl = statement(
  query
    .select({ id: audioClips.id })
    .from(audioClips)
    .where(eq(audioClips.url, param("url")))
    .limit(1),
);
const urlsAfter = statement(
  query
    .select({ url: audioClips.url })
    .from(audioClips)
    .where(and(gt(audioClips.url, param("after")), lt(audioClips.url, param("end"))))
    .groupBy(audioClips.url)
    .orderBy(asc(audioClips.url))
    .limit(param("limit")),
);
/** Greater than all URLs that begin with `AUDIO_PREFIX`. */
const AFTER_FILES = AUDIO_PREFIX.replace(/\/$/, "0");
const sumOfBytes = { bytes: sql`coalesce(sum(${audioClips.bytes}), 0)`.mapWith(Number) };
const bytesOfPerson = statement(
  query
    .select(sumOfBytes)
    .from(audioClips)
    .where(eq(audioClips.createdBy, param("userId"))),
);
const bytesOfAll = statement(query.select(sumOfBytes).from(audioClips).where(gt(audioClips.bytes, 0)));

const matches = (hasName: boolean, hasClassify: boolean) =>
  and(
    hasClassify ? eq(audioClips.classify, param("classify")) : undefined,
    hasName ? sql`${audioClips.foldedName} LIKE ${param("pattern")} ESCAPE '\\'` : undefined,
  );
const countOfClips = statements((hasName: boolean, hasClassify: boolean) =>
  statement(query.select({ total: count() }).from(audioClips).where(matches(hasName, hasClassify))),
);
const pageOfClips = statements((hasName: boolean, hasClassify: boolean) =>
  statement(
    query
      .select(clipColumns)
      .from(audioClips)
      .where(matches(hasName, hasClassify))
      .orderBy(asc(audioClips.id))
      .limit(param("limit"))
      .offset(param("offset")),
  ),
);

const readStoredBytes = async (reader: Reader, userId: string): Promise<StoredBytes> => {
  const [ofPerson, ofAll] = await Promise.all([
    reader.get(bytesOfPerson, { userId }),
    reader.get(bytesOfAll),
  ]);
  return { ofPerson: ofPerson?.bytes ?? 0, ofAll: ofAll?.bytes ?? 0 };
};

/** Excludes other transactions that add a clip of this URL, or look whether there is one. */
const lockUrl = (tx: Transaction<"installation">, url: string): Promise<void> =>
  tx.lockName(`audio clips of ${url}`);

/** Excludes other transactions that add a clip: the quotas are about the sizes of all clips. */
const lockLibrary = (tx: Transaction<"installation">): Promise<void> =>
  tx.lockName("the library of audio clips");

/** Locks a clip that is about to change, and returns what the change depends on. */
const lockClip = async (tx: Transaction<"installation">, clipId: string) => {
  await tx.lock(audioClips, clipId);
  return tx.get(clipToChange, { clipId });
};

export type AudioStore = ReturnType<typeof createAudioStore>;

export const createAudioStore = ({ storage, writes }: { storage: Queries; writes: Writes }) => {
  const attachmentsOf = storage.cached(
    { tables: [examAudio, audioClips], freshPerTurn: true },
    (reader, examId: string) => reader.all(attachmentsOfExam, { examId }),
  );
  const defaultsUpTo = storage.cached({ tables: [audioClips], freshPerTurn: true }, (reader, limit: number) =>
    reader.all(defaultClips, { limit }),
  );
  return {
    /** The size of all uploaded files. */
    allBytes: async (): Promise<number> => (await storage.get(bytesOfAll))?.bytes ?? 0,
    storedBytes: (userId: string): Promise<StoredBytes> =>
      storage.snapshot((reader) => readStoredBytes(reader, userId)),

    /**
     * Adds a clip, while no other one is added. `unlessUsed` does not run for the clip's URL at the same time.
     * @throws QUOTA_EXCEEDED
     */
    create: (
      clip: StoredClip & { createdBy: string; createdAt: Date; updatedAt: Date },
      author: Author,
      file?: AddedFile,
    ): Promise<void> =>
      writes.ofInstallation({ subject: clip.id }, author, async (tx) => {
        await lockLibrary(tx);
        await lockUrl(tx, clip.url);
        if (file?.quotas)
          assertQuota(author, file.bytes, await readStoredBytes(tx, clip.createdBy), file.quotas);
        await file?.keep(tx);
        const bytes = file?.bytes ?? 0;
        await tx.insert(insertClip, [{ ...clip, bytes, foldedName: searchForm(clip.name) }]);
      }),

    /** Returns undefined when there is no such clip. */
    update: (
      clipId: string,
      { name, classify, isDefault, updatedAt }: ClipChanges,
      author: Author,
    ): Promise<StoredClip | undefined> =>
      writes.ofInstallation({ subject: clipId }, author, async (tx) => {
        const clip = await lockClip(tx, clipId);
        if (!clip) return undefined;
        assertMayChange(author, clipId, clip);
        return tx.get(updateClip, {
          clipId,
          name: name ?? clip.name,
          foldedName: name === undefined ? clip.foldedName : searchForm(name),
          classify: classify ?? clip.classify,
          isDefault: isDefault ?? clip.isDefault,
          updatedAt,
        });
      }),

    /**
     * Returns the URL of the deleted clip, or the number of exams whose attachments prevent the deletion. Returns
     * undefined when there is no such clip.
     */
    delete: (clipId: string, author: Author): Promise<{ url: string } | { exams: number } | undefined> =>
      writes.ofInstallation({ subject: clipId }, author, async (tx) => {
        const clip = await lockClip(tx, clipId);
        if (!clip) return undefined;
        assertMayChange(author, clipId, clip);
        const playing = await tx.all(examsOfClip, { clipId });
        if (playing.length > 0) return { exams: new Set(playing.map(({ examId }) => examId)).size };
        await tx.run(deleteClip, { clipId });
        return { url: clip.url };
      }),

    /**
     * Runs `work` in a transaction unless a clip has this URL. No such clip can be added before the commit.
     * `work` may await nothing but statements of the transaction. Returns its result; undefined if it did not run.
     */
    unlessUsed: <Result>(
      url: string,
      work: (tx: Transaction<"installation">) => Promise<Result>,
    ): Promise<Result | undefined> =>
      writes.ofInstallation({}, undefined, async (tx) => {
        await lockUrl(tx, url);
        return (await tx.get(clipWithUrl, { url })) ? undefined : work(tx);
      }),

    /**
     * Runs `work` in a transaction if a clip has this URL, which is not removed before the commit. `work` may await nothing but statements of
     * the transaction. Returns whether it ran.
     */
    ifUsed: (url: string, work: (tx: Transaction<"installation">) => Promise<void>): Promise<boolean> =>
      writes.ofInstallation({}, undefined, async (tx) => {
        await lockUrl(tx, url);
        if (!(await tx.get(clipWithUrl, { url }))) return false;
        await work(tx);
        return true;
      }),

    /** Returns URLs of uploaded files, without repetitions, in their order after one of them, or after the prefix of all. */
    fileUrls: async (after: string, limit: number): Promise<string[]> =>
      (await storage.all(urlsAfter, { after, end: AFTER_FILES, limit })).map(({ url }) => url),

    /**
     * Returns a page of matching clips, in the order in which they were added, and the number of all matching
     * clips.
     */
    async list(
      { name, classify }: ClipFilter,
      { limit, offset }: { limit: number; offset: number },
    ): Promise<{ total: number; list: StoredClip[] }> {
      const shape = [name !== undefined, classify !== undefined] as const;
      const values = { pattern: containsPattern(searchForm(name ?? "")), classify, limit, offset };
      const [counted, list] = await storage.snapshot((reader) =>
        Promise.all([reader.get(countOfClips(...shape), values), reader.all(pageOfClips(...shape), values)]),
      );
      return { total: counted?.total ?? 0, list };
    },

    /**
     * Returns the clips of an exam: scheduled clips by start time, then the others in the order in which they were attached. `defaults` are
     * the default clips, in the order in which they were added.
     */
    async ofExam(
      examId: string,
      mostDefaults: number,
    ): Promise<{
      readonly attached: readonly StoredExamAudio[];
      readonly defaults: readonly Omit<StoredClip, "isDefault">[];
    }> {
      const [attached, defaults] = await storage.together(() =>
        Promise.all([attachmentsOf(examId), defaultsUpTo(mostDefaults)]),
      );
      return { attached, defaults };
    },

    /** Returns the attachment, which may be an existing one, or which of the two does not exist, or that the exam has no place left. */
    attach: (
      attachment: NewAttachment,
      author: Author,
    ): Promise<StoredExamAudio | "no_clip" | "no_exam" | "full"> =>
      writes
        .ofExam({ examId: attachment.examId, subject: attachment.clipId }, author, async (tx) => {
          const { examId } = attachment;
          if ((await findMissingClip(tx, [attachment])) !== undefined) return "no_clip";
          const id = await attachAnotherClip(tx, attachment);
          if (id === undefined) return "full";
          return (await tx.get(attachmentById, { examId, id })) ?? "no_clip";
        })
        .catch((error: unknown) => {
          if (error instanceof ForeignKeyError) return "no_exam";
          throw error;
        }),

    /** Returns false when the exam has no such attachment. */
    detach: async (examId: string, attachmentId: string, author: Author): Promise<boolean> =>
      (await writes.ofExam({ examId, subject: attachmentId }, author, (tx) =>
        tx.run(deleteAttachment, { examId, attachmentId }),
      )) > 0,
  };
};
