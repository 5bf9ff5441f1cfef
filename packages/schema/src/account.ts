import { z } from "zod";
import { newPasswordSchema } from "./auth.js";
import { idSchema, label, optional, pageSizeSchema, userIdSchema } from "./common.js";
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

export const setPasswordInput = z
  .object({ userId: given.userId, password: newPasswordSchema })
  .describe("Input of `account.setPassword`.");
export type SetPasswordInput = z.infer<typeof setPasswordInput>;
