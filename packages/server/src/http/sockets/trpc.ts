import { errorCodes } from "@invigil/schema";
import { getTRPCErrorShape, TRPCError, transformTRPCResponse } from "@trpc/server";
import { getWSConnectionHandler } from "@trpc/server/adapters/ws";
import pLimit from "p-limit";
import type { WebSocket } from "ws";
import type { Services } from "../../api/services.js";
import { failureOf } from "../../domain/failures.js";
import { InvigilError, invalidInput } from "../../platform/errors.js";
import { serializeAnswer, sharedJson } from "../../platform/serialize.js";
import { type Context, callFields, chargeAnswer, type Trace } from "../../trpc/context.js";
import { EventChannel } from "../../trpc/event-channel.js";
import { failureOfCall } from "../../trpc/failures.js";
import type { Router } from "../../trpc/root.js";
import type { Connection, SocketHandler, SocketTiming } from "./connection.js";
import type { OutgoingMessage } from "./send-limiter.js";
import { type Calls, createCalls, idOf, isStop, type Refusal } from "./trpc-calls.js";
import { TrpcClient } from "./trpc-client.js";

/** The maximum number of subscriptions of one connection. */
const MAX_SUBSCRIPTIONS = 1_000;
/** Limits of the other calls of one connection: accepted calls, waiting calls above which reading pauses, and concurrent calls. */
const MAX_PENDING = 1_000;
const MAX_WAITING = 100;
const MAX_RUNNING = 20;
/** The size of unread answers, in bytes, above which the server stops reading from the client. */
const MAX_UNREAD = 1024 * 1024;
/** The maximum number of messages in a frame, and of invalid ones among them. No more calls may be open at a time. */
const MAX_FRAME_MESSAGES = MAX_SUBSCRIPTIONS + MAX_PENDING;
const MAX_FRAME_UNREADABLE = 20;
/** The time limit for a valid token, in milliseconds. */
const FIRST_MESSAGE_MS = 10_000;
/** Limits before a valid token: the size of the message with the token, the size of each later frame, and the number of messages. */
const MAX_PARAMS_BYTES = 16 * 1024;
const MAX_UNKNOWN_FRAME_BYTES = 64 * 1024;
const MAX_UNKNOWN_MESSAGES = 256;
/** WebSocket close codes. */
const POLICY_VIOLATION = 1008;
const TOO_LARGE = 1009;
const TRY_AGAIN_LATER = 1013;

export interface TrpcSocketOptions {
  readonly router: Router;
  readonly auth: Services["auth"];
  readonly gate: Services["gate"];
  readonly accessLog: Services["accessLog"];
  readonly live: Pick<Services["live"], "acquireConnection">;
  readonly timing: SocketTiming;
}

/** Errors for which a whole frame is refused and its connection closed. */
const TOO_MANY_MESSAGES = invalidInput("frame", `must contain at most ${MAX_FRAME_MESSAGES} messages`);
const NOT_CALLS = invalidInput("frame", "must contain calls in the format of tRPC");

const REFUSALS: Readonly<Record<Refusal, InvigilError>> = {
  unreadable: invalidInput("message", "must be a call in the format of tRPC"),
  duplicate: invalidInput("id", "is the id of a call that has not ended"),
  "too many": new InvigilError(
    "TOO_MANY_REQUESTS",
    `A connection accepts at most ${MAX_SUBSCRIPTIONS} subscriptions and ${MAX_PENDING} other calls at a time.`,
    { retryAfterSeconds: 1 },
  ),
};

/** Whether the first message contains the token. tRPC's client says so in the URL. */
const sendsParams = ({ request: { url = "" } }: Connection): boolean =>
  new URLSearchParams(url.split("?").slice(1).join("?")).get("connectionParams") === "1";

/** Pauses reading while too many calls of the client wait, or while the client does not read its answers. */
const createReadPause = (connection: Connection, calls: Calls) => {
  const { socket } = connection;
  let isPaused = false;
  let draining = false;
  const update = (): void => {
    const unread = socket.bufferedAmount > MAX_UNREAD;
    const shouldPause = socket.readyState === socket.OPEN && (unread || calls.pending() > MAX_WAITING);
    if (shouldPause !== isPaused) {
      isPaused = shouldPause;
      if (shouldPause) socket.pause();
      else socket.resume();
    }
    if (!unread || draining) return;
    draining = true;
    void Promise.resolve(connection.drained()).then(() => {
      draining = false;
      update();
    });
  };
  return { update, isPaused: () => isPaused };
};

/** An event of a subscription, in the format of tRPC's adapter. */
interface SubscriptionData {
  readonly id: string | number;
  readonly jsonrpc?: unknown;
  readonly result: { readonly type: "data"; readonly id?: string; readonly data: object };
}
const isSubscriptionData = (message: unknown): message is SubscriptionData => {
  // Safe: every property is checked.
  const { result, jsonrpc } = message as { result?: Partial<SubscriptionData["result"]>; jsonrpc?: unknown };
  return result?.type === "data" && typeof result.data === "object" && jsonrpc === undefined;
};

/** Serializes a message. The JSON of an event that many clients receive is created once; each client gets it with the id of its own call. */
const serialize = (message: unknown): OutgoingMessage => {
  const json = isSubscriptionData(message) ? sharedJson(message.result.data) : undefined;
  if (json === undefined) return JSON.stringify(message);
  // Safe: only events have shared JSON.
  const { id, result } = message as SubscriptionData;
  const eventId = result.id === undefined ? "" : `,"id":${JSON.stringify(result.id)}`;
  const head = `{"id":${JSON.stringify(id)},"result":{"type":"data"${eventId},"data":`;
  return typeof json === "string" ? `${head}${json}}}` : { head, shared: json, tail: "}}" };
};

/** The first value of a subscription, in the format of tRPC's adapter. */
interface ChannelOpening {
  readonly id: string | number;
  readonly jsonrpc: unknown;
  readonly channel: EventChannel;
}
const channelIn = (message: unknown): ChannelOpening | undefined => {
  // Safe: the types of the properties are checked.
  const { result, jsonrpc } = message as { result?: { data?: unknown }; jsonrpc?: unknown };
  const id = idOf(message);
  return result?.data instanceof EventChannel && id !== null
    ? { id, jsonrpc, channel: result.data }
    : undefined;
};

/**
 * Creates a function that makes the messages of events. Clients that receive the same event under the same call id, which is usually 1,
 * share the bytes of the message.
 */
const createEventMessages = () => {
  const known = new WeakMap<object, { readonly id: string | number; readonly message: OutgoingMessage }>();
  return (
    { id, jsonrpc }: Pick<ChannelOpening, "id" | "jsonrpc">,
    eventId: string,
    event: object,
  ): OutgoingMessage => {
    const shared = jsonrpc === undefined ? known.get(event) : undefined;
    if (shared?.id === id) return shared.message;
    const result = { type: "data", id: eventId, data: serializeAnswer({ id: eventId, data: event }) };
    // JSON omits `jsonrpc` if it is undefined.
    const made = serialize({ id, jsonrpc, result });
    const message = typeof made === "string" ? Buffer.from(made) : made;
    if (jsonrpc === undefined) known.set(event, { id, message });
    return message;
  };
};

/** Serves the router over WebSockets with tRPC's own adapter. */
export const trpcSockets = ({
  router,
  auth,
  gate,
  accessLog,
  live,
  timing: { firstMessageMs = FIRST_MESSAGE_MS },
}: TrpcSocketOptions): SocketHandler => {
  const messageOf = createEventMessages();
  return (connection) => {
    const { socket, request, id: requestId, address, log } = connection;
    const drained = () => connection.drained();
    const config = router._def._config;
    const calls = createCalls({ maxPending: MAX_PENDING, maxSubscriptions: MAX_SUBSCRIPTIONS });
    const readPause = createReadPause(connection, calls);
    const limit = pLimit(MAX_RUNNING);
    let context: Context | undefined;
    /** The state of authentication. Until it has a result, the server reads only the message with the token. */
    let caller: "params pending" | "authenticating" | "anonymous" | "authenticated" = sendsParams(connection)
      ? "params pending"
      : "authenticating";
    let releaseConnection = (): void => {};

    /** The error that ended the connection. It is not an internal error, and `upgrades.ts` logs it. */
    let connectionError: unknown;
    socket.on("error", (error) => {
      connectionError = error;
    });
    // Registered afterwards, because the adapter also reports this error.
    const client = new TrpcClient(connection);
    const logFault = (error: TRPCError): void => {
      const failed = failureOfCall(error);
      if (failed.code !== "INTERNAL" || (connectionError !== undefined && error.cause === connectionError))
        return;
      log.error({ err: failed.cause ?? failed }, "fault");
    };

    const contextFor = async (authorization: string | undefined): Promise<Context> => {
      const identify: Context["identify"] = (named) => auth.identify(authorization, named).catch(failureOf);
      const trace: Trace = { requestId, procedures: [] };
      const base = {
        identify,
        authorize: auth.authorize,
        drained,
        sendsEvents: true,
        address,
        entryPoint: "trpc" as const,
        gate,
        accessLog,
        connection,
      };
      const perCall: NonNullable<Context["perCall"]> = (call) =>
        limit(async () => {
          await drained();
          const since = performance.now();
          const identity = await auth.verify(authorization);
          const own: Context = { ...base, identity, trace: { requestId, procedures: [] } };
          try {
            return await call(own);
          } finally {
            const ms = Math.round((performance.now() - since) * 100) / 100;
            log.info({ ms, ...callFields(own) }, "call");
          }
        });
      context = { ...base, identity: await identify(), trace, perCall };
      return context;
    };

    /** Sends an error for a message that tRPC does not receive. An id of null refers to no call. */
    const answerWith = (failed: InvigilError, id: string | number | null): void => {
      const error = getTRPCErrorShape({
        config,
        error: new TRPCError({ code: errorCodes[failed.code].trpc, message: failed.message, cause: failed }),
        type: "unknown",
        path: undefined,
        input: undefined,
        ctx: context,
      });
      connection.send(JSON.stringify(transformTRPCResponse(config, { id, error })));
    };
    /** Refuses a whole frame and closes the connection, because no client of tRPC sends such a frame. */
    const refuseFrame = (failed: InvigilError): [] => {
      answerWith(failed, null);
      connection.close(POLICY_VIOLATION, failed.message);
      return [];
    };

    /** Returns the calls and the ends of subscriptions in a frame, and answers its other messages with errors. */
    const acceptMessages = (messages: readonly unknown[]): readonly unknown[] => {
      if (messages.length > MAX_FRAME_MESSAGES) return refuseFrame(TOO_MANY_MESSAGES);
      const taken: unknown[] = [];
      let unreadable = 0;
      let hasAnsweredWithoutId = false;
      for (const message of messages) {
        const refusal = calls.receive(message);
        if (!refusal) {
          taken.push(message);
          continue;
        }
        if (refusal === "unreadable" && ++unreadable > MAX_FRAME_UNREADABLE) return refuseFrame(NOT_CALLS);
        const id = idOf(message);
        if (id === null && hasAnsweredWithoutId) continue;
        hasAnsweredWithoutId ||= id === null;
        answerWith(REFUSALS[refusal], id);
      }
      return taken;
    };

    /** The ids of the calls of the current frame. */
    let frame: (string | number)[] = [];
    const decode = (data: string | ArrayBuffer | Uint8Array): unknown => {
      if (typeof data !== "string") throw invalidInput("message", "must be text");
      const decoded: unknown = JSON.parse(data);
      if (caller === "params pending") {
        caller = "authenticating";
        return decoded;
      }
      frame = [];
      const taken = acceptMessages(Array.isArray(decoded) ? decoded : [decoded]);
      frame = taken
        .filter((message) => !isStop(message))
        .map(idOf)
        .filter((id) => id !== null);
      return taken;
    };

    const openChannel = ({ id, jsonrpc, channel }: ChannelOpening): void =>
      channel.open((eventId, event) => {
        connection.send(messageOf({ id, jsonrpc }, eventId, event));
        readPause.update();
      });

    /** An error without an id means that an input of the frame cannot be parsed. tRPC then makes none of its calls, so each gets the error. */
    const encode = (message: unknown): string => {
      const opening = channelIn(message);
      // Safe: the client sends nothing for undefined.
      if (opening) return openChannel(opening) as unknown as string;
      const ids = idOf(message) === null ? frame.splice(0) : [];
      const named = ids.map((id) => ({ ...(message as object), id }));
      const answers = named.length > 0 ? named : [message];
      for (const answer of answers) calls.answer(answer);
      readPause.update();
      const texts = answers.map(serialize);
      // Answers to calls are texts. Events that many clients receive are not charged.
      if (context) for (const text of texts) if (typeof text === "string") chargeAnswer(context, text.length);
      const [last, ...others] = texts.reverse();
      for (const other of others.reverse()) connection.send(other);
      // Safe: the adapter passes it to the client's `send` unchanged.
      return (last ?? "null") as string;
    };

    /** Frames that arrived during authentication. Reading is paused meanwhile, so there are few. */
    let queuedFrames: (readonly [Buffer, boolean])[] = [];
    /** The number of messages so far without a valid token. */
    let anonymousMessages = 0;

    const isWithinBounds = (data: Buffer): boolean => {
      if (caller === "authenticated") return true;
      const most = caller === "params pending" ? MAX_PARAMS_BYTES : MAX_UNKNOWN_FRAME_BYTES;
      if (data.length <= most && anonymousMessages <= MAX_UNKNOWN_MESSAGES) return true;
      if (data.length > most)
        connection.close(TOO_LARGE, "The frame is too large for a connection without a valid token.");
      else connection.close(POLICY_VIOLATION, "No valid token was received.");
      return false;
    };
    const receive = (data: Buffer, isBinary: boolean): void => {
      if (socket.readyState !== socket.OPEN) return;
      if (caller === "authenticating") {
        queuedFrames.push([data, isBinary]);
        socket.pause();
        return;
      }
      if (!isWithinBounds(data)) return;
      const before = calls.total();
      client.emit("message", data, isBinary);
      if (caller === "anonymous") anonymousMessages += Math.max(1, calls.total() - before);
      readPause.update();
    };

    const tokenTimeout = setTimeout(
      () => connection.close(POLICY_VIOLATION, "No valid token was received."),
      firstMessageMs,
    );
    const resume = (): void => {
      const frames = queuedFrames;
      queuedFrames = [];
      for (const [data, isBinary] of frames) receive(data, isBinary);
      if (!readPause.isPaused()) socket.resume();
    };
    const authenticate = ({ identity }: Context): void => {
      caller = "anonymous";
      if (!(identity instanceof InvigilError) && socket.readyState === socket.OPEN) {
        try {
          releaseConnection = live.acquireConnection(identity);
          caller = "authenticated";
          clearTimeout(tokenTimeout);
        } catch (error) {
          const { message } = failureOf(error);
          log.info({ userId: identity.userId, address, reason: failureOf(error).code }, "connection refused");
          connection.close(TRY_AGAIN_LATER, message);
        }
      }
      // Later, when tRPC also has the context.
      setImmediate(resume);
    };

    getWSConnectionHandler<Router>({
      router,
      // Safe: only `applyWSSHandler` uses it.
      wss: undefined as never,
      createContext: async ({ info }) => {
        const made = await contextFor(request.headers.authorization ?? info.connectionParams?.token);
        authenticate(made);
        return made;
      },
      onError: ({ error }) => logFault(error),
      experimental_encoder: { decode, encode },
      // Safe: the adapter uses only these members of a WebSocket.
    })(client as unknown as WebSocket, request);

    // Safe: ws delivers each message as one buffer.
    socket.on("message", (data, isBinary) => receive(data as Buffer, isBinary));
    socket.once("close", () => {
      clearTimeout(tokenTimeout);
      queuedFrames = [];
      releaseConnection();
      calls.clear();
    });
    return {
      settled: () => calls.settled(),
      summary: () => ({ calls: calls.total() }),
      isBusy: () => caller === "authenticating" || (readPause.isPaused() && calls.pending() > MAX_WAITING),
    };
  };
};
