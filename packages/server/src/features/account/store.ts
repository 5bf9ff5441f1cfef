import type { Account, AccountPage, AccountRole } from "@invigil/schema";
import { and, asc, eq, getTableColumns, gt, sql } from "drizzle-orm";
import type { Database } from "../../storage/sqlite/client.js";
import { accounts, sessions } from "../../storage/tables.js";

export type NewAccount = typeof accounts.$inferInsert;

export interface AccountStore {
  /** Undefined when the id is taken. */
  create(account: NewAccount): Promise<Account | undefined>;
  /** By user id; `after` is the last id of the page before. */
  list(filter: {
    role: AccountRole | undefined;
    limit: number;
    after: string | undefined;
  }): Promise<AccountPage>;
  /** Undefined when there is no such account. Disabling it ends its logins. */
  setDisabled(userId: string, disabled: boolean, now: Date): Promise<Account | undefined>;
  /** Ends the account's logins. Undefined when there is no such account. */
  setPassword(userId: string, passwordHash: string, now: Date): Promise<Account | undefined>;
}

const { passwordHash: _, ...columns } = getTableColumns(accounts);

export const createAccountStore = ({ db: { queries, write } }: { db: Database }): AccountStore => {
  const byId = queries
    .select(columns)
    .from(accounts)
    .where(eq(accounts.userId, sql.placeholder("userId")))
    .prepare();
  const endSessions = queries
    .delete(sessions)
    .where(eq(sessions.userId, sql.placeholder("userId")))
    .prepare();

  return {
    create: (account) =>
      write(() => {
        const { changes } = queries.insert(accounts).values(account).onConflictDoNothing().run();
        return changes > 0 ? byId.get({ userId: account.userId }) : undefined;
      }),

    async list({ role, limit, after = "" }) {
      const rows = queries
        .select(columns)
        .from(accounts)
        .where(and(gt(accounts.userId, after), role === undefined ? undefined : eq(accounts.role, role)))
        .orderBy(asc(accounts.userId))
        .limit(limit + 1)
        .all();
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return { accounts: page, ...(rows.length > limit && last && { nextCursor: last.userId }) };
    },

    setDisabled: (userId, disabled, now) =>
      write(() => {
        if (!byId.get({ userId })) return undefined;
        queries
          .update(accounts)
          .set({ disabled, updatedAt: now })
          .where(and(eq(accounts.userId, userId), eq(accounts.disabled, !disabled)))
          .run();
        if (disabled) endSessions.run({ userId });
        return byId.get({ userId });
      }),

    setPassword: (userId, passwordHash, now) =>
      write(() => {
        if (!byId.get({ userId })) return undefined;
        queries
          .update(accounts)
          .set({ passwordHash, updatedAt: now })
          .where(eq(accounts.userId, userId))
          .run();
        endSessions.run({ userId });
        return byId.get({ userId });
      }),
  };
};
