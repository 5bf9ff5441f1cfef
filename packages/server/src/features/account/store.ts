import type { Account, AccountPage, AccountRole, AccountSession } from "@invigil/schema";
import { and, asc, eq, getTableColumns, gt } from "drizzle-orm";
import type { Author } from "../../domain/calls.js";
import type { Writes } from "../../domain/writes.js";
import { type Page, pageOf } from "../../platform/paging.js";
import type { Queries } from "../../storage/port.js";
import { param, query, rawParam, statement, statements } from "../../storage/statement.js";
import { accounts, sessions } from "../../storage/tables.js";

export type NewAccount = typeof accounts.$inferInsert;

type StoredSession = Omit<AccountSession, "isOwn">;

const { passwordHash: _, ...columns } = getTableColumns(accounts);

const insertAccount = statement(
  query
    .insert(accounts)
    .values({
      userId: param("userId"),
      role: param("role"),
      name: param("name"),
      passwordHash: param("passwordHash"),
      disabled: param("disabled"),
      createdAt: param("createdAt"),
      updatedAt: param("updatedAt"),
    })
    .onConflictDoNothing()
    .returning(columns),
);
const accountById = statement(
  query
    .select(columns)
    .from(accounts)
    .where(eq(accounts.userId, param("userId"))),
);
const accountsPage = statements((hasRole: boolean) =>
  statement(
    query
      .select(columns)
      .from(accounts)
      .where(and(gt(accounts.userId, param("after")), hasRole ? eq(accounts.role, param("role")) : undefined))
      .orderBy(asc(accounts.userId))
      .limit(param("limit")),
  ),
);
/** Changes nothing when the account already has this state. */
const switchDisabled = statement(
  query
    .update(accounts)
    .set({ disabled: rawParam<boolean>("disabled"), updatedAt: rawParam<Date>("now") })
    .where(and(eq(accounts.userId, param("userId")), eq(accounts.disabled, param("wasDisabled")))),
);
const replacePassword = statement(
  query
    .update(accounts)
    .set({ passwordHash: rawParam<string>("passwordHash"), updatedAt: rawParam<Date>("now") })
    .where(eq(accounts.userId, param("userId")))
    .returning(columns),
);
const deleteSessions = statement(query.delete(sessions).where(eq(sessions.userId, param("userId"))));
/** All sessions that have not ended. No index has their order, and they are as few as the staff who log in within a week. */
const activeSessions = statements((isOfAccount: boolean) =>
  statement(
    query
      .select({
        id: sessions.id,
        userId: sessions.userId,
        role: accounts.role,
        name: accounts.name,
        createdAt: sessions.createdAt,
        expiresAt: sessions.expiresAt,
      })
      .from(sessions)
      .innerJoin(accounts, eq(accounts.userId, sessions.userId))
      .where(
        and(
          isOfAccount ? eq(sessions.userId, param("userId")) : undefined,
          gt(sessions.expiresAt, param("now")),
        ),
      ),
  ),
);
const deleteSession = statements((isOfAccount: boolean) =>
  statement(
    query
      .delete(sessions)
      .where(
        and(
          eq(sessions.id, param("sessionId")),
          gt(sessions.expiresAt, param("now")),
          isOfAccount ? eq(sessions.userId, param("userId")) : undefined,
        ),
      ),
  ),
);

export type AccountStore = ReturnType<typeof createAccountStore>;

export const createAccountStore = ({ storage, writes }: { storage: Queries; writes: Writes }) => ({
  /** Returns undefined when the id is taken. */
  create: (account: NewAccount, author: Author): Promise<Account | undefined> =>
    writes.ofInstallation({ people: [account.userId] }, author, (tx) =>
      tx.last(() => tx.get(insertAccount, account)),
    ),

  /** Sorted by user id. `after` is the last id of the previous page. */
  find: (userId: string): Promise<Account | undefined> => storage.get(accountById, { userId }),
  async list({
    role,
    limit,
    after = "",
  }: {
    role: AccountRole | undefined;
    limit: number;
    after: string | undefined;
  }): Promise<AccountPage> {
    const rows = await storage.all(accountsPage(role !== undefined), { role, after, limit: limit + 1 });
    const { rows: page, ...next } = pageOf(rows, limit, ({ userId }) => userId);
    return { accounts: page, ...next };
  },

  /** Returns undefined when there is no such account. Disabling an account ends its sessions. */
  setDisabled: (userId: string, disabled: boolean, now: Date, author: Author): Promise<Account | undefined> =>
    writes.ofInstallation({ people: [userId] }, author, async (tx) => {
      const [, account] = await tx.last(() =>
        Promise.all([
          tx.run(switchDisabled, { userId, disabled, wasDisabled: !disabled, now }),
          tx.get(accountById, { userId }),
          disabled && tx.run(deleteSessions, { userId }),
        ]),
      );
      return account;
    }),

  /** Ends the account's sessions. Returns undefined when there is no such account. */
  setPassword: (
    userId: string,
    passwordHash: string,
    now: Date,
    author: Author,
  ): Promise<Account | undefined> =>
    writes.ofInstallation({ people: [userId] }, author, async (tx) => {
      const [account] = await tx.last(() =>
        Promise.all([
          tx.get(replacePassword, { userId, passwordHash, now }),
          tx.run(deleteSessions, { userId }),
        ]),
      );
      return account;
    }),

  /** Returns sessions that end after `now`, newest first: those of one account, or all. `before` is the last id of the previous page. */
  async listSessions(
    userId: string | undefined,
    { now, limit, before }: { now: Date; limit: number; before: string | undefined },
  ): Promise<Page<StoredSession, string>> {
    const active = await storage.all(activeSessions(userId !== undefined), { userId, now });
    const rows = active
      .filter(({ id }) => before === undefined || id < before)
      .toSorted((one, other) => (one.id < other.id ? 1 : -1));
    return pageOf(rows, limit, ({ id }) => id);
  },

  /** Ends a session, if it has not ended and is one of this account. Returns whether it did. */
  endSession: (
    sessionId: string,
    { of: userId, now }: { of: string | undefined; now: Date },
    author: Author,
  ): Promise<boolean> =>
    writes.ofInstallation(
      { subject: sessionId },
      author,
      // Not as a last statement: a text that is no session's id must not reach the audit, because people paste tokens.
      async (tx) => (await tx.run(deleteSession(userId !== undefined), { sessionId, userId, now })) > 0,
    ),
});
