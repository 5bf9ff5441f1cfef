import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { WebSocket } from "ws";
import type { Parsed } from "./calls.js";
import { isOnPostgres } from "./engine.js";

// The built drop-in script in a page that has only WebSocket and timers.

export const SCRIPT = fileURLToPath(new URL("../../dist/sdk/alivc-im.iife.js", import.meta.url));

/** A page that has loaded the script, and its network. */
export interface ScriptPage {
  /** `window.AliVCInteraction`. */
  readonly sdk: Parsed;
  /** The errors of listeners. */
  readonly thrown: unknown[];
  /** Resets all connections, and refuses new ones until `online`. */
  offline(): void;
  online(): void;
  /** The number of connections that were attempted. */
  connections(): number;
  /** Resolves after this number of attempts. */
  connected(times: number): Promise<void>;
  close(): void;
}

/** An address without a server. */
const NOWHERE = "ws://127.0.0.1:1/";

/** On PostgreSQL, answers take longer than the shortest accelerated timers. */
const MOST_HURRY = isOnPostgres ? 30 : Number.POSITIVE_INFINITY;

/** @param hurry the factor by which the page's timers are accelerated while it is offline: answers take as long as they take */
export const loadScript = ({ hurry = 1 } = {}): ScriptPage => {
  const factorNow = () => Math.min(hurry, isOffline ? MOST_HURRY : 1);
  const sockets: WebSocket[] = [];
  const thrown: unknown[] = [];
  const bell = new EventEmitter().setMaxListeners(0);
  let isOffline = false;
  class PageSocket extends WebSocket {
    constructor(url: string) {
      super(isOffline ? NOWHERE : url);
      sockets.push(this);
      // In a browser, nobody has to listen. A socket that is closed while it connects has an error.
      this.on("error", () => undefined);
      bell.emit("connection");
    }
  }
  const window = createContext({
    WebSocket: PageSocket,
    setTimeout: (run: () => void, ms: number) =>
      setTimeout(() => {
        try {
          run();
        } catch (error) {
          thrown.push(error);
        }
      }, ms / factorNow()),
    clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
  });
  runInContext(readFileSync(SCRIPT, "utf8"), window);
  const cut = () => {
    for (const socket of sockets) socket.terminate();
  };
  return {
    sdk: runInContext("AliVCInteraction", window),
    thrown,
    offline() {
      isOffline = true;
      cut();
    },
    online() {
      isOffline = false;
    },
    connections: () => sockets.length,
    async connected(times) {
      while (sockets.length < times) await once(bell, "connection");
    },
    close() {
      isOffline = true;
      cut();
    },
  };
};

/** A connection to `/im` that can send anything. */
export const rawDropIn = async (url: string) => {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/im`);
  const diary = createDiary();
  // Safe: each message comes as one buffer.
  socket.on("message", (data) => diary.note("frame", JSON.parse((data as Buffer).toString())));
  socket.on("close", (code, reason) => diary.note("close", code, String(reason)));
  socket.on("error", () => undefined);
  await once(socket, "open");
  let number = 0;
  return {
    socket,
    diary,
    send: (frame: unknown) => socket.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    /** Sends a request and returns its response. Other frames are skipped. */
    async ask(call: object): Promise<Parsed> {
      number += 1;
      socket.send(JSON.stringify({ number, ...call }));
      for (;;) {
        const { event, args } = await diary.next();
        if (event === "close") throw new Error(`closed with ${args.join(" ")}`);
        if (args[0].number === number) return args[0].error ?? args[0].result;
      }
    },
    /** The next frame that is not a response. */
    async receive(is: string): Promise<Parsed> {
      for (;;) {
        const { event, args } = await diary.next();
        if (event === "close") throw new Error(`closed with ${args.join(" ")}`);
        if (args[0].is === is) return args[0];
      }
    },
    async closed(): Promise<Parsed[]> {
      return diary.until("close");
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
};

/** What `getIMToken` answers as `aliyunNewIm`. */
export interface ImLogin {
  readonly appId: string;
  readonly appSign: string;
  readonly appToken: string;
  readonly auth: {
    readonly userId: string;
    readonly nonce: string;
    readonly timestamp: number;
    readonly role: string;
  };
}

/** A login, as the vendor's apps request it. */
export const imLogin = async (
  url: string,
  token: string,
  asked: { roomId: string; userId: string; role?: string },
): Promise<ImLogin> => {
  const answer = await fetch(`${url}/exam/v2/getIMToken`, {
    method: "POST",
    headers: { authorization: token, "content-type": "application/json" },
    body: JSON.stringify({ ...asked, deviceId: "art-1", deviceType: "web", imServer: ["aliyun_new"] }),
  });
  const { data, errorMsg }: Parsed = await answer.json();
  if (!data) throw new Error(errorMsg);
  return data.aliyunNewIm;
};

/** The arguments with which apps log in. */
export const credentials = ({ appToken, auth: { userId, ...auth } }: ImLogin) => ({
  user: { userId },
  userAuth: { ...auth, token: appToken },
});

export interface RecordedEvent {
  readonly event: string;
  readonly args: Parsed[];
}

/** Records events, each of which is read once. */
const createDiary = () => {
  const events: RecordedEvent[] = [];
  const bell = new EventEmitter().setMaxListeners(0);
  let read = 0;
  const next = async (): Promise<RecordedEvent> => {
    for (;;) {
      const one = events[read];
      if (one) {
        read += 1;
        return one;
      }
      await once(bell, "heard");
    }
  };
  return {
    note: (event: string, ...args: Parsed[]) => {
      events.push({ event, args });
      bell.emit("heard");
    },
    next,
    /** The arguments of the next event with this name. Earlier events are skipped. */
    async until(event: string): Promise<Parsed[]> {
      for (;;) {
        const one = await next();
        if (one.event === event) return one.args;
      }
    },
    /** The events that were not read. */
    rest: () => events.slice(read),
    /** The arguments of all events with this name. */
    all: (event: string) => events.filter((one) => one.event === event).map(({ args }) => args),
  };
};

/** Repeats a request until the condition is true. */
export const eventually = async <T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<void> => {
  while (!isSo(await ask()));
};

const SDK_EVENTS = ["connecting", "connectfailed", "connectsuccess", "disconnect", "reconnectsuccess"];
const MESSAGE_EVENTS = ["recvc2cmessage", "recvgroupmessage"];

/** A page of an app: the initialized script, and a record of its events. */
export const openApp = async (
  appSign: string,
  { expiry, hurry }: { expiry?: (callback: Parsed) => void; hurry?: number } = {},
) => {
  const page = loadScript(hurry === undefined ? {} : { hurry });
  const diary = createDiary();
  const engine = new page.sdk.ImEngine();
  await engine.init({ appId: "invigil", appSign, source: "exam" });
  for (const event of SDK_EVENTS) engine.on(event, (...args: Parsed[]) => diary.note(event, ...args));
  engine.on("tokenexpired", (callback: Parsed) => {
    diary.note("tokenexpired");
    (expiry ?? ((answer: Parsed) => answer({ code: 1, msg: "a new one is fetched at the next login" })))(
      callback,
    );
  });
  const messages = engine.getMessageManager();
  const groups = engine.getGroupManager();
  for (const event of MESSAGE_EVENTS) messages.on(event, (...args: Parsed[]) => diary.note(event, ...args));
  groups.on("mutechange", (...args: Parsed[]) => diary.note("mutechange", ...args));
  return {
    page,
    engine,
    messages,
    groups,
    diary,
    async [Symbol.asyncDispose]() {
      await engine.logout();
      page.close();
    },
  };
};
export type ImApp = Awaited<ReturnType<typeof openApp>>;
