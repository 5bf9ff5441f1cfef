import { z } from "zod";
import { reasonCodes } from "./attempts.js";
import { optional, verbatimText } from "./common-parts.js";

export const reasonCode = z
  .enum(reasonCodes)
  .describe("Why it was decided: a code that apps have texts for.");
/** The longest note or message, in UTF-16 code units. */
const MAX_NOTE = 1000;
export const note = verbatimText(1, MAX_NOTE).describe("A text for staff. The person never sees it.");
export const message = verbatimText(1, MAX_NOTE).describe("A text that the person sees.");

/** Why something is decided. Changes of an exam have it, too. */
export const decisionReasonSchema = z.object({
  code: reasonCode,
  note: optional(note).describe("A text for staff, which the person never sees. Absent: none."),
  message: optional(message).describe("A text that the person sees. Absent: none."),
});
