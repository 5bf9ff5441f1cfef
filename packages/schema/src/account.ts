import { z } from "zod";
import { newPasswordSchema } from "./auth.js";
import { pageSizeSchema, userIdSchema } from "./common.js";
import { idSchema, label, optional } from "./common-parts.js";
import { given, nextText, personName, times } from "./fields.js";

export const accountRoleSchema = z
  .enum(["admin", "teacher", "inspector"])
  .describe("The role of the person. Candidates have no account: they use tokens.");
export type AccountRole = z.infer<typeof accountRoleSchema>;

export const accountSchema = z
  .object({
    userId: z.string().describe("The user id, which is the username at the login."),
    role: accountRoleSchema,
    name: personName,
    disabled: z.boolean().describe("Whether the account is barred from logging in."),
    ...times,
  })
  .describe("An account of a person who logs in with a password.");
export type Account = z.infer<typeof accountSchema>;

export const createAccountInput = z
  .object({
    userId: userIdSchema.describe("The user id of the new account, which is the username at the login."),
    role: accountRoleSchema,
    name: label(64).describe("The name of the person."),
    password: newPasswordSchema,
  })
  .describe("Input of `account.create`.");
export type CreateAccountInput = z.infer<typeof createAccountInput>;

export const listAccountsInput = z
  .object({
    role: optional(accountRoleSchema).describe("Only accounts with this role. Absent: of every role."),
    pageSize: pageSizeSchema(20),
    cursor: optional(idSchema).describe("The last user id of the previous page. Absent: the first page."),
  })
  .describe("Input of `account.list`.");
export type ListAccountsInput = z.infer<typeof listAccountsInput>;

export const accountPageSchema = z
  .object({
    accounts: z.array(accountSchema).describe("Ordered by user id."),
    nextCursor: nextText,
  })
  .describe("Output of `account.list`.");
export type AccountPage = z.infer<typeof accountPageSchema>;

export const accountRef = z
  .object({ userId: given.userId })
  .describe("Input of `account.disable` and `account.enable`.");

export const accountSessionSchema = z
  .object({
    id: z
      .string()
      .describe("The id of the session. It grants nothing: it is no token, and none can be made of it."),
    userId: z.string().describe("The user id of the account that is signed in."),
    role: accountRoleSchema,
    name: personName,
    createdAt: z.date().describe("When the person signed in."),
    expiresAt: z.date().describe("When the session ends, however often its token is refreshed."),
    isOwn: z.boolean().describe("Whether the token of this call belongs to the session."),
  })
  .describe("A login that has not ended.");
export type AccountSession = z.infer<typeof accountSessionSchema>;

export const listSessionsInput = z
  .object({
    userId: optional(idSchema).describe(
      "Only sessions of this account. Absent: of all accounts, or for anybody but administrators of their own.",
    ),
    pageSize: pageSizeSchema(20),
    cursor: optional(idSchema).describe("The last session id of the previous page. Absent: the first page."),
  })
  .describe("Input of `account.listSessions`.");
export type ListSessionsInput = z.infer<typeof listSessionsInput>;

export const sessionPageSchema = z
  .object({
    sessions: z.array(accountSessionSchema).describe("The newest sessions first."),
    nextCursor: nextText,
  })
  .describe("Output of `account.listSessions`.");
export type SessionPage = z.infer<typeof sessionPageSchema>;

export const sessionRef = z
  .object({ sessionId: idSchema.describe("The id of the session.") })
  .describe("Input of `account.endSession`.");

export const endedSessionSchema = z
  .object({
    ended: z
      .boolean()
      .describe(
        "Whether this call ended the session. False: the caller may end no session with this id that is still going on.",
      ),
  })
  .describe("Output of `account.endSession`.");
export type EndedSession = z.infer<typeof endedSessionSchema>;

export const setPasswordInput = z
  .object({ userId: given.userId, password: newPasswordSchema })
  .describe("Input of `account.setPassword`.");
export type SetPasswordInput = z.infer<typeof setPasswordInput>;
