import { diagnoseInput, diagnosisSchema, examCheckSchema, examRef } from "@invigil/schema";
import { staff, teachers } from "../../trpc/procedures.js";
import type { DiagnosisService } from "./diagnosis.js";
import type { CheckService } from "./service.js";

export const createCheckProcedures = ({
  checks,
  diagnosis,
}: {
  checks: CheckService;
  diagnosis: DiagnosisService;
}) => ({
  exam: {
    check: teachers("wholeExam")
      .meta({
        sentence: "Returns what is missing for an exam.",
        errors: ["EXAM_NOT_FOUND"],
        rows: 1000,
        longAnswer: true,
      })
      .input(examRef)
      .output(examCheckSchema)
      .query(async ({ ctx: { caller, open }, input }) => checks.check(caller, await open(input))),
  },
  participant: {
    diagnose: staff("roomsToRun", "unbound")
      .meta({
        sentence:
          "Says what keeps a person from entering: their seats, links, codes and account, and their last refused calls.",
        access:
          "Teachers and inspectors: people of their own rooms, and teachers of the exams that they created. Without an exam: administrators only.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND", "PARTICIPANT_NOT_FOUND"],
        charges: ["readRows"],
      })
      .input(diagnoseInput)
      .output(diagnosisSchema)
      .query(async ({ ctx: { caller, open }, input }) =>
        diagnosis.diagnose(caller, await open(input), input),
      ),
  },
});
