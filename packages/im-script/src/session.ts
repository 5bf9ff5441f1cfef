import type {
  DropInCall,
  DropInCloseCode,
  DropInGroup,
  DropInLogin,
  DropInMessage,
  DropInMuteStatus,
  DropInPosition,
  DropInResults,
} from "@invigil/schema";
import {
  type Call,
  type Connection,
  type ConnectionOptions,
  isLost,
  openConnection,
  type PushFrame,
} from "./connection.js";
import { codeOf, type ImError, ImErrors, imError } from "./errors.js";
import { runAfter } from "./globals.js";
import { createSemaphore } from "./semaphore.js";

/** How long a call waits for its response, in milliseconds. */
const RESPONSE_MS = 10_000;
/** How long the session tries to reconnect before it ends, in milliseconds. */
const RECONNECT_MS = 30_000;
/** How long a first login or join is retried, in milliseconds. Apps do not retry them themselves. */
const INITIAL_MS = 120_000;
const RETRY_MS = { first: 200, max: 3_000 };
/** The maximum number of concurrent requests. The server accepts only slightly more. */
const MAX_CONCURRENT = 32;

/** The close codes of {@link DropInCloseCode}. */
const REMOVED = 2;
const EXPIRED = 3;
const REPLACED = 4;

export interface SessionOptions {
  readonly url: string;
  readonly login: DropInLogin;
  /**
   * The position of the page in each group. It outlives the session, so that the next session continues from
   * there.
   */
  readonly positions: Map<string, DropInPosition>;
  readonly onMessage: (message: DropInMessage, one: boolean) => void;
  readonly onMuted: (status: DropInMuteStatus) => void;
  readonly onLost: () => void;
  readonly onReconnected: (groups: readonly DropInGroup[]) => void;
  /** The login has expired. `renew` takes a newer login, or nothing if there is none. */
  readonly onExpired: (renew: (login?: DropInLogin) => void) => void;
  /** The session has ended. */
  readonly onEnd: (code: DropInCloseCode) => void;
}

/** A login that survives the loss of connections. */
export interface Session {
  /**
   * Connects and logs in, with retries.
   * @throws ImError at once with `auth fail` if the server refuses the login
   */
  open(): Promise<void>;
  join(groupId: string): Promise<DropInGroup>;
  leave(groupId: string): Promise<void>;
  /**
   * Sends a request. If the connection is lost before the response, the request is repeated on the next
   * connection.
   * @throws ImError
   */
  call<Name extends DropInCall["do"]>(call: Call<Name>): Promise<DropInResults[Name]>;
  /** Ends the session without calling `onEnd`. */
  close(): void;
}

const notLoggedIn = () => imError(ImErrors.ERROR_NOT_LOGIN, "not login");
const isRefused = (error: unknown): boolean => codeOf(error) === ImErrors.ERROR_NO_PERMISSION;
/** Whether a later login of the same person replaced this one. */
const isReplaced = (error: unknown): boolean => codeOf(error) === ImErrors.ERROR_HAS_LOGIN;
const TEMPORARY: readonly unknown[] = [
  ImErrors.ERROR_NO_SESSION,
  ImErrors.ERROR_INTERNAL_BUSY,
  ImErrors.ERROR_INTERNALE_RROR,
];
/** Whether the network or an overloaded server caused the error, so that a retry may succeed. */
const isTemporary = (error: unknown): boolean => isLost(error) || TEMPORARY.includes(codeOf(error));
const NOT_MEMBER: readonly unknown[] = [
  ImErrors.ERROR_NO_PERMISSION,
  ImErrors.ERROR_GROUP_NOT_EXIST,
  ImErrors.ERROR_GROUP_DELETED,
];

export const createSession = ({ positions, ...options }: SessionOptions): Session => {
  let { login } = options;
  let connection: Connection | undefined;
  let isClosed = false;
  /** Whether the page has joined a group. From then on, the app logs in again by itself. */
  let hasJoined = false;
  let cancelReconnection = () => {};
  const joined = new Set<string>();
  const semaphore = createSemaphore(MAX_CONCURRENT);
  /** Calls that wait for a connection. */
  let waiting: (() => void)[] = [];

  const resumeWaiting = (): void => {
    const calls = waiting;
    waiting = [];
    for (const resume of calls) resume();
  };
  const close = (): void => {
    isClosed = true;
    cancelReconnection();
    connection?.close();
    connection = undefined;
    resumeWaiting();
  };
  const end = (code: DropInCloseCode): void => {
    if (isClosed) return;
    close();
    options.onEnd(code);
  };

  const advance = (groupId: string, { at, seen }: DropInPosition): void => {
    const { at: known, seen: last } = positions.get(groupId) ?? { at: "0", seen: 0 };
    if (joined.has(groupId))
      positions.set(groupId, { at: Number(at) > Number(known) ? at : known, seen: Math.max(seen, last) });
  };
  /** Takes the position of a joined group from the server, which may be behind that of the page. */
  const onResult: ConnectionOptions["onResult"] = (call, result) => {
    if (call.do === "join" && "at" in result && joined.has(call.groupId))
      positions.set(call.groupId, { at: result.at, seen: result.seen });
  };
  /** A join request that continues from the position of the page. */
  const joinCall = (groupId: string): Call<"join"> => {
    const position = positions.get(groupId);
    return { do: "join", groupId, after: position?.at, seen: position?.seen };
  };

  const receive = (message: DropInMessage, one: boolean, at: string): void => {
    const { groupId, seqnum } = message;
    // A message may arrive again after a reconnection.
    if (!joined.has(groupId) || seqnum <= (positions.get(groupId)?.seen ?? 0)) return;
    advance(groupId, { at, seen: seqnum });
    options.onMessage(message, one);
  };

  const onPush = (frame: PushFrame): void => {
    switch (frame.is) {
      case "message":
        receive(frame.message, frame.one, frame.at);
        break;
      case "beat":
        for (const groupId of Object.keys(frame.at))
          advance(groupId, { at: frame.at[groupId] ?? "0", seen: 0 });
        break;
      case "muted":
        options.onMuted(frame.status);
        break;
      case "expired":
        renew((opened) => void opened.catch(() => end(EXPIRED)));
        break;
      case "bye":
        end(frame.code);
    }
  };

  /** Asks the app for a newer login, and logs in with it if there is a connection. */
  const renew = (onLogin: (opened: Promise<unknown>) => void): void => {
    let isRenewed = false;
    const stopWaiting = runAfter(RECONNECT_MS, () => end(EXPIRED));
    options.onExpired((renewed) => {
      if (isRenewed || isClosed) return;
      isRenewed = true;
      stopWaiting();
      if (!renewed) return end(EXPIRED);
      login = renewed;
      onLogin(connection ? connection.request({ do: "login", login }) : Promise.resolve());
    });
  };

  const rejoin = async (on: Connection): Promise<DropInGroup[]> => {
    const groups: DropInGroup[] = [];
    for (const groupId of joined) {
      const { group } = await on.request(joinCall(groupId));
      groups.push(group);
    }
    return groups;
  };

  /** While `connect` runs, its caller handles the loss. */
  const handleLoss = (): void => {
    if (connection) reconnect();
  };

  /**
   * Opens a connection and logs in.
   * @throws ImError
   */
  const connect = async (): Promise<Connection> => {
    const opened = await openConnection(options.url, { onPush, onResult, onLost: handleLoss });
    try {
      await opened.request({ do: "login", login });
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  };

  const reconnect = (): void => {
    connection = undefined;
    options.onLost();
    let cancelAttempt = () => {};
    const stopWaiting = runAfter(hasJoined ? RECONNECT_MS : INITIAL_MS, () => end(EXPIRED));
    cancelReconnection = () => {
      cancelAttempt();
      stopWaiting();
    };
    let delay = RETRY_MS.first;
    const scheduleAttempt = (): void => {
      // A random delay, so that the clients of a restarted server do not reconnect at the same time.
      cancelAttempt = runAfter(delay * (0.5 + Math.random()), () => void attempt());
      delay = Math.min(delay * 2, RETRY_MS.max);
    };
    const attempt = async () => {
      let opened: Connection | undefined;
      try {
        opened = await connect();
        const groups = await rejoin(opened);
        if (isClosed) throw notLoggedIn();
        cancelReconnection();
        connection = opened;
        options.onReconnected(groups);
        resumeWaiting();
      } catch (error) {
        opened?.close();
        if (isClosed) return;
        if (opened && NOT_MEMBER.includes(codeOf(error))) return end(REMOVED);
        if (isReplaced(error)) return end(REPLACED);
        if (!opened && isRefused(error)) return renew(() => scheduleAttempt());
        scheduleAttempt();
      }
    };
    scheduleAttempt();
  };

  /**
   * Retries a call while its error may be temporary.
   * @throws ImError
   */
  const retry = async <T>(attempt: () => Promise<T>): Promise<T> => {
    let isLate = false;
    const stop = runAfter(INITIAL_MS, () => {
      isLate = true;
    });
    let delay = RETRY_MS.first;
    try {
      for (;;) {
        try {
          return await attempt();
        } catch (error) {
          if (isClosed) throw notLoggedIn();
          if (isLate || !isTemporary(error)) throw error;
        }
        const pause = delay * (0.5 + Math.random());
        await new Promise<void>((resolve) => {
          runAfter(pause, resolve);
        });
        delay = Math.min(delay * 2, RETRY_MS.max);
      }
    } finally {
      stop();
    }
  };

  const waitForConnection = async (): Promise<Connection> => {
    while (!connection && !isClosed)
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    if (!connection) throw notLoggedIn();
    return connection;
  };

  const call: Session["call"] = async (request) => {
    if (isClosed) throw notLoggedIn();
    let isLate = false;
    await semaphore.acquire();
    const requestUntilAnswered = async () => {
      for (;;) {
        const current = await waitForConnection();
        if (isLate) throw notLoggedIn();
        try {
          return await current.request(request);
        } catch (error) {
          if (isClosed || !isLost(error)) throw error;
        }
      }
    };
    const answer = requestUntilAnswered();
    return new Promise((resolve, reject) => {
      const stop = runAfter(RESPONSE_MS, () => {
        isLate = true;
        reject(imError(ImErrors.ERROR_INTERNALE_RROR, "timeout"));
        semaphore.release();
      });
      const settle = (): void => {
        stop();
        if (!isLate) semaphore.release();
      };
      answer.then(
        (result) => {
          settle();
          resolve(result);
        },
        (error: ImError) => {
          settle();
          reject(isClosed ? notLoggedIn() : error);
        },
      );
    });
  };

  return {
    open: () =>
      retry(async () => {
        if (isClosed) throw notLoggedIn();
        const opened = await connect();
        if (isClosed) {
          opened.close();
          throw notLoggedIn();
        }
        connection = opened;
      }),
    call,
    async join(groupId) {
      joined.add(groupId);
      try {
        const { group } = await retry(() => call(joinCall(groupId)));
        hasJoined = true;
        return group;
      } catch (error) {
        if (!isClosed) joined.delete(groupId);
        throw error;
      }
    },
    async leave(groupId) {
      joined.delete(groupId);
      positions.delete(groupId);
      await call({ do: "leave", groupId });
    },
    close,
  };
};
