import type {
  Account,
  AccountPage,
  CreateAccountInput,
  EndedSession,
  ListAccountsInput,
  ListSessionsInput,
  SessionPage,
  SetPasswordInput,
} from "@invigil/schema";
import type { Opened } from "../../domain/opened.js";
import type { Passwords } from "../../identity/passwords.js";
import { forbidden, InvigilError } from "../../platform/errors.js";
import type { AccountStore } from "./store.js";

export type AccountService = ReturnType<typeof createAccountService>;

/** Accounts with a password. */
export const createAccountService = ({
  store,
  passwords,
  onAccessRevoked,
  clock,
}: {
  store: AccountStore;
  passwords: Passwords;
  /** Called after sessions have ended, so that open subscriptions check their tokens again. */
  onAccessRevoked: () => void;
  clock: () => Date;
}) => {
  const found = (account: Account | undefined, userId: string): Account => {
    if (!account) throw new InvigilError("ACCOUNT_NOT_FOUND", `There is no account ${userId}.`);
    return account;
  };

  return {
    /** @throws ACCOUNT_CONFLICT when the id is taken */
    async create(caller: Opened<"unbound">, { password, ...account }: CreateAccountInput): Promise<Account> {
      const passwordHash = await passwords.hash(password);
      const now = clock();
      const row = { ...account, passwordHash, disabled: false, createdAt: now, updatedAt: now };
      const created = await store.create(row, caller);
      if (!created)
        throw new InvigilError("ACCOUNT_CONFLICT", `There is an account ${account.userId} already.`);
      return created;
    },

    async list(_: Opened<"unbound">, { role, pageSize, cursor }: ListAccountsInput): Promise<AccountPage> {
      return store.list({ role, limit: pageSize, after: cursor });
    },

    /** Also ends the account's sessions. @throws ACCOUNT_CONFLICT for the caller's own account */
    async disable(caller: Opened<"unbound">, userId: string): Promise<Account> {
      if (caller.userId === userId)
        throw new InvigilError(
          "ACCOUNT_CONFLICT",
          `The account ${userId} is your own: ask another administrator.`,
        );
      const account = await store.setDisabled(userId, true, clock(), caller);
      onAccessRevoked();
      return found(account, userId);
    },

    async enable(caller: Opened<"unbound">, userId: string): Promise<Account> {
      return found(await store.setDisabled(userId, false, clock(), caller), userId);
    },

    /** Also ends the account's sessions. */
    async setPassword(caller: Opened<"unbound">, { userId, password }: SetPasswordInput): Promise<Account> {
      const passwordHash = await passwords.hash(password);
      const account = await store.setPassword(userId, passwordHash, clock(), caller);
      onAccessRevoked();
      return found(account, userId);
    },

    /** Lists sessions that have not ended. @throws FORBIDDEN for sessions of others, to all but administrators */
    /** Returns the state of an account. Undefined if there is none. Checks no permissions: for use by other services. */
    async stateOf(userId: string) {
      const [found, { rows }] = await Promise.all([
        store.find(userId),
        store.listSessions(userId, { now: clock(), limit: Number.POSITIVE_INFINITY, before: undefined }),
      ]);
      return found && { role: found.role, disabled: found.disabled, sessions: rows.length };
    },

    async listSessions(
      caller: Opened<"unbound">,
      { userId, pageSize, cursor }: ListSessionsInput,
    ): Promise<SessionPage> {
      const isAdmin = caller.role === "admin";
      if (!isAdmin && (userId ?? caller.userId) !== caller.userId)
        throw forbidden(`The sessions of ${userId} are not open to you.`);
      const page = { now: clock(), limit: pageSize, before: cursor };
      const { rows, ...next } = await store.listSessions(isAdmin ? userId : caller.userId, page);
      const own = caller.isIssued ? undefined : caller.sessionId;
      return { sessions: rows.map((session) => ({ ...session, isOwn: session.id === own })), ...next };
    },

    /**
     * Ends a session. To all but administrators, the sessions of others do not exist.
     * @throws FORBIDDEN to all but administrators for a token that belongs to no login
     */
    async endSession(caller: Opened<"unbound">, sessionId: string): Promise<EndedSession> {
      const isAdmin = caller.role === "admin";
      // Otherwise the holder of an issued token could sign out the person who issued it.
      if (!isAdmin && (caller.sessionId === undefined || caller.isIssued))
        throw forbidden(
          "The token belongs to no login: it was issued by a call, or signed by another system.",
        );
      const ended = await store.endSession(
        sessionId,
        { of: isAdmin ? undefined : caller.userId, now: clock() },
        caller,
      );
      if (ended) onAccessRevoked();
      return { ended };
    },
  };
};
