import {
  type AttachAudioInput,
  type AttachedAudio,
  type AudioClip,
  type AudioPage,
  type Caller,
  type CreateAudioInput,
  type DetachAudioInput,
  type Exam,
  type ListAudioInput,
  MAX_EXAM_AUDIO,
  type UpdateAudioInput,
  type UploadAudioInput,
} from "@invigil/schema";
import type { Quotas } from "../../config/config.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened } from "../../domain/opened.js";
import { AUDIO_PREFIX, type AudioFiles, isKeptName, keptNameOf } from "../../files/audio-files.js";
import { lookUp } from "../../files/folder-files.js";
import type { Gate } from "../../limits/gate.js";
import { quotaExceeded } from "../../limits/quotas.js";
import type { RateLimits } from "../../limits/rates.js";
import { examNotFound, forbidden, InvigilError } from "../../platform/errors.js";
import type { Ids } from "../../platform/ids.js";
import type { AccessService } from "../access/service.js";
import {
  type CopiedFiles,
  type CopyFilesControl,
  type CopyFilesOptions,
  copyFiles,
  namesOfFiles,
} from "./copy-files.js";
import { assertQuota, clipNotFound } from "./rules.js";
import type { AddedFile, AudioStore, StoredExamAudio } from "./store.js";

/** The maximum number of default clips that an exam offers. */
const MAX_DEFAULTS = 100;

/** An audio file that is being uploaded. */
export interface AudioUpload {
  readonly content: AsyncIterable<Uint8Array>;
  /** Returns the form fields that describe the file. Call it after reading the content. */
  readonly metadata: () => UploadAudioInput;
}

export type { CopiedFiles } from "./copy-files.js";

export interface AudioServiceDeps {
  readonly store: AudioStore;
  readonly access: Pick<AccessService, "open">;
  readonly files: AudioFiles;
  readonly clock: () => Date;
  readonly ids: Ids;
  readonly publicUrl: () => string;
  readonly gate: Gate;
  readonly rates: RateLimits;
  /** Absent: no quotas. */
  readonly quotas: Quotas | undefined;
}

export type AudioService = ReturnType<typeof createAudioService>;

export const createAudioService = ({
  store,
  access,
  files,
  clock,
  ids,
  publicUrl,
  gate,
  rates,
  quotas,
}: AudioServiceDeps) => {
  /**
   * The database stores paths of uploaded files, so that the server's public URL may change. Clients get
   * absolute URLs.
   */
  const toPublic = <T extends { url: string; ossUrl: string | null }>({ url, ossUrl, ...rest }: T) => ({
    ...rest,
    url: url.startsWith("/") ? `${publicUrl()}${url}` : url,
    ...(ossUrl !== null && { ossUrl }),
  });
  const toPublicAttached = ({ startTime, ...audio }: StoredExamAudio) => ({
    ...toPublic(audio),
    ...(startTime && { startTime }),
  });

  /**
   * The form of a URL to store: a path for a file of this server, however the URL is written; any other URL
   * unchanged.
   */
  const storedUrl = (url: string): string => {
    const own = new URL(publicUrl());
    const { origin, pathname } = new URL(url, own);
    const folder = `${own.pathname.replace(/\/$/, "")}${AUDIO_PREFIX}`;
    const name = pathname.startsWith(folder) ? pathname.slice(folder.length) : "";
    return origin === own.origin && isKeptName(name) ? `${AUDIO_PREFIX}${name}` : url;
  };

  const removeUnused = async (url: string): Promise<void> => {
    const removeContent = await store.unlessUsed(url, (tx) => files.remove(tx, url));
    await removeContent?.();
  };

  /** An exam without manual audio of its own offers the default clips to all its teachers. */
  const assertMaySetDefault = (caller: Caller, isDefault: boolean | undefined): void => {
    if (isDefault && caller.role !== "admin")
      throw forbidden("Only an administrator decides which clips exams offer by default (isDefault).");
  };

  const add = async (
    caller: ActingCaller,
    metadata: CreateAudioInput,
    file?: AddedFile,
  ): Promise<AudioClip> => {
    assertMaySetDefault(caller, metadata.isDefault);
    const { name, classify, isDefault, url, ossUrl = null } = metadata;
    const now = clock();
    const clip = { id: ids.next(), name, classify, isDefault, url: storedUrl(url), ossUrl };
    const row = { ...clip, createdBy: caller.userId, createdAt: now, updatedAt: now };
    await store.create(row, caller, file);
    return toPublic(clip);
  };

  return {
    async list({ pageNum, pageSize, name, classify }: ListAudioInput): Promise<AudioPage> {
      const { total, list } = await store.list(
        { name, classify },
        { limit: pageSize, offset: (pageNum - 1) * pageSize },
      );
      return { pageNum, pageSize, total, list: list.map(toPublic) };
    },
    /**
     * @throws FORBIDDEN for a token bound to a room or an exam, and for a default clip from a teacher, since all
     *   exams would offer it
     */
    create: (caller: Opened<"unbound">, input: CreateAudioInput): Promise<AudioClip> => add(caller, input),
    /**
     * Adds a file to the library, or nothing when any part of the upload is invalid.
     * @throws FORBIDDEN, before reading the content, for all but administrators and teachers with unbound
     *   tokens, and for a default clip from a teacher
     */
    async upload(caller: ActingCaller, upload: AudioUpload): Promise<AudioClip> {
      // Uploads arrive by a route of their own, without a procedure kind that checks the role.
      if (caller.role !== "admin" && caller.role !== "teacher")
        throw forbidden(`The role ${caller.role} may not add to the audio library.`);
      await access.open(caller, "unbound");
      gate.admit(caller, { writes: true });
      // Fail before reading the content when the quota is already used up.
      if (quotas) assertQuota(caller, 1, await store.storedBytes(caller.userId), quotas);
      let bytes = 0;
      async function* counted() {
        for await (const chunk of upload.content) {
          bytes += chunk.length;
          rates.take({ caller }, { audioBytes: chunk.length });
          yield chunk;
        }
      }
      await using file = await files.receive(counted());
      const metadata = upload.metadata();
      assertMaySetDefault(caller, metadata.isDefault);
      await file.store();
      try {
        // Inside the transaction: otherwise the last other clip of the same file, and with it the file, could
        // be deleted first.
        return await add(
          caller,
          { ...metadata, url: file.url },
          { bytes, quotas, keep: (tx) => file.keep(tx) },
        );
      } catch (error) {
        // The file may be in the library although adding the clip failed. The first error is the one to report.
        await removeUnused(file.url).catch(() => undefined);
        throw error;
      }
    },
    /** Teachers may change the clips that they added, except default clips. */
    async update(caller: Opened<"unbound">, { clipId, ...changes }: UpdateAudioInput): Promise<AudioClip> {
      assertMaySetDefault(caller, changes.isDefault);
      const change = { ...changes, updatedAt: clock() };
      const updated = await store.update(clipId, change, caller);
      if (!updated) throw clipNotFound(clipId);
      return toPublic(updated);
    },
    /**
     * Deletes a clip that no exam plays. Deletes the file, too, when no other clip uses it. The permissions are
     * those of `update`.
     */
    async delete(caller: Opened<"unbound">, clipId: string): Promise<true> {
      const outcome = await store.delete(clipId, caller);
      if (!outcome) throw clipNotFound(clipId);
      if ("exams" in outcome) {
        const exams = outcome.exams === 1 ? "1 exam plays" : `${outcome.exams} exams play`;
        throw new InvigilError("AUDIO_CLIP_CONFLICT", `${exams} the audio clip ${clipId}.`);
      }
      await removeUnused(outcome.url);
      return true;
    },
    /**
     * Attaches a clip to an exam. Attaching the same clip again changes nothing.
     * @throws QUOTA_EXCEEDED when the exam has `MAX_EXAM_AUDIO` attachments
     */
    async attach(
      caller: ActingCaller,
      { id: examId }: Opened<"wholeExam">,
      { clipId, startTime }: AttachAudioInput,
    ): Promise<AttachedAudio> {
      const attachment = { id: ids.next(), examId, clipId, startTime, createdAt: clock() };
      const attached = await store.attach(attachment, caller);
      if (attached === "no_clip") throw clipNotFound(clipId);
      if (attached === "no_exam") throw examNotFound(examId);
      if (attached === "full")
        throw quotaExceeded({
          whose: `The exam ${examId}`,
          what: "audio clips",
          held: MAX_EXAM_AUDIO,
          most: MAX_EXAM_AUDIO,
        });
      return toPublicAttached(attached);
    },
    /** @throws AUDIO_CLIP_NOT_FOUND when the exam has no such attachment */
    async detach(
      caller: ActingCaller,
      { id: examId }: Opened<"wholeExam">,
      attachmentId: DetachAudioInput["attachmentId"],
    ): Promise<true> {
      if (await store.detach(examId, attachmentId, caller)) return true;
      throw new InvigilError(
        "AUDIO_CLIP_NOT_FOUND",
        `The exam ${examId} has no audio attached as ${attachmentId}.`,
      );
    },
    /** Returns the size of all uploaded files in bytes. Checks no permissions: for use by other services. */
    fileBytes: (): Promise<number> => store.allBytes(),
    /** Returns the names of files that clips refer to and that are not where files are kept. Checks no permissions. */
    async missingFiles(): Promise<string[]> {
      const kept = lookUp(files);
      const missing: string[] = [];
      for (const name of await namesOfFiles(store)) if (!(await kept.find(name))) missing.push(name);
      return missing;
    },
    /** The same for the files of clips that an exam plays. */
    async missingFilesOf({
      scheduledAudio,
      manualAudio,
    }: Pick<Exam, "scheduledAudio" | "manualAudio">): Promise<string[]> {
      const kept = lookUp(files);
      const missing = new Set<string>();
      for (const { url } of [...scheduledAudio, ...manualAudio]) {
        const name = keptNameOf(storedUrl(url));
        if (name !== undefined && !(await kept.find(name))) missing.add(name);
      }
      return [...missing];
    },
    /** Copies the files of all clips to another place. Checks no permissions. @throws PROVIDER_FAILED */
    copyFiles: (options: CopyFilesOptions, control: CopyFilesControl): Promise<CopiedFiles> =>
      copyFiles(store, options, control),
    /** Returns the audio that an exam plays. Checks no permissions: for use by other services. */
    async ofExam(examId: string): Promise<Pick<Exam, "scheduledAudio" | "manualAudio">> {
      const { attached, defaults } = await store.ofExam(examId, MAX_DEFAULTS);
      const scheduledAudio: Exam["scheduledAudio"] = [];
      const manualAudio: Exam["manualAudio"] = [];
      for (const { startTime, ...audio } of attached) {
        if (startTime) scheduledAudio.push({ ...toPublic(audio), startTime });
        else manualAudio.push(toPublic(audio));
      }
      if (manualAudio.length > 0) return { scheduledAudio, manualAudio };
      return { scheduledAudio, manualAudio: defaults.map((clip) => toPublic({ ...clip, clipId: clip.id })) };
    },
  };
};
