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

/** A token is exchanged this long before it expires, in milliseconds, or when three quarters of its time are over. */
const LEAD_MS = 300_000;
const LEAD_SHARE = 0.25;
/** When an exchange in the background is tried again, in milliseconds. */
const PAUSE = { baseMs: 10_000, maxMs: 60_000 };
/** The longest that a timer can wait, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface Clock {
  /** Milliseconds since 1970. People and machines set it. */
  wall(): number;
  /** Milliseconds since any moment. It may stand still while the machine sleeps. */
  steady(): number;
  /** Calls back after so many milliseconds; what it returns cancels that. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  steady: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    // Safe: in Node a timer is an object, which would keep a script from ending; elsewhere a number, which has no `unref`.
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
  if (!stored.token) throw new TypeError("session.token must be a token");
  return {
    ...stored,
    expiresAt: dateOf("expiresAt", stored.expiresAt),
    refreshableUntil: dateOf("refreshableUntil", stored.refreshableUntil),
  };
};

/** How long a token is valid that was issued just now, in milliseconds, by its own times: this machine's clock may be wrong. */
const lifetimeOf = (token: string): number | undefined => {
  try {
    const [, payload = ""] = token.split(".");
    const text = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    // Safe: both are looked at before they are used; anything that is no object throws or has neither.
    const { iat, exp } = JSON.parse(text) as { iat?: unknown; exp?: unknown };
    return typeof iat === "number" && typeof exp === "number" ? (exp - iat) * 1000 : undefined;
  } catch {
    return undefined;
  }
};

/** Whether the server looked at a login and did not take it, so that asking again is of no use. */
const isRefusal = (error: unknown): boolean =>
  isInvigilError(error, "UNAUTHENTICATED") ||
  isInvigilError(error, "FORBIDDEN") ||
  isInvigilError(error, "INVALID_INPUT");

const retryAfterMs = (error: unknown): number =>
  isInvigilError(error, "TOO_MANY_REQUESTS") ? (error.data.retryAfterSeconds ?? 0) * 1000 : 0;

interface Held {
  readonly session: Session;
  /** How long its token is valid still, in milliseconds. */
  readonly leftMs: () => number;
  /** From when on it is to be exchanged: when it is valid no longer than this. */
  readonly leadMs: number;
}

/** {@link createSession}, with a clock. */
export const keepSession = (options: SessionOptions, clock: Clock): InvigilSession => {
  const { username, password, onChange, onEnd } = options;
  const { url, fetch, headers, timeoutMs } = options;
  const credentials = username !== undefined && password !== undefined ? { username, password } : undefined;
  if (!credentials && !options.session)
    throw new TypeError("createSession needs a username with a password, or a session");
  const clientWith = (token?: string) =>
    createInvigilClient({ url, fetch, headers, timeoutMs, retry: false, token });
  // A wrong address is told at once, as a client tells it.
  const anyone = clientWith();

  let held: Held | undefined;
  let ended: SessionEnded | undefined;
  let underWay: Promise<Session> | undefined;
  let cancelTimer = (): void => undefined;
  let isClosed = false;
  let failures = 0;
  /** The server said to come again later. */
  let refusedUntil: { readonly steady: number; readonly error: unknown } | undefined;

  const isValid = (login: Held): boolean => login.leftMs() > 0;
  /** The last token of a login is valid as long as the login: there is no newer one. */
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

  /** Callbacks are the app's own: what they throw is no failure of the login. */
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
    // Logged out meanwhile.
    if (ended) throw ended;
    failures = 0;
    hold(session, lifetimeOf(session.token) ?? session.expiresAt.getTime() - clock.wall());
    tell(() => onChange?.(session));
    return session;
  };

  const logIn = async (): Promise<Session> => {
    // Only called with credentials, or to say that there is no other way.
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

  /** Exchanges the token or logs in, once for all who ask meanwhile. */
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
        // At the latest when the token expires, which ends a login that cannot be renewed.
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
      // Its answer would be a token that nobody ends.
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
