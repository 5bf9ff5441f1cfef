import { errorCodes } from "@invigil/schema";
import { getTRPCErrorShape, TRPCError, transformTRPCResponse } from "@trpc/server";
import { getWSConnectionHandler } from "@trpc/server/adapters/ws";
import pLimit from "p-limit";
import type { WebSocket } from "ws";
import type { Services } from "../../api/services.js";
import type { InvigilError } from "../../platform/errors.js";
import { type Context, callFields, chargeAnswer, type Trace } from "../../trpc/context.js";
import { failureOfCall } from "../../trpc/failures.js";
import type { Router } from "../../trpc/root.js";
import type { Connection, SocketHandler, SocketTiming } from "./connection.js";
import { createReadPause } from "./read-pause.js";
import { createAuthentication, POLICY_VIOLATION } from "./trpc-authentication.js";
import { createCalls, idOf } from "./trpc-calls.js";
import { TrpcClient } from "./trpc-client.js";
import { createFrames, MAX_PENDING, MAX_SUBSCRIPTIONS, parseFrame } from "./trpc-frames.js";
import { type ChannelOpening, channelIn, createEventMessages, serialize } from "./trpc-messages.js";

/** The maximum number of calls, other than subscriptions, that one connection runs at a time. */
const MAX_RUNNING = 20;
/** The time limit for a valid token, in milliseconds. */
const FIRST_MESSAGE_MS = 10_000;

export interface TrpcSocketOptions {
  readonly router: Router;
  readonly auth: Services["auth"];
  readonly gate: Services["gate"];
  readonly accessLog: Services["accessLog"];
  readonly meters: Services["meters"];
  readonly subscriptions: Pick<Services["subscriptions"], "acquireConnection">;
  readonly timing: SocketTiming;
}

/**
 * Creates a function that makes the context of a connection. Each call on it gets a context of its own, in which the token is verified
 * again.
 */
const contextsOf = (
  connection: Connection,
  { auth, gate, accessLog, meters }: Pick<TrpcSocketOptions, "auth" | "gate" | "accessLog" | "meters">,
): ((authorization: string | undefined) => Promise<Context>) => {
  const { id: requestId, address, log } = connection;
  const drained = () => connection.drained();
  const limit = pLimit(MAX_RUNNING);
  return async (authorization) => {
    const calls = auth.callsWith(authorization);
    const trace: Trace = { requestId, procedures: [] };
    const base = {
      ...calls,
      drained,
      sendsEvents: true,
      address,
      entryPoint: "trpc" as const,
      gate,
      accessLog,
      meters,
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
    return { ...base, identity: await calls.identify(), trace, perCall };
  };
};

/** Serves the router over WebSockets with tRPC's own adapter. */
export const trpcSockets = ({
  router,
  auth,
  gate,
  accessLog,
  meters,
  subscriptions,
  timing: { firstMessageMs = FIRST_MESSAGE_MS },
}: TrpcSocketOptions): SocketHandler => {
  const config = router._def._config;
  const messageOf = createEventMessages();
  return (connection) => {
    const { socket, request, log } = connection;
    const calls = createCalls({ maxPending: MAX_PENDING, maxSubscriptions: MAX_SUBSCRIPTIONS });
    const readPause = createReadPause(connection, calls);
    const contextFor = contextsOf(connection, { auth, gate, accessLog, meters });
    let context: Context | undefined;

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

    const authentication = createAuthentication({
      connection,
      deliver(data, isBinary) {
        const before = calls.total();
        client.emit("message", data, isBinary);
        readPause.update();
        return calls.total() - before;
      },
      refuse(data, isBinary, failed) {
        frames.refuse(isBinary ? data : data.toString(), failed);
      },
      readPause,
      subscriptions,
      firstMessageMs,
    });

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
    const frames = createFrames({
      calls,
      answerWith,
      closeWith(failed) {
        answerWith(failed, null);
        connection.close(POLICY_VIOLATION, failed.message);
      },
    });
    const decode = (data: string | ArrayBuffer | Uint8Array): unknown => {
      const frame = parseFrame(data);
      return authentication.takeParams() ? frame : frames.accept(frame);
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
      const ids = idOf(message) === null ? frames.takeIds() : [];
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

    getWSConnectionHandler<Router>({
      router,
      // Safe: only `applyWSSHandler` uses it.
      wss: undefined as never,
      createContext: async ({ info }) => {
        context = await contextFor(request.headers.authorization ?? info.connectionParams?.token);
        authentication.finish(context.identity);
        return context;
      },
      onError: ({ error }) => logFault(error),
      experimental_encoder: { decode, encode },
      // Safe: the adapter uses only these members of a WebSocket.
    })(client as unknown as WebSocket, request);

    // Safe: ws delivers each message as one buffer.
    socket.on("message", (data, isBinary) => authentication.receive(data as Buffer, isBinary));
    socket.once("close", () => {
      authentication.close();
      calls.clear();
    });
    return {
      settled: () => calls.settled(),
      summary: () => ({ calls: calls.total() }),
      isBusy: () => authentication.isPending() || readPause.hasTooManyCalls(),
    };
  };
};
