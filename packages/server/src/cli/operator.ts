import type { Caller } from "@invigil/schema";

/**
 * The caller of commands. A person with access to the data folder is an administrator. Tokens and accounts
 * cannot have this id, because it begins with a space.
 */
export const OPERATOR: Caller = {
  userId: " operator",
  role: "admin",
  name: "Operator",
  expiresAt: new Date(8.64e15),
};
