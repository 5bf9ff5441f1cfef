import { errorCodes } from "@invigil/schema";
import { getTRPCErrorShape, TRPCError, transformTRPCResponse } from "@trpc/server";
import { getWSConnectionHandler } from "@trpc/server/adapters/ws";
import pLimit from "p-limit";
import { InvigilError, invalidInput } from "../../errors.js";
import type { Services } from "../../services.js";
import { type Context, failureOf, nameOf, type Router, type Trace } from "../../trpc.js";
import type { Connection, SocketHandler, SocketTiming } from "./connection.js";
import { type Calls, createCalls, idOf, isStop, type Refusal } from "./trpc-calls.js";

/** Subscriptions of one connection, at most. */
const MAX_SUBSCRIPTIONS = 1_000;
/** Other calls of one connection: taken at most, waiting before no more is read, and made at the same time. */
const MAX_PENDING = 1_000;
const MAX_WAITING = 100;
const MAX_RUNNING = 20;
/** Answers that a client has not taken, in bytes, beyond which no more is read from it. */
const MAX_UNREAD = 1024 * 1024;
/** How long somebody without a token may say nothing, in milliseconds, and the WebSocket code for those who do. */
const FIRST_MESSAGE_MS = 10_000;
const POLICY_VIOLATION = 1008;

export interface TrpcSocketOptions {
  readonly router: Router;
  readonly auth: Services["auth"];
  readonly gate: Services["gate"];
  readonly timing: SocketTiming;
}

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
    const holds = unread || calls.pending() > MAX_WAITING;
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

/** Serves the router to connections, by tRPC's own adapter. */
export const trpcSockets =
  ({ router, auth, gate, timing: { firstMessageMs = FIRST_MESSAGE_MS } }: TrpcSocketOptions): SocketHandler =>
  (connection) => {
    const { socket, request, id: requestId, address, log } = connection;
    const drained = () => connection.drained();
    const config = router._def._config;
    const calls = createCalls({ maxPending: MAX_PENDING, maxSubscriptions: MAX_SUBSCRIPTIONS });
    const brake = createBrake(connection, calls);
    const limit = pLimit(MAX_RUNNING);
    let context: Context | undefined;

    /** What broke the connection: no fault of ours, and logged where it was upgraded. */
    let broken: unknown;
    socket.on("error", (error) => {
      broken = error;
    });
    const logFault = (error: TRPCError): void => {
      const failed = failureOf(error);
      if (failed.code !== "INTERNAL" || (broken !== undefined && error.cause === broken)) return;
      log.error({ err: failed.cause ?? failed }, "fault");
    };

    const contextFor = async (authorization: string | undefined): Promise<Context> => {
      const identify = () => auth.identify(authorization).catch(failureOf);
      const trace: Trace = { requestId, procedures: [] };
      const base = { identify, drained, address, gate };
      const perCall: NonNullable<Context["perCall"]> = (call) =>
        limit(async () => {
          await drained();
          const since = performance.now();
          const own: Context = { ...base, identity: await identify(), trace: { requestId, procedures: [] } };
          let reason: string | undefined;
          try {
            return await call(own);
          } catch (error) {
            reason = failureOf(error).code;
            throw error;
          } finally {
            const userId = nameOf(own.identity);
            log.info(
              {
                procedure: own.trace.procedures.join(","),
                ms: Math.round((performance.now() - since) * 100) / 100,
                ...(userId !== undefined && { userId }),
                ...(own.trace.roomId !== undefined && { roomId: own.trace.roomId }),
                ...(reason !== undefined && { reason }),
              },
              "call",
            );
          }
        });
      context = { ...base, identity: await identify(), trace, perCall };
      return context;
    };

    /** Answers in the name of a call that tRPC is not told of. */
    const refuse = (message: unknown, refusal: Refusal): void => {
      const failed = REFUSALS[refusal];
      const error = getTRPCErrorShape({
        config,
        error: new TRPCError({ code: errorCodes[failed.code].trpc, message: failed.message, cause: failed }),
        type: "unknown",
        path: undefined,
        input: undefined,
        ctx: context,
      });
      socket.send(JSON.stringify(transformTRPCResponse(config, { id: idOf(message), error })));
    };

    let awaitsParams = sendsParams(connection);
    /** The calls of the frame that is read. */
    let frame: (string | number)[] = [];
    const decode = (data: string | ArrayBuffer | Uint8Array): unknown => {
      if (typeof data !== "string") throw invalidInput("message", "must be text");
      const decoded: unknown = JSON.parse(data);
      if (awaitsParams) {
        awaitsParams = false;
        return decoded;
      }
      frame = [];
      const taken = (Array.isArray(decoded) ? decoded : [decoded]).filter((message: unknown) => {
        const refusal = calls.receive(message);
        if (refusal) refuse(message, refusal);
        return !refusal;
      });
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
      const [last, ...others] = answers.map((answer) => JSON.stringify(answer)).reverse();
      for (const other of others.reverse()) socket.send(other);
      return last ?? "null";
    };

    const header = request.headers.authorization;
    const silent =
      header === undefined
        ? setTimeout(() => socket.close(POLICY_VIOLATION, "Nothing was asked for."), firstMessageMs)
        : undefined;
    socket.once("message", () => clearTimeout(silent));

    getWSConnectionHandler<Router>({
      router,
      // Safe: `applyWSSHandler` alone looks at it.
      wss: undefined as never,
      createContext: ({ info }) => contextFor(header ?? info.connectionParams?.token),
      onError: ({ error }) => logFault(error),
      experimental_encoder: { decode, encode },
    })(socket, request);

    // After tRPC's own: what a frame asks for is known.
    socket.on("message", brake.look);
    socket.once("close", () => {
      clearTimeout(silent);
      calls.clear();
    });
    return {
      settled: () => calls.settled(),
      summary: () => ({ calls: calls.total() }),
      isBusy: () => brake.isHeld() && calls.pending() > MAX_WAITING,
    };
  };
