import { z } from "zod";
import { readinessDetails } from "./readiness.js";

// The readiness of a person, as members, entries of the roster and events have it.

export const readinessCheckSchema = z
  .object({
    result: z.enum(["passed", "failed"]).describe("Whether the check passed."),
    detail: z
      .enum(readinessDetails)
      .optional()
      .describe("Why it failed: a code that apps have texts for. Absent: it passed, or it is not known."),
  })
  .describe("The result of a check.");

const check = (what: string) => readinessCheckSchema.optional().describe(`${what} Absent: not checked.`);

export const checksSchema = z
  .object({
    consent: check("Whether the person has agreed to be watched."),
    camera: check("Whether the camera works."),
    microphone: check("Whether the microphone works."),
    connection: check("Whether the media server can be reached."),
    secondCamera: check("Whether the second camera works."),
    entered: readinessCheckSchema
      .optional()
      .describe(
        "`passed` once the person has entered the exam after their checks. Absent: they have not, or their app does not say it. `isReady` does not ask for it.",
      ),
  })
  .describe("The newest result of each check.");
export type Checks = z.infer<typeof checksSchema>;

export const readinessSchema = z
  .object({
    checks: checksSchema,
    wavedThrough: z.boolean().describe("Whether staff let the person begin without the checks."),
    since: z
      .date()
      .optional()
      .describe("When the person reported a changed check last. Absent: they have reported none."),
  })
  .describe("What the checks of a person before an exam have found. `isReady` says whether it is enough.");
export type Readiness = z.infer<typeof readinessSchema>;
