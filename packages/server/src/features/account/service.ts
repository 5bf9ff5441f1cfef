import type {
  Account,
  AccountPage,
  Caller,
  CreateAccountInput,
  EndedSession,
  ListAccountsInput,
  ListSessionsInput,
  SessionPage,
  SetPasswordInput,
} from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import type { Passwords } from "../../identity/passwords.js";
import type { Principal } from "../../identity/tokens.js";
import { forbidden, InvigilError } from "../../platform/errors.js";
import type { AccessService } from "../access/service.js";
import type { AccountStore } from "./store.js";

/** Accounts with a password. Every method throws FORBIDDEN for a token that is bound to a room or an exam. */
export interface AccountService {
  /** @throws ACCOUNT_CONFLICT when the id is taken, OVERLOADED */
  create(caller: ActingCaller, input: CreateAccountInput): Promise<Account>;
  list(caller: Caller, input: ListAccountsInput): Promise<AccountPage>;
  /**
   * Also ends the account's sessions. @throws ACCOUNT_NOT_FOUND, ACCOUNT_CONFLICT for the caller's own account
   */
  disable(caller: ActingCaller, userId: string): Promise<Account>;
  /** @throws ACCOUNT_NOT_FOUND */
  enable(caller: ActingCaller, userId: string): Promise<Account>;
  /** Also ends the account's sessions. @throws ACCOUNT_NOT_FOUND, OVERLOADED */
  setPassword(caller: ActingCaller, input: SetPasswordInput): Promise<Account>;
  /** Lists sessions that have not ended. @throws FORBIDDEN for sessions of others, to all but administrators */
  listSessions(caller: Principal, input: ListSessionsInput): Promise<SessionPage>;
  /**
   * Ends a session. To all but administrators, the sessions of others do not exist.
   * @throws FORBIDDEN to all but administrators for a token that belongs to no login
   */
  endSession(caller: ActingCaller, sessionId: string): Promise<EndedSession>;
}

export const createAccountService = ({
  store,
  access,
  passwords,
  onAccessRevoked,
  clock,
}: {
  store: AccountStore;
  access: AccessService;
  passwords: Passwords;
  /** Called after sessions have ended, so that open subscriptions check their tokens again. */
  onAccessRevoked: () => void;
  clock: () => Date;
}): AccountService => {
  const found = (account: Account | undefined, userId: string): Account => {
    if (!account) throw new InvigilError("ACCOUNT_NOT_FOUND", `There is no account ${userId}.`);
    return account;
  };

  return {
    async create(caller, { password, ...account }) {
      access.unbound(caller);
      const passwordHash = await passwords.hash(password);
      const now = clock();
      const row = { ...account, passwordHash, disabled: false, createdAt: now, updatedAt: now };
      const created = await store.create(row, caller);
      if (!created)
        throw new InvigilError("ACCOUNT_CONFLICT", `There is an account ${account.userId} already.`);
      return created;
    },

    async list(caller, { role, pageSize, cursor }) {
      access.unbound(caller);
      return store.list({ role, limit: pageSize, after: cursor });
    },

    async disable(caller, userId) {
      access.unbound(caller);
      if (caller.userId === userId)
        throw new InvigilError(
          "ACCOUNT_CONFLICT",
          `The account ${userId} is your own: ask another administrator.`,
        );
      const account = await store.setDisabled(userId, true, clock(), caller);
      onAccessRevoked();
      return found(account, userId);
    },

    async enable(caller, userId) {
      access.unbound(caller);
      return found(await store.setDisabled(userId, false, clock(), caller), userId);
    },

    async setPassword(caller, { userId, password }) {
      access.unbound(caller);
      const passwordHash = await passwords.hash(password);
      const account = await store.setPassword(userId, passwordHash, clock(), caller);
      onAccessRevoked();
      return found(account, userId);
    },

    async listSessions(caller, { userId, pageSize, cursor }) {
      access.unbound(caller);
      const isAdmin = caller.role === "admin";
      if (!isAdmin && (userId ?? caller.userId) !== caller.userId)
        throw forbidden(`The sessions of ${userId} are not open to you.`);
      const page = { now: clock(), limit: pageSize, before: cursor };
      const { rows, ...next } = await store.listSessions(isAdmin ? userId : caller.userId, page);
      const own = caller.isIssued ? undefined : caller.sessionId;
      return { sessions: rows.map((session) => ({ ...session, isOwn: session.id === own })), ...next };
    },

    async endSession(caller, sessionId) {
      access.unbound(caller);
      const isAdmin = caller.role === "admin";
      // Otherwise whoever was issued a token could sign out the person who issued it.
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
