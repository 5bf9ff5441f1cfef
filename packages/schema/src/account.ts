import { z } from "zod";
import { newPasswordSchema } from "./auth.js";
import { idSchema, label, optional, pageSizeSchema, userIdSchema } from "./common.js";

/** What somebody with an account may be. Candidates have none: they come with a token. */
export const accountRoleSchema = z.enum(["admin", "teacher", "inspector"]);
export type AccountRole = z.infer<typeof accountRoleSchema>;

/** Somebody who logs in with a password. The user id is the username. */
export const accountSchema = z.object({
  userId: z.string(),
  role: accountRoleSchema,
  name: z.string(),
  /** May not log in. */
  disabled: z.boolean(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type Account = z.infer<typeof accountSchema>;

export const createAccountInput = z.object({
  userId: userIdSchema,
  role: accountRoleSchema,
  name: label(64),
  password: newPasswordSchema,
});
export type CreateAccountInput = z.infer<typeof createAccountInput>;

/** By user id. `cursor` is the last id of the page before. */
export const listAccountsInput = z.object({
  role: optional(accountRoleSchema),
  pageSize: pageSizeSchema(20),
  cursor: optional(idSchema),
});
export type ListAccountsInput = z.infer<typeof listAccountsInput>;

export const accountPageSchema = z.object({
  accounts: z.array(accountSchema),
  nextCursor: z.string().optional(),
});
export type AccountPage = z.infer<typeof accountPageSchema>;

export const accountRef = z.object({ userId: idSchema });

export const setPasswordInput = z.object({ userId: idSchema, password: newPasswordSchema });
export type SetPasswordInput = z.infer<typeof setPasswordInput>;
