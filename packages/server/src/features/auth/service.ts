import type { Caller, ChangePasswordInput, LoginInput, RevokeTokenInput, Session } from "@invigil/schema";
import { type Authenticator, type Principal, type TokenIssuer, unauthenticated } from "../../auth.js";
import { forbidden, invalidInput } from "../../errors.js";
import type { Ids } from "../../ids.js";
import type { Passwords } from "../../passwords.js";
import type { AccessService } from "../access/service.js";
import type { AuthStore, StoredLogin } from "./store.js";
import type { LoginThrottle } from "./throttle.js";

export interface AuthService {
  /**
   * Who calls, from the `authorization` header.
   * @throws UNAUTHENTICATED without a token that is valid, of a login that lasts, and not revoked; PROVIDER_FAILED
   */
  identify(authorization: string | undefined): Promise<Principal>;
  /** Whether a caller's token was not taken back since. Asks nobody's permission: for what outlives the call that it came from. */
  isGood(caller: Principal): Promise<boolean>;
  /** When the caller's access ends: with their session, however often its tokens are refreshed, or with a token that has none. */
  endOf(caller: Principal): Promise<Date>;
  /** Whether somebody's account was disabled. Asks nobody's permission: for other services. */
  isDisabled(person: Pick<Caller, "userId" | "role">): Promise<boolean>;
  /**
   * Starts a session. `address` is where the client calls from.
   * @throws UNAUTHENTICATED for a name and a password that open no account, TOO_MANY_REQUESTS, OVERLOADED
   */
  login(input: LoginInput, address: string): Promise<Session>;
  /** A newer token of the same session. @throws FORBIDDEN for a token of no session, UNAUTHENTICATED once it has ended */
  refresh(caller: Principal): Promise<Session>;
  /** Ends the session, or revokes a token that has none. @throws FORBIDDEN for a token without `jti` */
  logout(caller: Principal): Promise<true>;
  /**
   * Changes the caller's own password and ends its other sessions. A wrong `currentPassword` counts like a failed login.
   * @throws FORBIDDEN for a token of no session, INVALID_INPUT, TOO_MANY_REQUESTS, OVERLOADED
   */
  changePassword(caller: Principal, input: ChangePasswordInput, address: string): Promise<true>;
  /** For a token of any kind. Revoking it again changes nothing. @throws FORBIDDEN */
  revokeToken(caller: Caller, input: RevokeTokenInput): Promise<true>;
}

export interface AuthServiceDeps {
  readonly store: AuthStore;
  readonly access: AccessService;
  readonly authenticator: Authenticator;
  readonly tokens: TokenIssuer;
  readonly passwords: Passwords;
  readonly throttle: LoginThrottle;
  /** Told after tokens were taken back: whoever listens with one of them must not go on. */
  readonly takenBack: () => void;
  readonly clock: () => Date;
  readonly ids: Ids;
  /** How long a token of a session is good, and how long a session lasts. */
  readonly lifetime: { readonly ttlSeconds: number; readonly maxSeconds: number };
}

export const createAuthService = ({
  store,
  access,
  authenticator,
  tokens,
  passwords,
  throttle,
  takenBack,
  clock,
  ids,
  lifetime: { ttlSeconds, maxSeconds },
}: AuthServiceDeps): AuthService => {
  /** Tokens count in whole seconds, and sessions with them. */
  const thisSecond = () => Math.floor(clock().getTime() / 1000);

  /** Whether a token that is valid by itself was taken back: looked up, as another process may have done it. */
  const isTakenBack = async ({ userId, role, sessionId, tokenId }: Principal): Promise<boolean> => {
    if (sessionId !== undefined) {
      const session = await store.session(sessionId, tokenId);
      if (!session || session.isRevoked || session.expiresAt <= clock()) return true;
      // Disabling an account ends its sessions.
      if (session.userId === userId) return false;
    }
    // Candidates have no accounts.
    return store.isTakenBack(tokenId, role === "examinee" ? undefined : userId);
  };

  const sessionOf = async (
    { userId, role, name }: Pick<StoredLogin, "userId" | "role" | "name">,
    { id, expiresAt }: { id: string; expiresAt: Date },
  ): Promise<Session> => {
    const left = expiresAt.getTime() / 1000 - thisSecond();
    const issued = await tokens.issue({
      userId,
      role,
      name,
      sessionId: id,
      ttlSeconds: Math.min(ttlSeconds, left),
    });
    return {
      token: issued.token,
      expiresAt: issued.expiresAt,
      refreshableUntil: expiresAt,
      userId,
      role,
      name,
    };
  };

  /** The session that a token belongs to. A token that somebody issued ends with that login, and is none of it. */
  const ownSession = async ({ userId, sessionId, tokenId }: Principal) => {
    const session = sessionId === undefined ? undefined : await store.session(sessionId, tokenId);
    return sessionId !== undefined && session?.userId === userId ? { ...session, id: sessionId } : undefined;
  };
  const noLogin = () => forbidden("The token belongs to no login: it was issued, or signed elsewhere.");

  /**
   * The account that a name and a password open, or undefined: after the same work whether the name is unknown, the
   * password wrong or the account disabled. What `use` makes of it decides, in the end, whether the try failed.
   */
  const open = async <Result>(
    { username, password, address }: LoginInput & { address: string },
    use: (account: StoredLogin) => Promise<Result | undefined>,
  ): Promise<Result | undefined> => {
    const attempt = await throttle.begin({ account: username, address });
    try {
      const account = await store.account(username);
      const isRight = await passwords.verify(account?.passwordHash ?? passwords.nobodys, password);
      const result = account && !account.disabled && isRight ? await use(account) : undefined;
      if (result === undefined) attempt.failed();
      else attempt.succeeded();
      return result;
    } catch (error) {
      attempt.abandoned();
      throw error;
    }
  };

  return {
    async identify(authorization) {
      const principal = await authenticator.identify(authorization);
      if (await isTakenBack(principal))
        throw unauthenticated("The token in the authorization header is no longer good: log in again.");
      return principal;
    },

    isGood: async (caller) => !(await isTakenBack(caller)),
    endOf: async (caller) => (await ownSession(caller))?.expiresAt ?? caller.expiresAt,
    // Candidates have no accounts.
    isDisabled: async ({ userId, role }) => role !== "examinee" && store.isTakenBack(undefined, userId),

    async login(input, address) {
      const session = await open({ ...input, address }, async (account) => {
        const started = {
          id: ids.next(),
          userId: account.userId,
          createdAt: clock(),
          expiresAt: new Date((thisSecond() + maxSeconds) * 1000),
        };
        const isStarted = await store.startSession(started, account.passwordHash);
        return isStarted ? sessionOf(account, started) : undefined;
      });
      if (!session) throw unauthenticated("The username or the password is wrong.");
      return session;
    },

    async refresh(caller) {
      const session = await ownSession(caller);
      if (!session) throw noLogin();
      const account = await store.account(caller.userId);
      if (!account) throw unauthenticated("The login has ended.");
      return sessionOf(account, session);
    },

    async logout(caller) {
      const { tokenId, expiresAt } = caller;
      const session = await ownSession(caller);
      if (session) await store.endSession(session.id);
      else if (tokenId !== undefined) await store.revoke({ tokenId, expiresAt, createdAt: clock() });
      else throw forbidden("The token has no id (jti): nothing but its expiry ends it.");
      takenBack();
      return true;
    },

    async changePassword(caller, { currentPassword, newPassword }, address) {
      const session = await ownSession(caller);
      if (!session) throw noLogin();
      const { id: sessionId } = session;
      const isChanged = await open(
        { username: caller.userId, password: currentPassword, address },
        async (account) => {
          const to = await passwords.hash(newPassword);
          const change = { userId: account.userId, from: account.passwordHash, to, sessionId, now: clock() };
          return (await store.changePassword(change)) || undefined;
        },
      );
      if (!isChanged) throw invalidInput("currentPassword", "is wrong");
      takenBack();
      return true;
    },

    async revokeToken(caller, { tokenId }) {
      access.unbound(caller);
      await store.revoke({ tokenId, expiresAt: null, createdAt: clock() });
      takenBack();
      return true;
    },
  };
};
