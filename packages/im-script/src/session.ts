import type {
  EngineCall,
  EngineGoodbye,
  EngineGroup,
  EngineLogin,
  EngineMessage,
  EngineMuteStatus,
  EnginePlace,
  EngineResults,
} from "@invigil/schema";
import { type ImError, ImErrors, imError } from "./errors.js";
import { after } from "./globals.js";
import { type Call, isLost, type Line, type LineOptions, openLine, type Told } from "./line.js";
import { createTurns } from "./turns.js";

/** How long a call waits for its response, in milliseconds. */
const ANSWER_MS = 10_000;
/** How long the session tries to reconnect before it ends, in milliseconds. */
const RETURN_MS = 30_000;
/** How long a first login or join is retried, in milliseconds. Apps do not retry them themselves. */
const FIRST_MS = 120_000;
const RETRY_MS = { first: 200, most: 3_000 };
/** The maximum number of concurrent requests. The server accepts only slightly more. */
const WINDOW = 32;

export interface SessionOptions {
  readonly url: string;
  readonly login: EngineLogin;
  /**
   * The position of the page in each group. It outlives the session, so that the next session continues from
   * there.
   */
  readonly places: Map<string, EnginePlace>;
  readonly onMessage: (message: EngineMessage, one: boolean) => void;
  readonly onMuted: (status: EngineMuteStatus) => void;
  readonly onLost: () => void;
  readonly onReturned: (groups: readonly EngineGroup[]) => void;
  /** The login has expired. `renew` takes a newer login, or nothing if there is none. */
  readonly onExpired: (renew: (login?: EngineLogin) => void) => void;
  /** The session has ended. */
  readonly onEnd: (code: EngineGoodbye) => void;
}

/** A login that survives the loss of connections. */
export interface Session {
  /**
   * Connects and logs in, with retries.
   * @throws ImError at once with `auth fail` if the server refuses the login
   */
  open(): Promise<void>;
  join(groupId: string): Promise<EngineGroup>;
  leave(groupId: string): Promise<void>;
  /**
   * Sends a request. If the connection is lost before the response, the request is repeated on the next
   * connection.
   * @throws ImError
   */
  call<Name extends EngineCall["do"]>(call: Call<Name>): Promise<EngineResults[Name]>;
  /** Ends the session without calling `onEnd`. */
  close(): void;
}

const over = () => imError(ImErrors.ERROR_NOT_LOGIN, "not login");
const isRefused = ({ code }: ImError): boolean => code === ImErrors.ERROR_NO_PERMISSION;
/** Whether a later login of the same person replaced this one. */
const isElsewhere = ({ code }: ImError): boolean => code === ImErrors.ERROR_HAS_LOGIN;
/** Whether the network or an overloaded server caused the error, so that a retry may succeed. */
const mayPass = (error: ImError): boolean =>
  isLost(error) ||
  error.code === ImErrors.ERROR_NO_SESSION ||
  error.code === ImErrors.ERROR_INTERNAL_BUSY ||
  error.code === ImErrors.ERROR_INTERNALE_RROR;
const hasNoPlace = (error: ImError): boolean =>
  isRefused(error) ||
  error.code === ImErrors.ERROR_GROUP_NOT_EXIST ||
  error.code === ImErrors.ERROR_GROUP_DELETED;

export const createSession = ({ places, ...options }: SessionOptions): Session => {
  let { login } = options;
  let line: Line | undefined;
  let isOver = false;
  /** Whether the page has joined a group. From then on, the app logs in again by itself. */
  let hasEntered = false;
  let stopReturning = () => {};
  const joined = new Set<string>();
  const turns = createTurns(WINDOW);
  /** Calls that wait for a connection. */
  let waiting: (() => void)[] = [];

  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const go of woken) go();
  };
  const finish = (): void => {
    isOver = true;
    stopReturning();
    line?.close();
    line = undefined;
    wake();
  };
  const end = (code: EngineGoodbye): void => {
    if (isOver) return;
    finish();
    options.onEnd(code);
  };

  const move = (groupId: string, { at, seen }: EnginePlace): void => {
    const { at: known, seen: last } = places.get(groupId) ?? { at: "0", seen: 0 };
    if (joined.has(groupId))
      places.set(groupId, { at: Number(at) > Number(known) ? at : known, seen: Math.max(seen, last) });
  };
  /** Takes the position of a joined group from the server, which may be behind that of the page. */
  const onResult: LineOptions["onResult"] = (call, result) => {
    if (call.do === "join" && "at" in result && joined.has(call.groupId))
      places.set(call.groupId, { at: result.at, seen: result.seen });
  };
  /** A join request that continues from the position of the page. */
  const joining = (groupId: string): Call<"join"> => {
    const place = places.get(groupId);
    return { do: "join", groupId, after: place?.at, seen: place?.seen };
  };

  const hear = (message: EngineMessage, one: boolean, at: string): void => {
    const { groupId, seqnum } = message;
    // A message may arrive again after a reconnection.
    if (!joined.has(groupId) || seqnum <= (places.get(groupId)?.seen ?? 0)) return;
    move(groupId, { at, seen: seqnum });
    options.onMessage(message, one);
  };

  const onTold = (told: Told): void => {
    switch (told.is) {
      case "message":
        hear(told.message, told.one, told.at);
        break;
      case "beat":
        for (const groupId of Object.keys(told.at)) move(groupId, { at: told.at[groupId] ?? "0", seen: 0 });
        break;
      case "muted":
        options.onMuted(told.status);
        break;
      case "expired":
        renew((opened) => void opened.catch(() => end(3)));
        break;
      case "bye":
        end(told.code);
    }
  };

  /** Asks the app for a newer login, and logs in with it if there is a connection. */
  const renew = (use: (opened: Promise<unknown>) => void): void => {
    let isAnswered = false;
    const stopWaiting = after(RETURN_MS, () => end(3));
    options.onExpired((renewed) => {
      if (isAnswered || isOver) return;
      isAnswered = true;
      stopWaiting();
      if (!renewed) return end(3);
      login = renewed;
      use(line ? line.ask({ do: "login", login }) : Promise.resolve());
    });
  };

  const rejoin = async (on: Line): Promise<EngineGroup[]> => {
    const groups: EngineGroup[] = [];
    for (const groupId of joined) {
      const { group } = await on.ask(joining(groupId));
      groups.push(group);
    }
    return groups;
  };

  /** While `connect` runs, its caller handles the loss. */
  const whenLost = (): void => {
    if (line) comeBack();
  };

  /**
   * Opens a connection and logs in.
   * @throws ImError
   */
  const connect = async (): Promise<Line> => {
    const opened = await openLine(options.url, { onTold, onResult, onLost: whenLost });
    try {
      await opened.ask({ do: "login", login });
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  };

  const comeBack = (): void => {
    line = undefined;
    options.onLost();
    let stopTrying = () => {};
    const stopWaiting = after(hasEntered ? RETURN_MS : FIRST_MS, () => end(3));
    stopReturning = () => {
      stopTrying();
      stopWaiting();
    };
    let delay = RETRY_MS.first;
    const again = (): void => {
      // A random delay, so that the clients of a restarted server do not reconnect at the same time.
      stopTrying = after(delay * (0.5 + Math.random()), () => void attempt());
      delay = Math.min(delay * 2, RETRY_MS.most);
    };
    const attempt = async () => {
      let opened: Line | undefined;
      try {
        opened = await connect();
        const groups = await rejoin(opened);
        if (isOver) throw over();
        stopReturning();
        line = opened;
        options.onReturned(groups);
        wake();
      } catch (error) {
        opened?.close();
        if (isOver) return;
        // Safe: a connection rejects only with ImError.
        const failure = error as ImError;
        if (opened && hasNoPlace(failure)) return end(2);
        if (isElsewhere(failure)) return end(4);
        if (!opened && isRefused(failure)) return renew(() => again());
        again();
      }
    };
    again();
  };

  /**
   * Retries a call while its error may be temporary.
   * @throws ImError
   */
  const persist = async <T>(attempt: () => Promise<T>): Promise<T> => {
    let isLate = false;
    const stop = after(FIRST_MS, () => {
      isLate = true;
    });
    let delay = RETRY_MS.first;
    try {
      for (;;) {
        try {
          return await attempt();
        } catch (error) {
          if (isOver) throw over();
          // Safe: a connection rejects only with ImError.
          if (isLate || !mayPass(error as ImError)) throw error;
        }
        const pause = delay * (0.5 + Math.random());
        await new Promise<void>((go) => {
          after(pause, go);
        });
        delay = Math.min(delay * 2, RETRY_MS.most);
      }
    } finally {
      stop();
    }
  };

  const lineUp = async (): Promise<Line> => {
    while (!line && !isOver)
      await new Promise<void>((go) => {
        waiting.push(go);
      });
    if (!line) throw over();
    return line;
  };

  const call: Session["call"] = async (asked) => {
    if (isOver) throw over();
    let isLate = false;
    await turns.take();
    const answered = async () => {
      for (;;) {
        const up = await lineUp();
        if (isLate) throw over();
        try {
          return await up.ask(asked);
        } catch (error) {
          // Safe: a connection rejects only with ImError.
          if (isOver || !isLost(error as ImError)) throw error;
        }
      }
    };
    const answer = answered();
    return new Promise((resolve, reject) => {
      const stop = after(ANSWER_MS, () => {
        isLate = true;
        reject(imError(ImErrors.ERROR_INTERNALE_RROR, "timeout"));
        turns.give();
      });
      const settled = (): void => {
        stop();
        if (!isLate) turns.give();
      };
      answer.then(
        (result) => {
          settled();
          resolve(result);
        },
        (error: ImError) => {
          settled();
          reject(isOver ? over() : error);
        },
      );
    });
  };

  return {
    open: () =>
      persist(async () => {
        if (isOver) throw over();
        const opened = await connect();
        if (isOver) {
          opened.close();
          throw over();
        }
        line = opened;
      }),
    call,
    async join(groupId) {
      joined.add(groupId);
      try {
        const { group } = await persist(() => call(joining(groupId)));
        hasEntered = true;
        return group;
      } catch (error) {
        if (!isOver) joined.delete(groupId);
        throw error;
      }
    },
    async leave(groupId) {
      joined.delete(groupId);
      places.delete(groupId);
      await call({ do: "leave", groupId });
    },
    close: finish,
  };
};
