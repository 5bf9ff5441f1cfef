import { importParticipantsInput, importResultSchema } from "@invigil/schema";
import { teachers } from "../../trpc/procedures.js";
import type { ImportService } from "./service.js";

export const createImportProcedures = ({ imports }: { imports: ImportService }) => ({
  participant: {
    import: teachers("wholeExam")
      .meta({
        sentence: "Imports people from a spreadsheet into an exam.",
        access: "Teachers: into an exam that they created, or into one room of theirs.",
        errors: [
          "EXAM_NOT_FOUND",
          "ROOM_NOT_FOUND",
          "ROOM_ENDED",
          "PARTICIPANT_CONFLICT",
          "EXAM_CONFLICT",
          "QUOTA_EXCEEDED",
        ],
        charges: ["readRows", "writeRows", "imports"],
        rows: 1000,
        bodyKib: 15 * 1024,
      })
      .input(importParticipantsInput)
      .output(importResultSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        imports.importFile(caller, () => open(input), input),
      ),
  },
});
