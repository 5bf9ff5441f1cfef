import { z } from "zod";
import { roleSchema } from "./auth.js";
import { pageSizeSchema } from "./common.js";
import { idSchema, instantSchema, optional, verbatimText, withDefault } from "./common-parts.js";
import { nextText } from "./fields.js";

const credentialKindSchema = z
  .enum(["token", "link", "session", "account", "command"])
  .describe(
    "What the actor proved themselves with: `session` is a token of a login, `link` a token of a seat in a room, `token` any other one, `account` the password of a login, `command` access to the server's machine.",
  );

export const auditEntrySchema = z
  .object({
    id: z.string().describe("The id of the entry. Later entries have greater ids."),
    time: z.date().describe("When it happened, by the server's clock. Of equal calls, the first."),
    actorId: z
      .string()
      .describe(
        "The user id of who made the call. Of a command, ` operator`. It stays when the person is erased.",
      ),
    actorRole: roleSchema.describe("The role of the actor's token."),
    credential: credentialKindSchema,
    credentialId: z
      .string()
      .optional()
      .describe("The id of the session, or the id (`jti`) of the token. Absent if it has none."),
    operator: z
      .string()
      .optional()
      .describe(
        "Of a command: the user of the operating system who ran it, and the name that they gave with `--as`. Absent: it was no command.",
      ),
    procedure: z.string().describe("The procedure that was called."),
    examId: z.string().optional().describe("The id of the exam that the call was about. Absent: of none."),
    roomId: z.string().optional().describe("The id of the room that the call was about. Absent: of none."),
    personId: z
      .string()
      .optional()
      .describe(
        "The user id of the person whom the call was about: `erased` once they were erased from the exam. Absent if the call named no person.",
      ),
    subject: z
      .string()
      .optional()
      .describe(
        "The id of something else that the call was about: a clip, a token, a session, or the room that a person left. Of a change of an exam's times, the old and the new ones, as two intervals of ISO 8601. `dry run`: an import was tried, which read the people of the exam. Absent: nothing else.",
      ),
    address: z.string().describe("The network address of the actor. Of a command, `in-process`."),
    entryPoint: z
      .enum(["rest", "trpc", "drop-in", "upload", "join-code", "command", "in-process"])
      .describe("How the call reached the server."),
    requestId: z
      .string()
      .describe("The id of the request, which its log lines have, too. Of equal calls, the first."),
    outcome: z
      .string()
      .describe(
        "`ok`, `ended` for the end of a subscription, or the code of the error with which the call was refused. Of a token that is no longer good, why: `TOKEN_EXPIRED`, `TOKEN_REVOKED`, `SESSION_ENDED`, `ACCOUNT_DISABLED` or `LINKS_REVOKED`.",
      ),
    times: z
      .int()
      .describe(
        "How many equal calls of one second the entry stands for, or calls of one minute with a token that is no longer good. Of a change of more than 100 people, how many they are.",
      ),
  })
  .describe("An entry of the audit: who changed or read what, or whose call was refused.");
export type AuditEntry = z.infer<typeof auditEntrySchema>;

export const listAuditInput = z
  .object({
    examId: optional(idSchema).describe(
      "Only entries about this exam, also if it is deleted. Absent: about all, and about none.",
    ),
    actorId: optional(verbatimText(1, 128)).describe("Only entries of this actor. Absent: of all."),
    personId: optional(idSchema).describe("Only entries about this person. Absent: all entries."),
    procedure: optional(idSchema).describe(
      "Only entries of this procedure, such as `room.create`. Absent: of all.",
    ),
    since: optional(instantSchema).describe("Only entries of this time or later. Absent: of any time."),
    until: optional(instantSchema).describe("Only entries of before this time. Absent: up to now."),
    withReads: withDefault(z.boolean(), true).describe(
      "Whether to list reads and subscriptions. Those that were refused are always listed.",
    ),
    withNames: withDefault(z.boolean(), false).describe("Whether to look up the names behind the ids."),
    pageSize: pageSizeSchema(50),
    cursor: optional(idSchema).describe("The `nextCursor` of the previous page. Absent: the newest entries."),
  })
  .describe("Input of `audit.list`.");
export type ListAuditInput = z.infer<typeof listAuditInput>;

const namedSchema = z
  .object({ id: z.string().describe("The id."), name: z.string().describe("The present name.") })
  .describe("The name behind an id.");

const auditNamesSchema = z
  .object({
    exams: z.array(namedSchema).describe("Of the exams."),
    rooms: z.array(namedSchema).describe("Of the rooms."),
    people: z
      .array(namedSchema)
      .describe("Of actors and people: the name of the account, or the one in an exam of the page."),
  })
  .describe("The names behind the ids of a page. What is gone has none.");
export type AuditNames = z.infer<typeof auditNamesSchema>;

export const auditPageSchema = z
  .object({
    entries: z
      .array(auditEntrySchema)
      .describe(
        "The newest first. With several filters, a page may be shorter than asked for, or empty, although another one follows.",
      ),
    names: auditNamesSchema.optional().describe("Only with `withNames`."),
    nextCursor: nextText,
  })
  .describe("Output of `audit.list`.");
export type AuditPage = z.infer<typeof auditPageSchema>;
