import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Command, MediaServerOptions, Message, Refusal, Reply } from "@invigil/media-server/messages";
import { InvigilError } from "../../platform/errors.js";
import { ownAddresses } from "../../platform/own-addresses.js";
import { PACKAGE_ROOT } from "../../platform/package-root.js";
import type { MediaListener, MediaServer } from "../types.js";

/** Built by packages/media-server. */
const PROGRAM = fileURLToPath(new URL("dist/media/media-server.cjs", PACKAGE_ROOT));
/** How long a command may take. The first one starts the media server, and those of a whole exam come in one moment. */
const REPLY_MS = 30_000;
/** How long a peer may take to connect. Until then it holds a port. */
const CONNECT_MS = 30_000;
/** A watched picture takes some 300 kbit/s. */
const MAX_SENT_BITS = 100_000_000;

const LOOPBACK = "127.0.0.1";
/** Where to listen: at the address in answers if this machine has it, or at one that other machines reach. */
const addressFor = (host: string | undefined): string => {
  const own = ownAddresses();
  return host !== undefined && [LOOPBACK, ...own].includes(host) ? host : (own[0] ?? LOOPBACK);
};

const failed = (what: string, cause?: unknown): InvigilError =>
  new InvigilError("PROVIDER_FAILED", `The media server ${what}.`, { retryAfterSeconds: 1, cause });

type WithoutNumber<One> = One extends unknown ? Omit<One, "number"> : never;

/** A running process, with the commands that wait for it. */
interface Running {
  readonly child: ChildProcess;
  readonly waiting: Map<
    number,
    { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void }
  >;
}

/**
 * Creates the media server of this installation: a child process, which starts when the first stream is published. When it fails, all of its
 * media sessions end, and the next command starts another one.
 */
export const createEmbeddedMedia = ({
  host,
  ports,
  log,
}: {
  /** The address in answers. Undefined: the address of this machine. */
  readonly host: string | undefined;
  readonly ports: MediaServerOptions["ports"];
  readonly log: { warn(fields: object, message: string): void };
}): MediaServer => {
  let listener: MediaListener | undefined;
  let running: Running | undefined;
  let isClosed = false;
  let last = 0;

  const hear = ({ waiting }: Running, message: Message): void => {
    if ("reply" in message) {
      waiting.get(message.number)?.resolve(message.reply);
      waiting.delete(message.number);
    } else if ("stream" in message) listener?.publishing(message.stream, message.isPublishing);
    else if ("ended" in message) listener?.ended(message.ended, message.reason);
  };
  const start = (): Running => {
    const address = addressFor(host);
    const settings: MediaServerOptions = {
      address,
      host: host ?? address,
      ports,
      maxSentBits: MAX_SENT_BITS,
      connectMs: CONNECT_MS,
    };
    const child = fork(PROGRAM, [JSON.stringify(settings)], {
      // It needs no setting and no secret of the server.
      env: {},
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const started: Running = { child, waiting: new Map() };
    const fail = (error?: unknown): void => {
      if (running === started) running = undefined;
      for (const { reject } of started.waiting.values()) reject(failed("has stopped", error));
      started.waiting.clear();
    };
    child.on("message", (message: Message) => hear(started, message));
    child.on("error", fail);
    child.once("exit", (code, signal) => {
      fail();
      if (isClosed) return;
      log.warn({ code, signal }, "the media server has stopped");
      listener?.failed();
    });
    return started;
  };

  const command = async (one: WithoutNumber<Command>): Promise<Reply> => {
    if (isClosed) throw failed("is stopping");
    running ??= start();
    const { child, waiting } = running;
    last += 1;
    const number = last;
    return new Promise<Reply>((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.delete(number);
        reject(failed("does not answer"));
      }, REPLY_MS);
      const settled =
        <Value>(settle: (value: Value) => void) =>
        (value: Value) => {
          clearTimeout(late);
          settle(value);
        };
      waiting.set(number, { resolve: settled(resolve), reject: settled(reject) });
      child.send({ ...one, number }, (error) => {
        if (error) waiting.get(number)?.reject(failed("has stopped", error));
      });
    });
  };
  const answerOf = (reply: Reply): string => {
    if ("answer" in reply) return reply.answer;
    throw "refused" in reply ? refusedBy(reply.refused, reply.why) : failed("gave no answer");
  };

  return {
    listen(newListener) {
      listener = newListener;
    },
    open: async (session, role, stream, offer) =>
      answerOf(await command({ do: "open", session, role, stream, offer })),
    restart: async (session, fragment) => answerOf(await command({ do: "restart", session, fragment })),
    async end(session) {
      if (running) await command({ do: "close", session });
    },
    async keep(sessions) {
      if (running) await command({ do: "keep", sessions });
    },
    async measure() {
      if (!running) return undefined;
      const reply = await command({ do: "measure" });
      return "measures" in reply ? reply.measures : undefined;
    },
    async close() {
      isClosed = true;
      const { child } = running ?? {};
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const exit = new Promise((resolve) => child.once("exit", resolve));
      child.disconnect();
      await exit;
    },
  };
};

const refusedBy = (refusal: Refusal, why: string): InvigilError => {
  switch (refusal) {
    case "invalid":
    case "unsupported":
      return new InvigilError("INVALID_INPUT", `offer: ${why}`, { fields: { offer: [why] } });
    case "notPublished":
    case "unknown":
      return new InvigilError("STREAM_NOT_FOUND", `${why}.`, { retryAfterSeconds: 1 });
    case "full":
      return new InvigilError("OVERLOADED", `The media server cannot take more: ${why}.`, {
        retryAfterSeconds: 10,
      });
  }
};
