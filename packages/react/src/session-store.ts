import {
  createInvigilClient,
  type InvigilClient,
  type InvigilClientOptions,
  isInvigilError,
  type RouterOutputs,
} from "@invigil/client";
import {
  createSession,
  type InvigilSession,
  type Session,
  SessionEnded,
  type SessionEndReason,
  type StoredSession,
} from "@invigil/client/session";
import { feedsOf, onRefusedToken } from "./feeds.js";

/** The part of `Storage` that keeps a session. */
export type SessionStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The options of {@link createSessionStore}: those of the client, and where the session is kept. */
export interface SessionStoreOptions extends Omit<InvigilClientOptions, "token"> {
  /**
   * `session`: each tab has a session of its own, which ends with it. `local`: all tabs of the browser share one, which outlives them. Or an
   * object with the methods of `Storage`. Default: `session`.
   */
  readonly storage?: "session" | "local" | SessionStorage | undefined;
  /** The key under which the session is stored. Servers that one page uses need different ones. Default: `invigil.session`. */
  readonly storageKey?: string | undefined;
}

/** The person who is signed in. */
export interface SessionUser {
  readonly userId: string;
  readonly role: "admin" | "teacher" | "inspector" | "examinee";
  /** The name of the person, unless their link does not say it. */
  readonly name: string | undefined;
  /** The only room in which the token works. Undefined: it is bound to none. */
  readonly roomId: string | undefined;
  /** The only exam in which the token works. Undefined: it is bound to none. */
  readonly examId: string | undefined;
  /** When the session ends at the latest. */
  readonly until: Date;
}

/**
 * Who is signed in at one moment. `pending`: not known yet, because a server renders the page or the page is hydrating. `ended` says
 * why the last session ended.
 */
export type SessionSnapshot =
  | { readonly status: "pending"; readonly user: undefined; readonly ended: undefined }
  | { readonly status: "signed_out"; readonly user: undefined; readonly ended: SessionEnded | undefined }
  | { readonly status: "signed_in"; readonly user: SessionUser; readonly ended: undefined };

/** The session of a page, and the client that uses it. */
export interface SessionStore extends Disposable {
  /** Signs in with an account. Rejects with the server's error, for example `UNAUTHENTICATED`. */
  readonly login: (credentials: { readonly username: string; readonly password: string }) => Promise<void>;
  /** Signs in with the token of a join link. Rejects with the server's error. */
  readonly join: (token: string) => Promise<void>;
  /** Continues a session that the server gave out in another way. */
  readonly accept: (session: StoredSession) => void;
  /** Exchanges the token now. Rejects if the server cannot be reached. */
  readonly refresh: () => Promise<void>;
  /**
   * Ends the session in every tab that shares it, then on the server. Rejects if the server cannot be reached. The token of a join link stays
   * valid on the server.
   */
  readonly logout: () => Promise<void>;
  /** The client of the person who is signed in. Another person gets another client. Signed out: a client without a token. */
  readonly getClient: () => InvigilClient;
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => SessionSnapshot;
  readonly getServerSnapshot: () => SessionSnapshot;
  /** Stops the work in the background. The session stays valid. */
  close(): void;
}

type Caller = RouterOutputs["auth"]["whoami"];

/** What is stored: a login, or the token of a join link and who it is for. */
type Stored =
  | { readonly session: StoredSession }
  | {
      readonly joined: Omit<Caller, "expiresAt"> & {
        readonly token: string;
        readonly expiresAt: Date | string;
      };
    };

/** What tabs tell each other. The names of sessions are no secrets. */
interface Notice {
  /** The session that ended. Absent: the stored session changed. */
  readonly ended?: string | undefined;
  readonly reason?: SessionEndReason | undefined;
}

interface Held {
  /** The name of the session, which is the same in all tabs and for all of its tokens. */
  readonly id: string;
  readonly client: InvigilClient;
  user: SessionUser;
  stored: Stored;
  /** The session of an account. A join link has none. */
  login: InvigilSession | undefined;
}

const PENDING: SessionSnapshot = { status: "pending", user: undefined, ended: undefined };

/** The name of a session, from the claims of its token. */
const sessionIdOf = (token: string): string => {
  try {
    const [, payload = ""] = token.split(".");
    // Safe: both are checked before use. A value that is not an object throws or has neither.
    const { sid, jti } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as Record<
      string,
      unknown
    >;
    return [sid, jti].find((claim) => typeof claim === "string") ?? "";
  } catch {
    return "";
  }
};

const tokenOf = (stored: Stored): string =>
  "session" in stored ? stored.session.token : stored.joined.token;

const userOf = (stored: Stored): SessionUser => {
  if ("session" in stored) {
    const { userId, role, name, refreshableUntil } = stored.session;
    return { userId, role, name, roomId: undefined, examId: undefined, until: new Date(refreshableUntil) };
  }
  const { userId, role, name, roomId, examId, expiresAt } = stored.joined;
  return { userId, role, name, roomId, examId, until: new Date(expiresAt) };
};

/** The storage of a browser. A server has none, and people can forbid it: then the session lasts as long as the page. */
const storageOf = (storage: "session" | "local" | SessionStorage): SessionStorage | undefined => {
  if (typeof storage === "object") return storage;
  if (typeof window === "undefined") return undefined;
  try {
    return storage === "local" ? window.localStorage : window.sessionStorage;
  } catch {
    return undefined;
  }
};

/**
 * Keeps the session of a page: signs in and out, refreshes tokens, and survives reloads. Create it once, outside of components. On a server
 * it does nothing.
 *
 * @example
 * ```tsx
 * const session = createSessionStore({ url: "https://proctor.school.example" });
 * <InvigilProvider session={session}>…</InvigilProvider>
 * ```
 */
export const createSessionStore = ({
  storage: kept = "session",
  storageKey = "invigil.session",
  ...clientOptions
}: SessionStoreOptions): SessionStore => {
  const { url, headers, timeoutMs, fetch = (...request) => globalThis.fetch(...request) } = clientOptions;
  const storage = storageOf(kept);
  const isShared = kept === "local";
  const listeners = new Set<() => void>();
  /** For the calls of the session itself, which handles their refusals. */
  const bare = (token?: string) => createInvigilClient({ url, fetch, headers, timeoutMs, token });
  const anonymous = createInvigilClient(clientOptions);

  let held: Held | undefined;
  let snapshot: SessionSnapshot = { status: "signed_out", user: undefined, ended: undefined };
  let channel: BroadcastChannel | undefined;
  let isChecking = false;

  const publish = (next: SessionSnapshot): void => {
    snapshot = next;
    for (const listener of Array.from(listeners)) listener();
  };

  const tell = (notice: Notice): void => {
    // A tab whose session ends may have no component that listens.
    if (channel) channel.postMessage(notice);
    else if (typeof BroadcastChannel !== "undefined" && typeof window !== "undefined") {
      const passing = new BroadcastChannel(storageKey);
      passing.postMessage(notice);
      passing.close();
    }
  };

  /** Stops the background work of the session. */
  const discard = (): void => {
    if (!held) return;
    held.login?.close();
    feedsOf(held.client).close();
    held = undefined;
  };

  /** Ends the session in this tab. */
  const drop = (ended: SessionEnded): void => {
    if (!held) return;
    discard();
    publish({ status: "signed_out", user: undefined, ended });
  };

  /** Ends the session in every tab that shares it. */
  const end = (of: Held, ended: SessionEnded): void => {
    if (held !== of) return;
    storage?.removeItem(storageKey);
    drop(ended);
    tell({ ended: of.id, reason: ended.reason });
  };

  const store = (stored: Stored): void => {
    try {
      storage?.setItem(storageKey, JSON.stringify(stored));
    } catch {
      // The storage is full, or disabled in private windows. The session then lasts as long as the page.
    }
    if (isShared) tell({});
  };

  const keep = (of: Held, session: StoredSession): InvigilSession =>
    createSession({
      url,
      fetch,
      headers,
      timeoutMs,
      session,
      onChange: (newer) => {
        if (!newer || held !== of) return;
        of.stored = { session: newer };
        of.user = userOf(of.stored);
        store(of.stored);
        publish({ status: "signed_in", user: of.user, ended: undefined });
      },
      onEnd: (ended) => end(of, ended),
    });

  /** Asks the server whether the token still works, because it refused a call. */
  const check = (of: Held): void => {
    if (held !== of || isChecking) return;
    isChecking = true;
    bare(tokenOf(of.stored))
      .auth.whoami.query()
      .then(
        () => undefined,
        (error: unknown) => {
          if (!isInvigilError(error, "UNAUTHENTICATED")) return;
          const reason = of.user.until.getTime() <= Date.now() ? "expired" : "refused";
          end(of, new SessionEnded(reason, { cause: error }));
        },
      )
      .finally(() => {
        isChecking = false;
      });
  };

  /** Begins a session, or continues the same one with a token that another tab got. */
  const adopt = (stored: Stored): void => {
    const id = sessionIdOf(tokenOf(stored));
    const user = userOf(stored);
    if (
      held &&
      held.id === id &&
      held.user.userId === user.userId &&
      "session" in stored === Boolean(held.login)
    ) {
      held.login?.close();
      Object.assign(held, { user, stored });
    } else {
      discard();
      const next: Held = {
        id,
        user,
        stored,
        login: undefined,
        client: createInvigilClient({
          ...clientOptions,
          token: () => next.login?.token() ?? tokenOf(next.stored),
          fetch: async (target, init) => {
            const response = await fetch(target, init);
            if (response.status === 401) check(next);
            return response;
          },
        }),
      };
      feedsOf(next.client).watch(onRefusedToken(() => check(next)));
      held = next;
    }
    if ("session" in stored) held.login = keep(held, stored.session);
    publish({ status: "signed_in", user, ended: undefined });
  };

  /** The name of the stored session. */
  const idOfStored = (): string | undefined => {
    try {
      const text = storage?.getItem(storageKey);
      // Safe: it throws if it is no session.
      return text ? sessionIdOf(tokenOf(JSON.parse(text) as Stored)) : undefined;
    } catch {
      return undefined;
    }
  };

  /** Continues the stored session. */
  const restore = (reason: SessionEndReason = "logged_out"): void => {
    if (!storage) return;
    const text = storage.getItem(storageKey);
    if (!text) {
      drop(new SessionEnded(reason));
      return;
    }
    if (held && text === JSON.stringify(held.stored)) return;
    try {
      // Safe: it throws if it is no session, and the server checks the token.
      adopt(JSON.parse(text) as Stored);
    } catch {
      storage.removeItem(storageKey);
    }
  };

  const receive = ({ data: { ended, reason = "logged_out" } }: MessageEvent<Notice>): void => {
    if (ended) {
      // A notice may come before the storage of this tab shows what the other one removed.
      if (idOfStored() === ended) storage?.removeItem(storageKey);
      if (ended === held?.id) drop(new SessionEnded(reason));
    }
    if (isShared) restore(reason);
  };

  /** Handles a change of the storage by another tab. */
  const onStorage = ({ key }: StorageEvent): void => {
    if (key === storageKey) restore();
  };

  const unsubscribe = (): void => {
    channel?.close();
    channel = undefined;
    if (isShared && typeof window !== "undefined") window.removeEventListener("storage", onStorage);
  };

  /** Listens to other tabs while a component listens. */
  const subscribe = (listener: () => void): (() => void) => {
    const entry = () => listener();
    listeners.add(entry);
    if (!channel && typeof BroadcastChannel !== "undefined") {
      channel = new BroadcastChannel(storageKey);
      channel.onmessage = receive;
      if (isShared) window.addEventListener("storage", onStorage);
      // Catches up with what other tabs did in between.
      if (isShared) restore();
    }
    return () => {
      listeners.delete(entry);
      if (listeners.size > 0) return;
      unsubscribe();
    };
  };

  const signIn = (stored: Stored): void => {
    adopt(stored);
    store(stored);
  };

  restore();

  const close = (): void => {
    held?.login?.close();
    unsubscribe();
  };
  return {
    async login(credentials) {
      const session: Session = await bare().auth.login.mutate(credentials);
      signIn({ session });
    },
    async join(token) {
      const caller = await bare(token).auth.whoami.query();
      signIn({ joined: { ...caller, token } });
    },
    accept: (session) => signIn({ session }),
    async refresh() {
      await held?.login?.refresh();
    },
    async logout() {
      const leaving = held;
      if (!leaving) return;
      const { login } = leaving;
      const done = login?.logout();
      end(leaving, new SessionEnded("logged_out"));
      await done;
    },
    getClient: () => held?.client ?? anonymous,
    subscribe,
    getSnapshot: () => snapshot,
    getServerSnapshot: () => PENDING,
    close,
    [Symbol.dispose]: close,
  };
};
