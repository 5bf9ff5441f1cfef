import { EventEmitter, once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventIdSchema } from "@invigil/schema";
import { pino } from "pino";
import { z } from "zod";
import { createDeps } from "../../src/api/deps.js";
import { createServices, type Services } from "../../src/api/services.js";
import { type AppOptions, buildApp } from "../../src/app/app.js";
import type { TestCaller } from "../../src/app/testing.js";
import type { Config } from "../../src/config/config.js";
import { createAuthProcedures } from "../../src/features/auth/router.js";
import { signToken } from "../../src/identity/tokens.js";
import { InvigilError } from "../../src/platform/errors.js";
import { createIds } from "../../src/platform/ids.js";
import { anyone, teachers } from "../../src/trpc/procedures.js";
import { router } from "../../src/trpc/root.js";
import { trackEvents } from "../../src/trpc/subscriptions.js";
import { configOfTest, openDatabaseOf } from "./database.js";
import { portOf } from "./ports.js";

// The real app with procedures of the tests behind /trpc, for tests of the transports.

/** Events for subscriptions, which are kept so that subscribers can resume. */
export interface Log {
  add(text: string): void;
  /** Ends all subscriptions, like a server that stops. */
  stop(): void;
  /** The number of subscribers. */
  listeners(): number;
  /** The number of events that the transport has received, for all subscribers. */
  sent(): number;
  /** Resolves at this number of subscribers. */
  heard(listeners: number): Promise<void>;
}

const createLog = () => {
  const texts: string[] = [];
  const bell = new EventEmitter().setMaxListeners(0);
  let stopped = false;
  let listening = 0;
  let sent = 0;
  const log: Log = {
    add(text) {
      texts.push(text);
      bell.emit("ring");
    },
    stop() {
      stopped = true;
      bell.emit("ring");
    },
    listeners: () => listening,
    sent: () => sent,
    async heard(listeners) {
      while (listening !== listeners) await once(bell, "listening");
    },
  };
  /** Yields the events after an id, and all later ones. */
  async function* after(
    last: number,
    drained: (() => Promise<void> | undefined) | undefined,
    signal?: AbortSignal,
  ) {
    listening++;
    bell.emit("listening");
    try {
      for (let at = last; !signal?.aborted; ) {
        if (stopped) throw new InvigilError("OVERLOADED", "The server is stopping.");
        const text = texts[at];
        if (text === undefined) {
          const rings = { ...(signal && { signal }) };
          await once(bell, "ring", rings).catch(() => undefined);
          continue;
        }
        await drained?.();
        at++;
        sent++;
        yield { id: String(at), text, at };
      }
    } finally {
      listening--;
      bell.emit("listening");
    }
  }
  return { log, after, last: () => texts.length };
};

/** Calls that wait until the test releases them. */
const createGate = () => {
  const bell = new EventEmitter().setMaxListeners(0);
  let waiting = 0;
  return {
    waiting: () => waiting,
    async wait(): Promise<void> {
      waiting++;
      bell.emit("waiting");
      await once(bell, "open");
      waiting--;
    },
    async waited(calls: number): Promise<void> {
      while (waiting < calls) await once(bell, "waiting");
    },
    open: () => void bell.emit("open"),
  };
};

const createTestRouter = (
  services: Services,
  { after, last }: ReturnType<typeof createLog>,
  gate: ReturnType<typeof createGate>,
) =>
  router({
    ...createAuthProcedures(services),
    test: router({
      events: anyone("nothing")
        .input(z.object({ lastEventId: eventIdSchema.optional() }))
        .subscription(({ input: { lastEventId }, ctx, signal }) =>
          trackEvents(
            after(lastEventId === undefined ? last() : Number(lastEventId), ctx.drained, signal),
            ({ text, at }) => ({ text, at }),
            ctx,
          ),
        ),
      echo: anyone("nothing")
        .input(z.object({ text: z.string(), at: z.date() }))
        .query(({ input }) => input),
      big: anyone("nothing")
        .input(z.object({ bytes: z.int() }))
        .query(({ input }) => "x".repeat(input.bytes)),
      wait: anyone("nothing").query(async () => {
        await gate.wait();
        return "waited";
      }),
      change: teachers("nothing")
        .input(z.object({ text: z.string() }))
        .mutation(({ input }) => input.text),
      broken: anyone("nothing").query(() => {
        throw new Error("kept out of sight");
      }),
    }),
  });
export type TestRouter = ReturnType<typeof createTestRouter>;

export interface SocketFixture extends AsyncDisposable {
  /** The URL of the server: `http://127.0.0.1:port`. */
  readonly url: string;
  readonly log: Log;
  readonly gate: ReturnType<typeof createGate>;
  readonly services: Services;
  /** The log lines so far. */
  lines(): Record<string, unknown>[];
  /** Resolves with the first line of the log with this message, past or future. */
  line(msg: string): Promise<Record<string, unknown>>;
  token(caller: TestCaller, ttlSeconds?: number): Promise<string>;
  /** The server's side of all connections that are open. */
  sockets(): ReadonlySet<Socket>;
  /** Drains and closes the app, then closes its dependencies. */
  close(): Promise<void>;
}

export interface SocketFixtureOptions extends Pick<AppOptions, "timing"> {
  readonly now?: () => Date;
  readonly config?: Partial<Config>;
}

export const openSocketFixture = async ({
  now = () => new Date(),
  config: changes,
  timing,
}: SocketFixtureOptions = {}): Promise<SocketFixture> => {
  const dataDir = mkdtempSync(join(tmpdir(), "invigil-hall-"));
  const config = configOfTest({ dataDir, ...changes });
  const db = await openDatabaseOf(config);
  const authSecret = "a secret for tests, 32 bytes or more";
  const ids = createIds({ clock: now });
  const written: string[] = [];
  const bell = new EventEmitter().setMaxListeners(0);
  const logTo = {
    write(text: string) {
      written.push(text);
      bell.emit("line");
    },
  };
  const deps = createDeps({
    config,
    db,
    clock: now,
    monotonic: () => performance.now(),
    ids,
    log: pino({ level: "debug" }, logTo),
    publicUrl: () => "http://127.0.0.1:7001",
    authSecret,
    ownKey: (name) => `a key for tests: ${name}`,
  });
  const services = createServices(deps);
  const events = createLog();
  const gate = createGate();
  const app = await buildApp(deps, services, {
    trpcRouter: createTestRouter(services, events, gate),
    ...(timing && { timing }),
  });
  const sockets = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const port = portOf(app.server);
  const lines = () => written.map((text) => JSON.parse(text) as Record<string, unknown>);
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= app.close().then(async () => {
      await db.close();
      rmSync(dataDir, { recursive: true, force: true });
    });
    return closed;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    log: events.log,
    gate,
    services,
    lines,
    async line(msg) {
      for (;;) {
        const found = lines().find((line) => line.msg === msg);
        if (found) return found;
        await once(bell, "line");
      }
    },
    token: ({ sub, role, room, exam, name }, ttlSeconds = 3600) =>
      signToken(
        { userId: sub, role, roomId: room, examId: exam, name, ttlSeconds },
        { secret: authSecret, clock: now, jti: ids.next() },
      ),
    sockets: () => sockets,
    close,
    async [Symbol.asyncDispose]() {
      events.log.stop();
      gate.open();
      await close();
    },
  };
};
