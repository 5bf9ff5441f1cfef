import { z } from "zod";
import { decisionReasonSchema, message, note, reasonCode } from "./attempt-parts.js";
import { attemptStatuses, MAX_EXTENDED_MINUTES } from "./attempts.js";
import { roleSchema } from "./auth.js";
import { pageSizeSchema } from "./common.js";
import {
  boundedList,
  idSchema,
  instantSchema,
  optional,
  verbatimText,
  wholeNumber,
  withDefault,
} from "./common-parts.js";
import { found, given, nextNumber } from "./fields.js";
import { identitySchema } from "./identity.js";

// The inputs and outputs of decisions about attempts.

const attemptStatusSchema = z
  .enum(attemptStatuses)
  .describe(
    "`running`, `paused`, `finished` (by the person) or `terminated`. For people whose attempt is finished or terminated, the rooms of the exam have ended.",
  );

export const attemptSchema = z
  .object({
    status: attemptStatusSchema,
    since: z.date().optional().describe("Since when it has this status. Absent: since the beginning."),
    givesBack: z.boolean().describe("Whether the time of the current pause is given back."),
    pausedMs: z
      .int()
      .describe(
        "The time that was given back, in milliseconds: of earlier pauses, and between an end and its reopening.",
      ),
    extendedMinutes: z
      .int()
      .describe("The minutes that were given, or taken away if negative, because of incidents."),
  })
  .describe("One person's sitting in one exam. `endsAtOf` computes from it when the exam ends for them.");

/** What the keys begin with that the server gives to entries. A key of staff never meets one. */
export const SERVER_KEY = "server:";
const idempotencyKey = verbatimText(1, 64).refine(
  (key) => !key.startsWith(SERVER_KEY),
  `must not begin with ${SERVER_KEY}`,
);

/** The most people whom one call decides about. */
export const MAX_DECIDED = 500;

const decision = z.object({
  roomId: given.roomId,
  userIds: optional(boundedList(idSchema, MAX_DECIDED, `must be at most ${MAX_DECIDED} people`)).describe(
    "The user ids of examinees in the room. Absent: all of them.",
  ),
  reason: decisionReasonSchema.describe("Why it is decided."),
  key: idempotencyKey.describe(
    "An idempotency key, which must not begin with `server:`. Repeating a call with its key answers `changed` for those whom it has changed, and continues with the others.",
  ),
  dryRun: withDefault(z.boolean(), false).describe(
    "Whether to answer what would happen, and change nothing.",
  ),
});

export const pauseAttemptsInput = decision
  .extend({
    giveBack: withDefault(z.boolean(), true).describe(
      "Whether the exam ends later by the time of the pause.",
    ),
  })
  .describe("Input of `attempt.pause`.");
export const resumeAttemptsInput = decision.describe("Input of `attempt.resume`.");
export const extendAttemptsInput = decision
  .extend({
    minutes: wholeNumber(-MAX_EXTENDED_MINUTES, MAX_EXTENDED_MINUTES)
      .refine((minutes) => minutes !== 0, "must not be 0")
      .describe("The minutes to add to those that were given before. Negative: they are taken away."),
  })
  .describe("Input of `attempt.extend`.");
export const answersSchema = z
  .enum(["submit", "save", "discard"])
  .describe("What the system with the questions should do with the answers.");
export const terminateAttemptsInput = decision
  .extend({ answers: withDefault(answersSchema, "submit") })
  .describe("Input of `attempt.terminate`.");
export const reopenAttemptsInput = decision.describe("Input of `attempt.reopen`.");
export const finishAttemptInput = z
  .object({ roomId: given.roomId })
  .describe("Input of `attempt.finish`: a room in which the caller sits the exam.");

export type Decision = z.infer<typeof decision>;
export type PauseAttemptsInput = z.infer<typeof pauseAttemptsInput>;
export type ExtendAttemptsInput = z.infer<typeof extendAttemptsInput>;
export type TerminateAttemptsInput = z.infer<typeof terminateAttemptsInput>;

const ENDS_AT = "When the exam ends for the person. During a pause whose time is given back, as of now.";
const NOT_SITTING = "Absent: they are no examinee of the room.";

export const decidedSchema = z
  .object({
    people: z
      .array(
        z
          .object({
            userId: found.userId,
            outcome: z
              .enum(["changed", "unchanged", "refused"])
              .describe(
                "`changed`: this call has changed it, or an earlier one with the same key. `unchanged`: it was so before. `refused`: see `refusal`.",
              ),
            refusal: z
              .enum(["over", "pastEnd", "endsInPast", "tooManyMinutes", "notInRoom", "noExaminee"])
              .optional()
              .describe(
                "`over`: the attempt is finished or terminated. `pastEnd`: the exam has ended for the person. `endsInPast`: it would have ended already. `tooManyMinutes`: the minutes in total would be too many. `notInRoom`: the person is not in the room. `noExaminee`: they are in it as staff. Absent: it is not refused.",
              ),
            attempt: attemptSchema.optional().describe(`The attempt afterwards. ${NOT_SITTING}`),
            endsAt: z.date().optional().describe(`${ENDS_AT} ${NOT_SITTING}`),
            needsLink: z
              .boolean()
              .optional()
              .describe("True if the exam now ends after the person's links and tokens: they need new ones."),
          })
          .describe("What happened to one person."),
      )
      .describe("The people about whom this call has decided, in the order of the room."),
    remaining: z
      .int()
      .describe(
        `How many people are left, because a call changes at most ${MAX_DECIDED}. Call again with the same key until none is left.`,
      ),
  })
  .describe("Output of `attempt.pause`, `resume`, `extend`, `terminate` and `reopen`.");
export type Decided = z.infer<typeof decidedSchema>;

export const finishedAttemptSchema = z
  .object({ attempt: attemptSchema, endsAt: z.date().describe(ENDS_AT) })
  .describe("Output of `attempt.finish`.");
export type FinishedAttempt = z.infer<typeof finishedAttemptSchema>;

/** The kinds of entries that are decisions, which their people see. */
export const decisionKinds = ["pause", "resume", "extend", "terminate", "finish", "reopen", "times"] as const;
/** The kinds of entries. */
export const entryKinds = [...decisionKinds, "identity", "note", "consent"] as const;
export type EntryKind = (typeof entryKinds)[number];

/** How serious a note is. One that is more than `info` is a flag. */
export const noteSeverities = ["info", "look", "serious"] as const;
export type NoteSeverity = (typeof noteSeverities)[number];
const noteSeverity = z
  .enum(noteSeverities)
  .describe("How serious it is. `look`: it needs a look. `serious`: it needs a decision.");
/** The most entries that a person may write in an exam with `exam.note` and `participant.checkIdentity`. */
export const MAX_ENTRIES_WRITTEN = 10_000;

const changedTime = z.object({
  from: z.date().describe("The time before the change."),
  to: z.date().describe("The time after the change."),
});

export const examEntrySchema = z
  .object({
    id: z.int().describe("The id of the entry. Ids increase within an exam."),
    roomId: z
      .string()
      .optional()
      .describe("The room through which it was decided. Absent: it is about the whole exam."),
    userId: z
      .string()
      .optional()
      .describe("The person whom it is about. Absent: it is about the room or the exam."),
    by: z
      .object({
        userId: found.userId,
        role: roleSchema,
        name: z
          .string()
          .optional()
          .describe(
            "The name of their account. Absent: they have none, or this is the answer to their own call.",
          ),
      })
      .optional()
      .describe("Who decided it. Absent for examinees."),
    kind: z
      .enum(entryKinds)
      .describe(
        "What was decided. `times`: the times of the exam were changed after it had begun. `identity`: staff checked who the person is. `note`: staff noted something. `consent`: the person agreed to be watched.",
      ),
    minutes: z
      .int()
      .optional()
      .describe("Of `extend`: the minutes. Negative: they were taken away. Absent: another kind."),
    starts: changedTime.optional().describe("Of `times`: when the exam begins. Absent: as before."),
    ends: changedTime
      .optional()
      .describe("Of `times`: when the exam ends for the person. Absent: another kind."),
    giveBack: z
      .boolean()
      .optional()
      .describe("Of `pause`: whether its time is given back. Absent: another kind."),
    answers: answersSchema
      .optional()
      .describe("Of `terminate`: what should be done with the answers. Absent: another kind."),
    identity: identitySchema.shape.status
      .optional()
      .describe("Of `identity`: what was found. Absent: another kind."),
    version: z
      .int()
      .optional()
      .describe(
        "Of `consent`: the version of the text, or 0 for the page's standard text. Absent: another kind.",
      ),
    severity: noteSeverity.optional().describe("Of `note`: how serious it is. Absent: another kind."),
    at: z
      .date()
      .optional()
      .describe("Of `note`: when it happened, as its author said. Absent: they did not say."),
    reason: reasonCode.optional().describe("Why it was decided. Absent: none was given."),
    note: note.optional().describe("A text for staff. Absent: none, and for examinees."),
    message: message.optional().describe("A text that the person sees. Absent: none."),
    time: z.date().describe("When it was decided, by the server's clock."),
  })
  .describe("A decision about a person, or what staff noted about a person, a room or an exam.");
export type ExamEntry = z.infer<typeof examEntrySchema>;

export const examEntriesInput = z
  .object({
    examId: given.examId,
    roomId: optional(given.roomId).describe(
      "Only entries of this room. Absent: of all that the caller may see.",
    ),
    userId: optional(given.userId).describe(
      "Only entries about this person: without `roomId`, if they sit the exam in a room that the caller may see, of all rooms. Absent: about all.",
    ),
    pageSize: pageSizeSchema(100),
    cursor: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)).describe(
      "The `nextCursor` of the previous page. Absent: the first page.",
    ),
  })
  .describe("Input of `exam.entries`.");
export type ExamEntriesInput = z.infer<typeof examEntriesInput>;
export const examEntryPageSchema = z
  .object({ entries: z.array(examEntrySchema).describe("The newest entries first."), nextCursor: nextNumber })
  .describe("Output of `exam.entries`.");
export type ExamEntryPage = z.infer<typeof examEntryPageSchema>;

const entryKey = idempotencyKey.describe(
  "An idempotency key, which must not begin with `server:`. Repeating a call with its key writes nothing, and returns the entry of the first call.",
);
export const checkIdentityInput = z
  .object({
    roomId: given.roomId,
    userId: given.userId,
    status: identitySchema.shape.status,
    note: optional(note).describe("A text for staff, which the person never sees. Absent: none."),
    key: entryKey,
  })
  .describe("Input of `participant.checkIdentity`.");
export type CheckIdentityInput = z.infer<typeof checkIdentityInput>;
export const examNoteInput = z
  .object({
    examId: given.examId,
    roomId: optional(given.roomId).describe(
      "The room that the note is about, or in which the person is. Absent: the whole exam.",
    ),
    userId: optional(given.userId).describe(
      "The person whom the note is about. They must be in the room. Absent: the room or the exam.",
    ),
    severity: withDefault(noteSeverity, "info"),
    at: optional(instantSchema).describe("When it happened. Absent: not said."),
    text: note,
    key: entryKey,
  })
  .describe("Input of `exam.note`.");
export type ExamNoteInput = z.infer<typeof examNoteInput>;
