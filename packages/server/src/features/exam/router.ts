import {
  createExamInput,
  deletedExamSchema,
  deleteExamInput,
  doneSchema,
  duplicatedExamSchema,
  duplicateExamInput,
  eraseExamInput,
  examPageSchema,
  examRef,
  examSchema,
  listDeletedExamsInput,
  listExamsInput,
  restorableExamPageSchema,
  restoredExamSchema,
  updateExamInput,
} from "@invigil/schema";
import { admins, anyone, staff, teachers } from "../../trpc/procedures.js";
import type { DuplicateService } from "./duplicates.js";
import type { ExamService } from "./service.js";

export const createExamProcedures = ({
  exam,
  duplicates,
}: {
  exam: ExamService;
  duplicates: DuplicateService;
}) => ({
  exam: {
    create: teachers("unbound")
      .meta({
        sentence: "Creates an exam.",
        errors: ["AUDIO_CLIP_NOT_FOUND", "QUOTA_EXCEEDED"],
        charges: ["rooms", "writeRows"],
        bodyKib: 1024,
      })
      .input(createExamInput)
      .output(examSchema)
      .mutation(async ({ ctx: { open }, input }) => exam.create(await open(), input)),
    get: anyone("exam")
      .meta({ sentence: "Returns an exam and the audio that it plays.", errors: ["EXAM_NOT_FOUND"] })
      .input(examRef)
      .output(examSchema)
      .query(async ({ ctx: { caller, open }, input }) => exam.get(caller, await open(input))),
    list: staff("ownExams")
      .meta({
        sentence: "Returns the exams that the caller may see.",
        access: "Teachers and inspectors: the exams that they may use.",
        longAnswer: true,
      })
      .input(listExamsInput)
      .output(examPageSchema)
      .query(async ({ ctx: { caller, open }, input }) => exam.list(caller, await open(), input)),
    update: teachers("wholeExam")
      .meta({
        sentence: "Changes an exam.",
        errors: ["EXAM_NOT_FOUND", "AUDIO_CLIP_NOT_FOUND"],
        charges: ["events", "writeRows"],
        bodyKib: 1024,
      })
      .input(updateExamInput)
      .output(examSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => exam.update(caller, await open(input), input)),
    duplicate: teachers("wholeExam")
      .meta({
        sentence: "Copies an exam, optionally with its rooms and people.",
        errors: [
          "EXAM_NOT_FOUND",
          "AUDIO_CLIP_NOT_FOUND",
          "PARTICIPANT_CONFLICT",
          "QUOTA_EXCEEDED",
          "PROVIDER_NOT_CONFIGURED",
          "PROVIDER_FAILED",
        ],
        charges: ["rooms", "readRows", "writeRows"],
        rows: 1000,
      })
      .input(duplicateExamInput)
      .output(duplicatedExamSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        duplicates.duplicate(caller, await open(input), input),
      ),
    delete: teachers("wholeExam")
      .meta({
        sentence: "Deletes an exam.",
        errors: ["EXAM_NOT_FOUND", "EXAM_CONFLICT"],
        charges: ["writeRows"],
        rows: 1000,
        allowedWhenDiskFull: true,
      })
      .input(deleteExamInput)
      .output(deletedExamSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => exam.delete(caller, await open(input), input)),
    listDeleted: admins("unbound")
      .meta({ sentence: "Returns the deleted exams that can be restored.", longAnswer: true })
      .input(listDeletedExamsInput)
      .output(restorableExamPageSchema)
      .query(async ({ ctx: { open }, input }) => exam.listDeleted(await open(), input)),
    restore: admins("deletedExam")
      .meta({
        sentence: "Restores a deleted exam.",
        errors: ["EXAM_NOT_FOUND"],
        allowedWhenDiskFull: true,
      })
      .input(examRef)
      .output(restoredExamSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => exam.restore(caller, await open(input))),
    erase: admins("deletedExam")
      .meta({
        sentence: "Erases a deleted exam at once.",
        errors: ["EXAM_NOT_FOUND"],
        allowedWhenDiskFull: true,
      })
      .input(eraseExamInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        exam.erase(caller, await open(input), input.confirm),
      ),
  },
});
