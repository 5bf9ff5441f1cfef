import { errorCodes } from "@invigil/schema";
import { getTRPCErrorShape, TRPCError, transformTRPCResponse } from "@trpc/server";
import { getWSConnectionHandler } from "@trpc/server/adapters/ws";
import pLimit from "p-limit";
import type { WebSocket } from "ws";
import type { Services } from "../../api/services.js";
import { InvigilError, invalidInput } from "../../platform/errors.js";
import { sharedJson } from "../../platform/serialize.js";
import { type Context, callFields, type Trace } from "../../trpc/context.js";
import { failureOf } from "../../trpc/failures.js";
import type { Router } from "../../trpc/root.js";
import type { Connection, SocketHandler, SocketTiming } from "./connection.js";
import type { OutgoingMessage } from "./send-limiter.js";
import { type Calls, createCalls, idOf, isStop, type Refusal } from "./trpc-calls.js";
import { TrpcClient } from "./trpc-client.js";

/** Subscriptions of one connection, at most. */
const MAX_SUBSCRIPTIONS = 1_000;
/** Other calls of one connection: taken at most, waiting before no more is read, and made at the same time. */
const MAX_PENDING = 1_000;
const MAX_WAITING = 100;
const MAX_RUNNING = 20;
/** Answers that a client has not taken, in bytes, beyond which no more is read from it. */
const MAX_UNREAD = 1024 * 1024;
/** Messages of one frame, at most: no more may be open at a time. Of those that are no calls, which no client sends, fewer. */
const MAX_FRAME_MESSAGES = MAX_SUBSCRIPTIONS + MAX_PENDING;
const MAX_FRAME_UNREADABLE = 20;
/** How long a connection without a valid token lasts, in milliseconds. */
const FIRST_MESSAGE_MS = 10_000;
/** What it may send, in bytes: the message with the token, and then each frame; and how many messages in all. */
const MAX_PARAMS_BYTES = 16 * 1024;
const MAX_UNKNOWN_FRAME_BYTES = 64 * 1024;
const MAX_UNKNOWN_MESSAGES = 256;
/** WebSocket codes. */
const POLICY_VIOLATION = 1008;
const TOO_LARGE = 1009;
const TRY_AGAIN_LATER = 1013;

export interface TrpcSocketOptions {
  readonly router: Router;
  readonly auth: Services["auth"];
  readonly gate: Services["gate"];
  readonly live: Pick<Services["live"], "acquireConnection">;
  readonly timing: SocketTiming;
}

/** Why a frame is not taken at all. Its connection is closed. */
const TOO_MANY_MESSAGES = invalidInput("frame", `must hold at most ${MAX_FRAME_MESSAGES} messages`);
const NOT_CALLS = invalidInput("frame", "must hold calls as a client of tRPC writes them");

const REFUSALS: Readonly<Record<Refusal, InvigilError>> = {
  unreadable: invalidInput("message", "must be a call as a client of tRPC writes it"),
  duplicate: invalidInput("id", "is that of a call that is not over"),
  "too many": new InvigilError(
    "TOO_MANY_REQUESTS",
    `A connection takes ${MAX_SUBSCRIPTIONS} subscriptions and ${MAX_PENDING} other calls at a time.`,
    { retryAfterSeconds: 1 },
  ),
};

/** Whether the token comes in the first message, as tRPC's client says in the URL. */
const sendsParams = ({ request: { url = "" } }: Connection): boolean =>
  new URLSearchParams(url.split("?").slice(1).join("?")).get("connectionParams") === "1";

/** Stops reading from a client that asks more than is answered, or does not take its answers. */
const createBrake = (connection: Connection, calls: Calls) => {
  const { socket } = connection;
  let held = false;
  let draining = false;
  const look = (): void => {
    const unread = socket.bufferedAmount > MAX_UNREAD;
    const holds = socket.readyState === socket.OPEN && (unread || calls.pending() > MAX_WAITING);
    if (holds !== held) {
      held = holds;
      if (holds) socket.pause();
      else socket.resume();
    }
    if (!unread || draining) return;
    draining = true;
    void connection.drained().then(() => {
      draining = false;
      look();
    });
  };
  return { look, isHeld: () => held };
};

/** An event of a subscription, as tRPC's adapter writes it. */
interface Told {
  readonly id: string | number;
  readonly jsonrpc?: unknown;
  readonly result: { readonly type: "data"; readonly id?: string; readonly data: object };
}
const isTold = (message: unknown): message is Told => {
  // Safe: only looked at.
  const { result, jsonrpc } = message as { result?: Partial<Told["result"]>; jsonrpc?: unknown };
  return result?.type === "data" && typeof result.data === "object" && jsonrpc === undefined;
};

/** A message's JSON. That of an event that many are told is made once: each is told it under the id of a call of its own. */
const written = (message: unknown): OutgoingMessage => {
  const json = isTold(message) ? sharedJson(message.result.data) : undefined;
  if (json === undefined) return JSON.stringify(message);
  // Safe: it is an event.
  const { id, result } = message as Told;
  const eventId = result.id === undefined ? "" : `,"id":${JSON.stringify(result.id)}`;
  const head = `{"id":${JSON.stringify(id)},"result":{"type":"data"${eventId},"data":`;
  return typeof json === "string" ? `${head}${json}}}` : { head, shared: json, tail: "}}" };
};

/** Serves the router to connections, by tRPC's own adapter. */
export const trpcSockets =
  ({
    router,
    auth,
    gate,
    live,
    timing: { firstMessageMs = FIRST_MESSAGE_MS },
  }: TrpcSocketOptions): SocketHandler =>
  (connection) => {
    const { socket, request, id: requestId, address, log } = connection;
    const drained = () => connection.drained();
    const config = router._def._config;
    const calls = createCalls({ maxPending: MAX_PENDING, maxSubscriptions: MAX_SUBSCRIPTIONS });
    const brake = createBrake(connection, calls);
    const limit = pLimit(MAX_RUNNING);
    let context: Context | undefined;
    /** Whether it is known who connects; until then nothing more is read than the message with the token. */
    let caller: "awaited" | "judged" | "unknown" | "known" = sendsParams(connection) ? "awaited" : "judged";
    let free = (): void => {};

    /** What broke the connection: no fault of ours, and logged where it was upgraded. */
    let broken: unknown;
    socket.on("error", (error) => {
      broken = error;
    });
    // After that: the adapter reports what broke a connection, too.
    const client = new TrpcClient(connection);
    const logFault = (error: TRPCError): void => {
      const failed = failureOf(error);
      if (failed.code !== "INTERNAL" || (broken !== undefined && error.cause === broken)) return;
      log.error({ err: failed.cause ?? failed }, "fault");
    };

    const contextFor = async (authorization: string | undefined): Promise<Context> => {
      const identify = () => auth.identify(authorization).catch(failureOf);
      const trace: Trace = { requestId, procedures: [] };
      const base = { identify, drained, address, gate, connection };
      const perCall: NonNullable<Context["perCall"]> = (call) =>
        limit(async () => {
          await drained();
          const since = performance.now();
          const own: Context = { ...base, identity: await identify(), trace: { requestId, procedures: [] } };
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

    /** Answers in the name of a call, or of nobody, what tRPC is not told of. */
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
    /** Refuses all of a frame at once: its sender is no client of ours. */
    const refuseFrame = (failed: InvigilError): [] => {
      answerWith(failed, null);
      connection.close(POLICY_VIOLATION, failed.message);
      return [];
    };

    /** The messages of a frame that are calls, or ends of subscriptions. Those that are not are answered. */
    const takenOf = (messages: readonly unknown[]): readonly unknown[] => {
      if (messages.length > MAX_FRAME_MESSAGES) return refuseFrame(TOO_MANY_MESSAGES);
      const taken: unknown[] = [];
      let unreadable = 0;
      let isNobodyAnswered = false;
      for (const message of messages) {
        const refusal = calls.receive(message);
        if (!refusal) {
          taken.push(message);
          continue;
        }
        if (refusal === "unreadable" && ++unreadable > MAX_FRAME_UNREADABLE) return refuseFrame(NOT_CALLS);
        const id = idOf(message);
        if (id === null && isNobodyAnswered) continue;
        isNobodyAnswered ||= id === null;
        answerWith(REFUSALS[refusal], id);
      }
      return taken;
    };

    /** The calls of the frame that is read. */
    let frame: (string | number)[] = [];
    const decode = (data: string | ArrayBuffer | Uint8Array): unknown => {
      if (typeof data !== "string") throw invalidInput("message", "must be text");
      const decoded: unknown = JSON.parse(data);
      if (caller === "awaited") {
        caller = "judged";
        return decoded;
      }
      frame = [];
      const taken = takenOf(Array.isArray(decoded) ? decoded : [decoded]);
      frame = taken
        .filter((message) => !isStop(message))
        .map(idOf)
        .filter((id) => id !== null);
      return taken;
    };

    /** An error of nobody's is that of a frame with an input that cannot be read: none of its calls is made. */
    const encode = (message: unknown): string => {
      const ids = idOf(message) === null ? frame.splice(0) : [];
      const named = ids.map((id) => ({ ...(message as object), id }));
      const answers = named.length > 0 ? named : [message];
      for (const answer of answers) calls.answer(answer);
      brake.look();
      const [last, ...others] = answers.map(written).reverse();
      for (const other of others.reverse()) connection.send(other);
      // Safe: what the adapter does with it is to hand it to the client's `send`.
      return (last ?? "null") as string;
    };

    /** The frames that came while it was not known who connects. Nothing is read meanwhile: they are what was under way. */
    let held: (readonly [Buffer, boolean])[] = [];
    /** Messages of a caller without a valid token. */
    let spent = 0;

    const isWithinBounds = (data: Buffer): boolean => {
      if (caller === "known") return true;
      const most = caller === "awaited" ? MAX_PARAMS_BYTES : MAX_UNKNOWN_FRAME_BYTES;
      if (data.length <= most && spent <= MAX_UNKNOWN_MESSAGES) return true;
      if (data.length > most) connection.close(TOO_LARGE, "Without a valid token a frame must be smaller.");
      else connection.close(POLICY_VIOLATION, "No valid token was sent.");
      return false;
    };
    const receive = (data: Buffer, isBinary: boolean): void => {
      if (socket.readyState !== socket.OPEN) return;
      if (caller === "judged") {
        held.push([data, isBinary]);
        socket.pause();
        return;
      }
      if (!isWithinBounds(data)) return;
      const before = calls.total();
      client.emit("message", data, isBinary);
      if (caller === "unknown") spent += Math.max(1, calls.total() - before);
      brake.look();
    };

    const silent = setTimeout(
      () => connection.close(POLICY_VIOLATION, "No valid token was sent."),
      firstMessageMs,
    );
    const goOn = (): void => {
      const frames = held;
      held = [];
      for (const [data, isBinary] of frames) receive(data, isBinary);
      if (!brake.isHeld()) socket.resume();
    };
    const judge = ({ identity }: Context): void => {
      caller = "unknown";
      if (!(identity instanceof InvigilError) && socket.readyState === socket.OPEN) {
        try {
          free = live.acquireConnection(identity);
          caller = "known";
          clearTimeout(silent);
        } catch (error) {
          const { message } = failureOf(error);
          log.info({ userId: identity.userId, address, reason: failureOf(error).code }, "connection refused");
          connection.close(TRY_AGAIN_LATER, message);
        }
      }
      // When tRPC knows the context, too.
      setImmediate(goOn);
    };

    getWSConnectionHandler<Router>({
      router,
      // Safe: `applyWSSHandler` alone looks at it.
      wss: undefined as never,
      createContext: async ({ info }) => {
        const made = await contextFor(request.headers.authorization ?? info.connectionParams?.token);
        judge(made);
        return made;
      },
      onError: ({ error }) => logFault(error),
      experimental_encoder: { decode, encode },
      // Safe: the adapter uses nothing of a WebSocket but what the client has.
    })(client as unknown as WebSocket, request);

    // Safe: the sockets give each message as one buffer.
    socket.on("message", (data, isBinary) => receive(data as Buffer, isBinary));
    socket.once("close", () => {
      clearTimeout(silent);
      held = [];
      free();
      calls.clear();
    });
    return {
      settled: () => calls.settled(),
      summary: () => ({ calls: calls.total() }),
      isBusy: () => caller === "judged" || (brake.isHeld() && calls.pending() > MAX_WAITING),
    };
  };
