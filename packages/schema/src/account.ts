import { z } from "zod";
import { newPasswordSchema } from "./auth.js";
import { idSchema, label, optional, pageSizeSchema, userIdSchema } from "./common.js";

/** The roles that an account can have. Candidates have no account: they use tokens. */
export const accountRoleSchema = z.enum(["admin", "teacher", "inspector"]);
export type AccountRole = z.infer<typeof accountRoleSchema>;

/** An account of a person who logs in with a password. `userId` is the username. */
export const accountSchema = z.object({
  userId: z.string(),
  role: accountRoleSchema,
  name: z.string(),
  /** Whether the account is barred from logging in. */
  disabled: z.boolean(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type Account = z.infer<typeof accountSchema>;

/** Input of `account.create`. */
export const createAccountInput = z.object({
  userId: userIdSchema,
  role: accountRoleSchema,
  name: label(64),
  password: newPasswordSchema,
});
export type CreateAccountInput = z.infer<typeof createAccountInput>;

/**
 * Input of `account.list`. Accounts are ordered by user id. `cursor` is the last user id of the previous
 * page.
 */
export const listAccountsInput = z.object({
  role: optional(accountRoleSchema),
  pageSize: pageSizeSchema(20),
  cursor: optional(idSchema),
});
export type ListAccountsInput = z.infer<typeof listAccountsInput>;

/** Output of `account.list`. `nextCursor` is absent on the last page. */
export const accountPageSchema = z.object({
  accounts: z.array(accountSchema),
  nextCursor: z.string().optional(),
});
export type AccountPage = z.infer<typeof accountPageSchema>;

/** Input of `account.disable` and `account.enable`. */
export const accountRef = z.object({ userId: idSchema });

/** Input of `account.setPassword`. */
export const setPasswordInput = z.object({ userId: idSchema, password: newPasswordSchema });
export type SetPasswordInput = z.infer<typeof setPasswordInput>;
