import { z } from "zod";
import { pageSizeSchema } from "./common.js";
import { idSchema, optional } from "./common-parts.js";
import { nextText } from "./fields.js";

export const deadLetterSchema = z
  .object({
    id: z.string().describe("The id of the task."),
    examId: z.string().describe("The id of the exam whose task it was. The exam may be deleted."),
    queue: z.string().describe("The message service that was called."),
    kind: z.string().describe("What the call was for: `send`, `leave` or `delete_group`."),
    key: z.string().describe("The id of the group at the message service that the call was about."),
    reason: z
      .enum(["expired", "refused"])
      .describe(
        "Why the server gave up: the time for the call had passed, or the service refused it ten times.",
      ),
    lastError: z.string().optional().describe("The last error of the service. Absent: it was not tried."),
    attempts: z.int().describe("How often the call was tried."),
    createdAt: z.date().describe("When the task was added."),
    diedAt: z.date().describe("When the server gave up."),
  })
  .describe("A dead letter: a call to a message service that the server gave up. It is kept for 14 days.");
export type DeadLetter = z.infer<typeof deadLetterSchema>;

export const listDeadLettersInput = z
  .object({
    pageSize: pageSizeSchema(50),
    cursor: optional(idSchema).describe("The `nextCursor` of the previous page. Absent: the first page."),
  })
  .describe("Input of `outbox.list`.");
export type ListDeadLettersInput = z.infer<typeof listDeadLettersInput>;

export const deadLetterPageSchema = z
  .object({
    letters: z.array(deadLetterSchema).describe("The newest tasks first."),
    nextCursor: nextText,
  })
  .describe("Output of `outbox.list`.");
export type DeadLetterPage = z.infer<typeof deadLetterPageSchema>;

export const deadLetterRef = z
  .object({ id: idSchema.describe("The id of the task.") })
  .describe("Input of `outbox.retry`.");

export const retriedSchema = z
  .object({
    retried: z
      .boolean()
      .describe(
        "Whether this call added the task again. False: there is no dead letter with this id, because it was tried again, dropped or pruned before.",
      ),
  })
  .describe("Output of `outbox.retry`.");
export type Retried = z.infer<typeof retriedSchema>;
