import { z } from "zod";
import { attemptSchema } from "./attempt.js";
import { readinessSchema } from "./checks.js";
import { identitySchema } from "./identity.js";

/** What is known about a person at an exam, in all of their rooms. Members and entries of the roster have these fields. */
export const personFacts = {
  attempt: attemptSchema
    .optional()
    .describe("The person's attempt at the exam. Absent: nothing was decided about it, and it is running."),
  identity: identitySchema
    .optional()
    .describe(
      "What staff found of the person's identity. Absent: they have not checked it, and for examinees, who never see it.",
    ),
  readiness: readinessSchema
    .optional()
    .describe("The checks of the person before the exam. Absent: nothing was checked."),
  detectorsOff: z
    .boolean()
    .optional()
    .describe(
      "True if the detectors of the candidate's page are off for the person. Absent: they are as in the exam.",
    ),
} as const;
export type PersonFacts = z.infer<z.ZodObject<typeof personFacts>>;
