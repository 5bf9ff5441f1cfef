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
const PAUSE = { baseMs: 10_000, maxMs: 60_000 };
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

const dateOf = (field: string, value: Date | string): Date => {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw new TypeError(`session.${field} must be a date: ${String(value)}`);
  return date;
};

const restored = (stored: StoredSession): Session => {
  if (!stored.token) throw new TypeError("session.token must not be empty");
  return {
    ...stored,
    expiresAt: dateOf("expiresAt", stored.expiresAt),
    refreshableUntil: dateOf("refreshableUntil", stored.refreshableUntil),
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

interface Held {
  readonly session: Session;
  /** The remaining lifetime of the token, in milliseconds. */
  readonly leftMs: () => number;
  /** The token is refreshed when its remaining lifetime is below this. */
  readonly leadMs: number;
}

/** {@link createSession} with a replaceable clock. */
export const keepSession = (options: SessionOptions, clock: Clock): InvigilSession => {
  const { username, password, onChange, onEnd } = options;
  const { url, fetch, headers, timeoutMs } = options;
  const credentials = username !== undefined && password !== undefined ? { username, password } : undefined;
  if (!credentials && !options.session)
    throw new TypeError("createSession requires a username with a password, or a session");
  const clientWith = (token?: string) =>
    createInvigilClient({ url, fetch, headers, timeoutMs, retry: false, token });
  // Throws at once if the URL is invalid.
  const anyone = clientWith();

  let held: Held | undefined;
  let ended: SessionEnded | undefined;
  let underWay: Promise<Session> | undefined;
  let cancelTimer = (): void => undefined;
  let isClosed = false;
  let failures = 0;
  /** Set while the server asks to wait after too many logins. */
  let refusedUntil: { readonly steady: number; readonly error: unknown } | undefined;

  const isValid = (login: Held): boolean => login.leftMs() > 0;
  /** The last token of a login expires with the login, so it cannot be refreshed. */
  const canExchange = ({ session }: Held): boolean => session.expiresAt < session.refreshableUntil;

  const hold = (session: Session, lifetimeMs: number): void => {
    const wall = clock.wall();
    const steady = clock.steady();
    held = {
      session,
      leftMs: () => lifetimeMs - Math.max(clock.wall() - wall, clock.steady() - steady),
      leadMs: Math.min(LEAD_MS, lifetimeMs * LEAD_SHARE),
    };
    wakeIn(held.leftMs() - (canExchange(held) || credentials ? held.leadMs : 0));
  };

  /** Callbacks belong to the application. Their errors must not affect the session. */
  const tell = (callback: () => void): void => queueMicrotask(callback);

  const end = (reason: SessionEndReason, cause?: unknown): SessionEnded => {
    const error = new SessionEnded(reason, cause === undefined ? undefined : { cause });
    ended = error;
    held = undefined;
    cancelTimer();
    tell(() => onChange?.(undefined));
    tell(() => onEnd?.(error));
    return error;
  };

  const take = (session: Session): Session => {
    // The application logged out in the meantime.
    if (ended) throw ended;
    failures = 0;
    hold(session, lifetimeOf(session.token) ?? session.expiresAt.getTime() - clock.wall());
    tell(() => onChange?.(session));
    return session;
  };

  const logIn = async (): Promise<Session> => {
    // Without credentials, the session has expired.
    if (!credentials) throw end("expired");
    const login = await anyone.auth.login.mutate(credentials).catch((error: unknown) => {
      throw isRefusal(error) && !ended ? end("refused", error) : error;
    });
    return take(login);
  };

  const exchange = async ({ session: { token } }: Held): Promise<Session> => {
    const newer = await clientWith(token)
      .auth.refresh.mutate()
      .catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        if (!credentials) throw ended ?? end("refused", error);
      });
    return newer ? take(newer) : logIn();
  };

  const renewed = async (): Promise<Session> => {
    if (ended) throw ended;
    if (refusedUntil && clock.steady() < refusedUntil.steady) throw refusedUntil.error;
    if (!held || !isValid(held)) return logIn();
    if (canExchange(held)) return exchange(held);
    return credentials ? logIn() : held.session;
  };

  /** Refreshes the token or logs in. Concurrent callers share the result. */
  const renew = (): Promise<Session> => {
    underWay ??= renewed()
      .catch((error: unknown) => {
        const waitMs = retryAfterMs(error);
        if (waitMs > 0) refusedUntil = { steady: clock.steady() + waitMs, error };
        throw ended ?? error;
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };

  const wakeIn = (ms: number): void => {
    cancelTimer();
    if (isClosed || ended) return;
    cancelTimer = clock.after(Math.min(Math.max(ms, 0), MAX_TIMER_MS), () => {
      if (!held || ended) return;
      const early = held.leftMs() - held.leadMs;
      if (early > 0 && ms > MAX_TIMER_MS) return wakeIn(early);
      renew().catch(() => {
        failures += 1;
        // At the latest when the token expires, which ends a session that cannot be renewed.
        const pause = Math.max(backoffMs(failures, PAUSE, Math.random), 1000);
        if (!ended && held) wakeIn(isValid(held) ? Math.min(pause, held.leftMs()) : pause);
      });
    });
  };

  const ready = async (): Promise<Session> => {
    if (ended) throw ended;
    return held && isValid(held) ? held.session : renew();
  };

  if (options.session) {
    const session = restored(options.session);
    hold(session, session.expiresAt.getTime() - clock.wall());
  }

  const close = (): void => {
    isClosed = true;
    cancelTimer();
  };
  return {
    get current() {
      return held?.session;
    },
    token: async () => (await ready()).token,
    ready,
    refresh: renew,
    async logout() {
      // Otherwise, the response would contain a token that stays valid.
      await underWay?.catch(() => undefined);
      if (ended) return;
      const login = held;
      end("logged_out");
      if (login && isValid(login)) await clientWith(login.session.token).auth.logout.mutate();
    },
    close,
    [Symbol.dispose]: close,
  };
};
