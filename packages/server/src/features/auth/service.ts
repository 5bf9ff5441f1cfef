import type { ChangePasswordInput, LoginInput, RevokeTokenInput, Session } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { LoginThrottle, RunningLogin } from "../../coordination/login-throttle.js";
import type { ActingCaller, Origin } from "../../domain/calls.js";
import { failureOf } from "../../domain/failures.js";
import type { Access, Opened, ReopenAny, Rights } from "../../domain/opened.js";
import type { Ids as NamedIds, Subject } from "../../domain/subjects.js";
import type { Passwords } from "../../identity/passwords.js";
import {
  type Authenticator,
  isOwnTokenId,
  type Principal,
  type TokenIssuer,
  tokenEnded,
  unauthenticated,
} from "../../identity/tokens.js";
import { forbidden, InvigilError, invalidInput } from "../../platform/errors.js";
import type { Ids } from "../../platform/ids.js";
import type { AuthStore, StoredAccount } from "./store.js";

/** The id of the account that is open while the demo runs. */
export const DEMO_ACCOUNT = "demo";

export interface AuthServiceDeps {
  readonly store: AuthStore;
  readonly access: Access;
  readonly authenticator: Authenticator;
  readonly tokens: TokenIssuer;
  readonly passwords: Passwords;
  readonly throttle: LoginThrottle;
  /** Called after tokens were revoked, so that open subscriptions check their tokens again. */
  readonly onAccessRevoked: () => void;
  readonly clock: () => Date;
  readonly ids: Ids;
  readonly log: FastifyBaseLogger;
  /** The lifetime of a session token, and the maximum duration of a session. */
  readonly lifetime: { readonly ttlSeconds: number; readonly maxSeconds: number };
  /** Whether this server runs the demo. */
  readonly isDemo: boolean;
}

export type AuthService = ReturnType<typeof createAuthService>;

export const createAuthService = ({
  store,
  access,
  authenticator,
  tokens,
  passwords,
  throttle,
  onAccessRevoked,
  clock,
  ids,
  log,
  lifetime: { ttlSeconds, maxSeconds },
  isDemo,
}: AuthServiceDeps) => {
  /** Token times are whole seconds, so sessions use whole seconds, too. */
  const nowInSeconds = () => Math.floor(clock().getTime() / 1000);

  const sessionOf = async (
    { userId, role, name }: Pick<StoredAccount, "userId" | "role" | "name">,
    { id, expiresAt }: { id: string; expiresAt: Date },
  ): Promise<Session> => {
    const left = expiresAt.getTime() / 1000 - nowInSeconds();
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

  /**
   * Returns the session that a token belongs to. An issued token has none: it ends with the session that
   * issued it, but cannot refresh or end that session, even if an administrator issued it to themselves.
   */
  const ownSession = (
    { userId, sessionId, isIssued }: Principal,
    { session }: Opened<"session" | "messageLogin">,
  ) => {
    if (sessionId === undefined || isIssued) return undefined;
    return session?.userId === userId ? { id: sessionId, expiresAt: session.expiresAt } : undefined;
  };
  /**
   * Whether a token has all rights of its account. Only then may it be exchanged for a session token, which has
   * them all.
   */
  const hasAllRightsOf = (
    { role, roomId, examId }: Principal,
    account: Pick<StoredAccount, "role">,
  ): boolean => role === account.role && roomId === undefined && examId === undefined;
  const noSession = () =>
    forbidden("The token has no session: it was issued by a call, or signed by another system.");

  /** Unknown usernames are not logged: people type passwords into that field. */
  const logFailure = (origin: Origin, account: StoredAccount | undefined, reason: string): void => {
    log.warn(
      { ...origin, ...(account ? { userId: account.userId, reason } : { reason: "UNKNOWN_NAME" }) },
      "login failed",
    );
  };

  /**
   * Verifies a username and a password. If they are right, `use` is called with the account, and ends the login. Returns undefined, after
   * the same amount of work, when the account is unknown or disabled or the password is wrong. When `use` returns undefined, it has found
   * that the account has changed.
   */
  const verifyPassword = async <Result>(
    { username, password, origin }: LoginInput & { origin: Origin },
    use: (account: StoredAccount, running: RunningLogin) => Promise<Result | undefined>,
  ): Promise<Result | undefined> => {
    const { running, found: account } = await throttle
      .begin({ account: username, address: origin.address }, (reader) => store.account(username, reader))
      .catch(async (error: unknown) => {
        logFailure(origin, await store.account(username), failureOf(error).code);
        throw error;
      });
    try {
      const isRight = await passwords.verify(account?.passwordHash ?? passwords.dummyHash, password);
      const mayUse = account !== undefined && !account.disabled && isRight;
      const result = mayUse ? await use(account, running) : undefined;
      if (!mayUse) await running.failed();
      if (result === undefined)
        logFailure(origin, account, account?.disabled ? "ACCOUNT_DISABLED" : "WRONG_PASSWORD");
      return result;
    } catch (error) {
      await running.abandoned();
      throw error;
    }
  };

  /** Starts a session of an account, unless that has changed since it was read. */
  const start = async (account: StoredAccount, running: RunningLogin, origin: Origin) => {
    const { userId, role, passwordHash } = account;
    const session = {
      id: ids.next(),
      userId,
      createdAt: clock(),
      expiresAt: new Date((nowInSeconds() + maxSeconds) * 1000),
    };
    const author = { userId, role, origin, audited: "change" } as const;
    const isStarted = await store.startSession(session, { passwordHash, running, author });
    return isStarted ? { account, session } : undefined;
  };

  /**
   * Verifies the token in the `authorization` header, without asking whether it was revoked. Returns UNAUTHENTICATED without a valid token,
   * and PROVIDER_FAILED.
   */
  const verify = async (authorization: string | undefined): Promise<Principal | InvigilError> => {
    try {
      return await authenticator.identify(authorization);
    } catch (error) {
      return failureOf(error);
    }
  };

  /** Verifies a token, and reads its rights. */
  const confirmed = async (authorization: string | undefined, about?: Subject, ids?: NamedIds) => {
    const caller = await verify(authorization);
    if (caller instanceof InvigilError) throw caller;
    const rights = await access.confirm(caller, about, ids);
    if (typeof rights === "string") throw tokenEnded(caller, rights);
    return { caller, rights };
  };
  /** Verifies a token. @throws UNAUTHENTICATED also for a token that is revoked or whose session has ended */
  const identify = async (authorization: string | undefined): Promise<Principal> =>
    (await confirmed(authorization)).caller;

  return {
    verify,
    identify,
    /** Returns what the calls with a token ask: see `Context`. */
    callsWith: (
      authorization: string | undefined,
    ): {
      readonly identify: () => Promise<Principal | InvigilError>;
      readonly reopen: ReopenAny;
      readonly confirm: Access["confirm"];
      readonly rights: Rights;
    } => ({
      identify: () => identify(authorization).catch(failureOf),
      async reopen(about, ...ids) {
        const found = await confirmed(authorization, about, ...ids).catch(failureOf);
        return found instanceof InvigilError ? found : found.rights.look(found.caller, about, ...ids);
      },
      confirm: access.confirm,
      rights: access,
    }),
    /**
     * When the caller's access ends: with their session, however often its token is refreshed, or with a token
     * that has no session.
     */
    endOf: (caller: Principal, of: Opened<"session" | "messageLogin">): Date =>
      ownSession(caller, of)?.expiresAt ?? caller.expiresAt,

    /** Starts a session. @throws UNAUTHENTICATED for a wrong username or password */
    async login(input: LoginInput, origin: Origin): Promise<Session> {
      const login = await verifyPassword({ ...input, origin }, (account, running) =>
        start(account, running, origin),
      );
      if (!login) throw unauthenticated("The username or the password is wrong.");
      return sessionOf(login.account, login.session);
    },

    /** Starts a session of the demo's account. @throws FORBIDDEN for a caller of another machine, and without a demo */
    async loginToDemo(
      origin: Origin,
      { isLocal }: { readonly isLocal?: boolean | undefined },
    ): Promise<Session> {
      if (!isDemo) throw forbidden("This server runs no demo.");
      if (!isLocal) throw forbidden("Only pages and programs of the server's own machine may do this.");
      const { running, found: account } = await throttle.begin(
        { account: DEMO_ACCOUNT, address: origin.address },
        (reader) => store.account(DEMO_ACCOUNT, reader),
      );
      try {
        const login = account && !account.disabled ? await start(account, running, origin) : undefined;
        if (!login) throw forbidden("The demo is not ready.");
        return await sessionOf(login.account, login.session);
      } catch (error) {
        await running.abandoned();
        throw error;
      }
    },

    /**
     * Returns a new token of the same session. @throws FORBIDDEN for a token without a session, UNAUTHENTICATED
     * once the session has ended
     */
    async refresh(caller: Principal, of: Opened<"session">): Promise<Session> {
      const session = ownSession(caller, of);
      if (!session) throw noSession();
      const account = await store.account(caller.userId);
      if (!account) throw unauthenticated("The login has ended.");
      if (!hasAllRightsOf(caller, account)) throw noSession();
      return sessionOf(account, session);
    },

    /** Ends the session, or revokes a token that has no session. @throws FORBIDDEN for a token without `jti` */
    async logout(caller: ActingCaller, of: Opened<"session">): Promise<true> {
      const { tokenId, expiresAt } = caller;
      const session = ownSession(caller, of);
      if (session) await store.endSession(session.id, caller);
      else if (tokenId !== undefined) await store.revoke({ tokenId, expiresAt, createdAt: clock() }, caller);
      else
        throw forbidden("The token has no id (jti), so it cannot be revoked and is valid until it expires.");
      onAccessRevoked();
      return true;
    },

    /**
     * Changes the caller's own password and ends their other sessions. A wrong `currentPassword` counts as a
     * failed login.
     * @throws FORBIDDEN for a token without a session
     */
    async changePassword(
      caller: ActingCaller,
      of: Opened<"session">,
      { currentPassword, newPassword }: ChangePasswordInput,
    ): Promise<true> {
      const session = ownSession(caller, of);
      if (!session) throw noSession();
      const { id: sessionId } = session;
      const isChanged = await verifyPassword(
        { username: caller.userId, password: currentPassword, origin: caller.origin },
        async (account, running) => {
          const to = await passwords.hash(newPassword);
          const { userId, passwordHash: from } = account;
          const change = { userId, from, to, sessionId, running, now: clock(), author: caller };
          return (await store.changePassword(change)) || undefined;
        },
      );
      if (!isChanged) throw invalidInput("currentPassword", "is wrong");
      onAccessRevoked();
      return true;
    },

    /** Revokes a token of any kind. Revoking it again changes nothing. */
    async revokeToken(caller: Opened<"unbound">, { tokenId }: RevokeTokenInput): Promise<true> {
      await store.revoke({ tokenId, expiresAt: null, createdAt: clock() }, caller);
      onAccessRevoked();
      // Any other text may be a token or a secret that the caller pasted by mistake, and is not logged.
      const id = isOwnTokenId(tokenId) ? { tokenId } : {};
      log.info({ ...caller.origin, by: caller.userId, ...id }, "token revoked");
      return true;
    },
  };
};
