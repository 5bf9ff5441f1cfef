import { z } from "zod";
import { pageSizeSchema } from "./common.js";
import { boundedList, label, optional, wholeNumber } from "./common-parts.js";
import { found, given, nextNumber } from "./fields.js";
import { handKinds, handStatuses } from "./hands.js";
import { handActions } from "./hands-parts.js";

/** The most hands that a person may raise in a room. */
export const MAX_HANDS = 50;
const MAX_HAND_TEXT = 200;
const MAX_HAND_NOTE = 500;

const handKindSchema = z
  .enum(handKinds)
  .describe("What the person asks for: help, a break, or help with a technical problem.");
const handStatusSchema = z
  .enum(handStatuses)
  .describe(
    "`raised`: it has no answer yet. `taken`: a person of the staff takes care of it. `granted`: the break has begun, and detectors rest. `resolved`: it is over.",
  );

export const handSchema = z
  .object({
    id: z.int().describe("The id of the hand. It increases with every hand."),
    roomId: found.roomId,
    userId: found.userId,
    kind: handKindSchema,
    status: handStatusSchema,
    text: z.string().optional().describe("What the person wrote. Absent: nothing."),
    createdAt: z.date().describe("When it was raised."),
    grantedAt: z.date().optional().describe("When the break began. Absent: it was not granted."),
    resolvedAt: z
      .date()
      .optional()
      .describe(
        "When it was resolved: by staff, by the person, or because the room ended or the person left it. Absent: it is open.",
      ),
    takenBy: z
      .string()
      .optional()
      .describe(
        "The user id of the person of the staff who took, granted or resolved it last. Absent: there is none, or the caller is an examinee.",
      ),
    note: z
      .string()
      .optional()
      .describe("The note of the staff. Absent: there is none, or the caller is an examinee."),
  })
  .describe("A raised hand of an examinee.");
export type Hand = z.infer<typeof handSchema>;

export const raiseHandInput = z
  .object({
    roomId: given.roomId,
    userId: optional(given.userId).describe(
      "The examinee whose hand is raised. Absent: the caller. Staff must name one, and take the hand as they raise it.",
    ),
    kind: handKindSchema,
    text: optional(label(MAX_HAND_TEXT)).describe("What the person wants to say. Absent: nothing."),
  })
  .describe("Input of `hand.raise`.");
export type RaiseHandInput = z.infer<typeof raiseHandInput>;

export const answerHandInput = z
  .object({
    roomId: given.roomId,
    handId: wholeNumber(1, Number.MAX_SAFE_INTEGER).describe("The id of the hand."),
    action: z
      .enum(handActions)
      .describe(
        "`take`: the caller takes care of it. `grant`: a break begins. `resolve`: it is over, and so is a break.",
      ),
    note: optional(label(MAX_HAND_NOTE)).describe(
      "A note for the staff, which replaces the one before. Examinees do not see it. Absent: the note stays as it is.",
    ),
  })
  .describe("Input of `hand.answer`.");
export type AnswerHandInput = z.infer<typeof answerHandInput>;

export const listHandsInput = z
  .object({
    roomId: optional(given.roomId).describe("Only hands in this room. Absent: `examId` names the exam."),
    examId: optional(given.examId).describe("Only hands in this exam. Absent: `roomId` names the room."),
    userId: optional(given.userId).describe(
      "Only hands of this person: if they sit the exam in a room that the call is about, of all rooms of the exam. Absent: of everybody.",
    ),
    statuses: optional(boundedList(handStatusSchema, handStatuses.length)).describe(
      "Only hands with one of these statuses. Absent: all.",
    ),
    pageSize: pageSizeSchema(100),
    cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)).describe(
      "The `nextCursor` of the previous page. Absent: the first page.",
    ),
  })
  .refine(({ roomId, examId }) => roomId !== undefined || examId !== undefined, {
    path: ["roomId"],
    error: "or examId is required",
  })
  .describe("Input of `hand.list`. At least one of `roomId` and `examId` is required.");
export type ListHandsInput = z.infer<typeof listHandsInput>;

export const handPageSchema = z
  .object({ hands: z.array(handSchema).describe("The oldest hands first."), nextCursor: nextNumber })
  .describe("Output of `hand.list`.");
export type HandPage = z.infer<typeof handPageSchema>;
