import type {
  AttachAudioInput,
  AttachedAudio,
  AudioClip,
  AudioPage,
  Caller,
  CreateAudioInput,
  Exam,
  ListAudioInput,
} from "@invigil/schema";
import { InvigilError } from "../../errors.js";
import type { Ids } from "../../ids.js";
import type { AccessService } from "../access/service.js";
import type { AudioStore, StoredExamAudio } from "./store.js";

export interface AudioService {
  list(input: ListAudioInput): Promise<AudioPage>;
  /** @throws FORBIDDEN for a token bound to a room or an exam: the library is everybody's */
  create(caller: Caller, input: CreateAudioInput): Promise<AudioClip>;
  /**
   * Lets an exam play a clip. Attaching the same again changes nothing.
   * @throws FORBIDDEN, EXAM_NOT_FOUND, AUDIO_CLIP_NOT_FOUND
   */
  attach(caller: Caller, input: AttachAudioInput): Promise<AttachedAudio>;
  /** What an exam plays. Asks nobody's permission: for other services. */
  ofExam(examId: string): Promise<Pick<Exam, "scheduledAudio" | "manualAudio">>;
  /** Adds a clip whose URL may be a path of this server. Asks nobody's permission: for the start of the demo. */
  add(clip: CreateAudioInput): Promise<AudioClip>;
}

export interface AudioServiceDeps {
  readonly store: AudioStore;
  readonly access: AccessService;
  readonly clock: () => Date;
  readonly ids: Ids;
  readonly publicUrl: () => string;
}

export const createAudioService = ({
  store,
  access,
  clock,
  ids,
  publicUrl,
}: AudioServiceDeps): AudioService => {
  /** Files of our own are kept as paths, so that the server may move. Clients get absolute URLs only. */
  const shown = <T extends { url: string; ossUrl: string | null }>({ url, ossUrl, ...rest }: T) => ({
    ...rest,
    url: url.startsWith("/") ? `${publicUrl()}${url}` : url,
    ...(ossUrl !== null && { ossUrl }),
  });
  const shownAttached = ({ startTime, ...audio }: StoredExamAudio) => ({
    ...shown(audio),
    ...(startTime && { startTime }),
  });

  const add: AudioService["add"] = async ({ name, classify, isDefault, url, ossUrl = null }) => {
    const now = clock();
    const clip = { id: ids.next(), name, classify, isDefault, url, ossUrl };
    await store.create({ ...clip, createdAt: now, updatedAt: now });
    return shown(clip);
  };

  return {
    async list({ pageNum, pageSize, name, classify }) {
      const { total, list } = await store.list(
        { name, classify },
        { limit: pageSize, offset: (pageNum - 1) * pageSize },
      );
      return { pageNum, pageSize, total, list: list.map(shown) };
    },
    async create(caller, input) {
      access.unbound(caller);
      return add(input);
    },
    async attach(caller, { examId, clipId, startTime }) {
      await access.exam(caller, examId);
      const attached = await store.attach({ id: ids.next(), examId, clipId, startTime, createdAt: clock() });
      if (!attached) throw new InvigilError("AUDIO_CLIP_NOT_FOUND", `There is no audio clip ${clipId}.`);
      return shownAttached(attached);
    },
    async ofExam(examId) {
      const scheduledAudio: Exam["scheduledAudio"] = [];
      const manualAudio: Exam["manualAudio"] = [];
      for (const { startTime, ...audio } of await store.ofExam(examId)) {
        if (startTime) scheduledAudio.push({ ...shown(audio), startTime });
        else manualAudio.push(shown(audio));
      }
      return { scheduledAudio, manualAudio };
    },
    add,
  };
};
