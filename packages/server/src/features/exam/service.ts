import type { Caller, CreateExamInput, Exam, UpdateExamInput } from "@invigil/schema";
import { InvigilError, invalidInput } from "../../errors.js";
import type { Ids } from "../../ids.js";
import type { AccessService } from "../access/service.js";
import type { AudioService } from "../audio/service.js";
import type { ParticipantService } from "../participant/service.js";
import type { ExamStore } from "./store.js";

export interface ExamService {
  /** @throws FORBIDDEN */
  create(caller: Caller, input: CreateExamInput): Promise<Exam>;
  /** To an examinee, `endTime` is when the exam ends for it. @throws FORBIDDEN, EXAM_NOT_FOUND */
  get(caller: Caller, examId: string): Promise<Exam>;
  /** @throws FORBIDDEN, EXAM_NOT_FOUND, INVALID_INPUT when the end would not be after the start */
  update(caller: Caller, input: UpdateExamInput): Promise<Exam>;
}

export interface ExamServiceDeps {
  readonly store: ExamStore;
  readonly access: AccessService;
  readonly audio: AudioService;
  readonly participant: ParticipantService;
  readonly clock: () => Date;
  readonly ids: Ids;
}

const MINUTE_MS = 60_000;

export const createExamService = ({
  store,
  access,
  audio,
  participant,
  clock,
  ids,
}: ExamServiceDeps): ExamService => {
  const read = async (examId: string): Promise<Exam> => {
    const stored = await store.get(examId);
    if (!stored) throw new InvigilError("EXAM_NOT_FOUND", `There is no exam ${examId}.`);
    const { videoProfile, ...exam } = stored;
    return { ...exam, ...(await audio.ofExam(examId)), ...(videoProfile && { videoProfile }) };
  };

  return {
    async create(caller, { name, startTime, endTime, videoProfile }) {
      access.unbound(caller);
      const now = clock();
      const id = ids.next();
      await store.create({
        id,
        name,
        startTime,
        endTime,
        videoProfile,
        createdBy: caller.userId,
        createdAt: now,
        updatedAt: now,
      });
      return read(id);
    },
    async get(caller, examId) {
      await access.exam(caller, examId);
      const exam = await read(examId);
      if (caller.role !== "examinee") return exam;
      const extraMinutes = await participant.extraMinutesOf(examId, caller.userId);
      return { ...exam, endTime: new Date(exam.endTime.getTime() + extraMinutes * MINUTE_MS) };
    },
    async update(caller, { examId, ...changes }) {
      await access.exam(caller, examId);
      await store.update(examId, (current) => {
        const startTime = changes.startTime ?? current.startTime;
        const endTime = changes.endTime ?? current.endTime;
        if (endTime <= startTime)
          throw invalidInput(
            changes.endTime ? "endTime" : "startTime",
            "would make the exam end before it starts",
          );
        return {
          name: changes.name ?? current.name,
          startTime,
          endTime,
          videoProfile: changes.videoProfile === undefined ? current.videoProfile : changes.videoProfile,
          updatedAt: clock(),
        };
      });
      return read(examId);
    },
  };
};
