import { createInvigilClient } from "./client.js";
import { isInvigilError } from "./errors.js";
import { backoffMs } from "./retry.js";
import {
  type InvigilSession,
  type Session,
  SessionEnded,
  type SessionEndReason,
  type SessionOptions,
  type StoredSession,
} from "./session-types.js";

/**
 * How long before its expiry a token is refreshed: at most this many milliseconds, and at most this share of
 * its lifetime.
 */
const LEAD_MS = 300_000;
const LEAD_SHARE = 0.25;
/** The delay before a refresh in the background is retried, in milliseconds. */
const RETRY = { baseMs: 10_000, maxMs: 60_000 };
/** The maximum delay of a timer, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface Clock {
  /** Milliseconds since 1970. The time can be changed by hand or by the system. */
  wall(): number;
  /** Milliseconds since an arbitrary point. The clock may pause while the machine sleeps. */
  steady(): number;
  /** Calls back after a delay and returns a function that cancels the call. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  steady: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    // Safe: Node's timers are objects, and `unref` lets the process exit. In browsers they are numbers
    // without `unref`.
    (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer);
  },
};

const parseDate = (field: string, value: Date | string): Date => {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw new TypeError(`session.${field} must be a date: ${String(value)}`);
  return date;
};

const parseStored = (stored: StoredSession): Session => {
  if (!stored.token) throw new TypeError("session.token must not be empty");
  return {
    ...stored,
    expiresAt: parseDate("expiresAt", stored.expiresAt),
    refreshableUntil: parseDate("refreshableUntil", stored.refreshableUntil),
  };
};

/**
 * The lifetime of a newly issued token in milliseconds, from its own claims, because the local clock may be
 * wrong.
 */
const lifetimeOf = (token: string): number | undefined => {
  try {
    const [, payload = ""] = token.split(".");
    const text = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    // Safe: both are checked before use. A value that is not an object throws or has neither.
    const { iat, exp } = JSON.parse(text) as { iat?: unknown; exp?: unknown };
    return typeof iat === "number" && typeof exp === "number" ? (exp - iat) * 1000 : undefined;
  } catch {
    return undefined;
  }
};

/** Whether the server refused the login, so that a retry is useless. */
const isRefusal = (error: unknown): boolean =>
  isInvigilError(error, "UNAUTHENTICATED") ||
  isInvigilError(error, "FORBIDDEN") ||
  isInvigilError(error, "INVALID_INPUT");

const retryAfterMs = (error: unknown): number =>
  isInvigilError(error, "TOO_MANY_REQUESTS") ? (error.data.retryAfterSeconds ?? 0) * 1000 : 0;

interface ActiveSession {
  readonly session: Session;
  /** The remaining lifetime of the token, in milliseconds. */
  readonly leftMs: () => number;
  /** The token is refreshed when its remaining lifetime is below this. */
  readonly leadMs: number;
}

/** {@link createSession} with a replaceable clock. */
export const manageSession = (options: SessionOptions, clock: Clock): InvigilSession => {
  const { username, password, onChange, onEnd } = options;
  const { url, fetch, headers, timeoutMs } = options;
  const credentials = username !== undefined && password !== undefined ? { username, password } : undefined;
  if (!credentials && !options.session)
    throw new TypeError("createSession requires a username with a password, or a session");
  const clientWith = (token?: string) =>
    createInvigilClient({ url, fetch, headers, timeoutMs, retry: false, token });
  // Throws at once if the URL is invalid.
  const anonymous = clientWith();

  let active: ActiveSession | undefined;
  let ended: SessionEnded | undefined;
  let pendingRenewal: Promise<Session> | undefined;
  let cancelTimer = (): void => undefined;
  let isClosed = false;
  let failures = 0;
  /** Set while the server asks to wait after too many logins. */
  let blockedUntil: { readonly steady: number; readonly error: unknown } | undefined;

  const isValid = (login: ActiveSession): boolean => login.leftMs() > 0;
  /** The last token of a login expires with the login, so it cannot be refreshed. */
  const canRefresh = ({ session }: ActiveSession): boolean => session.expiresAt < session.refreshableUntil;

  const activate = (session: Session, lifetimeMs: number): void => {
    const wall = clock.wall();
    const steady = clock.steady();
    active = {
      session,
      leftMs: () => lifetimeMs - Math.max(clock.wall() - wall, clock.steady() - steady),
      leadMs: Math.min(LEAD_MS, lifetimeMs * LEAD_SHARE),
    };
    scheduleRenewal(active.leftMs() - (canRefresh(active) || credentials ? active.leadMs : 0));
  };

  /** Callbacks belong to the application. Their errors must not affect the session. */
  const notify = (callback: () => void): void => queueMicrotask(callback);

  const end = (reason: SessionEndReason, cause?: unknown): SessionEnded => {
    const error = new SessionEnded(reason, cause === undefined ? undefined : { cause });
    ended = error;
    active = undefined;
    cancelTimer();
    notify(() => onChange?.(undefined));
    notify(() => onEnd?.(error));
    return error;
  };

  const accept = (session: Session): Session => {
    // The application logged out in the meantime.
    if (ended) throw ended;
    failures = 0;
    activate(session, lifetimeOf(session.token) ?? session.expiresAt.getTime() - clock.wall());
    notify(() => onChange?.(session));
    return session;
  };

  const logIn = async (): Promise<Session> => {
    // Without credentials, the session has expired.
    if (!credentials) throw end("expired");
    const login = await anonymous.auth.login.mutate(credentials).catch((error: unknown) => {
      throw isRefusal(error) && !ended ? end("refused", error) : error;
    });
    return accept(login);
  };

  const refreshToken = async ({ session: { token } }: ActiveSession): Promise<Session> => {
    const newer = await clientWith(token)
      .auth.refresh.mutate()
      .catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        if (!credentials) throw ended ?? end("refused", error);
      });
    return newer ? accept(newer) : logIn();
  };

  const renewOnce = async (): Promise<Session> => {
    if (ended) throw ended;
    if (blockedUntil && clock.steady() < blockedUntil.steady) throw blockedUntil.error;
    if (!active || !isValid(active)) return logIn();
    if (canRefresh(active)) return refreshToken(active);
    return credentials ? logIn() : active.session;
  };

  /** Refreshes the token or logs in. Concurrent callers share the result. */
  const renew = (): Promise<Session> => {
    pendingRenewal ??= renewOnce()
      .catch((error: unknown) => {
        const waitMs = retryAfterMs(error);
        if (waitMs > 0) blockedUntil = { steady: clock.steady() + waitMs, error };
        throw ended ?? error;
      })
      .finally(() => {
        pendingRenewal = undefined;
      });
    return pendingRenewal;
  };

  const scheduleRenewal = (ms: number): void => {
    cancelTimer();
    if (isClosed || ended) return;
    cancelTimer = clock.after(Math.min(Math.max(ms, 0), MAX_TIMER_MS), () => {
      if (!active || ended) return;
      const early = active.leftMs() - active.leadMs;
      if (early > 0 && ms > MAX_TIMER_MS) return scheduleRenewal(early);
      renew().catch(() => {
        failures += 1;
        // At the latest when the token expires, which ends a session that cannot be renewed.
        const pause = Math.max(backoffMs(failures, RETRY, Math.random), 1000);
        if (!ended && active) scheduleRenewal(isValid(active) ? Math.min(pause, active.leftMs()) : pause);
      });
    });
  };

  const ready = async (): Promise<Session> => {
    if (ended) throw ended;
    return active && isValid(active) ? active.session : renew();
  };

  if (options.session) {
    const session = parseStored(options.session);
    activate(session, session.expiresAt.getTime() - clock.wall());
  }

  const close = (): void => {
    isClosed = true;
    cancelTimer();
  };
  return {
    get current() {
      return active?.session;
    },
    token: async () => (await ready()).token,
    ready,
    refresh: renew,
    async logout() {
      // Otherwise, the response would contain a token that stays valid.
      await pendingRenewal?.catch(() => undefined);
      if (ended) return;
      const login = active;
      end("logged_out");
      if (login && isValid(login)) await clientWith(login.session.token).auth.logout.mutate();
    },
    close,
    [Symbol.dispose]: close,
  };
};
