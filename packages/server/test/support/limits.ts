import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import superjson from "superjson";
import { WebSocket } from "ws";
import type { AppRouter, TestAppOptions } from "../../src/app/testing.js";
import { parseConfig } from "../../src/config/config.js";

/** What settings of limits, quotas or the disk make of an app's configuration. */
export const limited = (
  environment: Readonly<Record<string, string>>,
): NonNullable<TestAppOptions["config"]> => {
  const { limits, quotas, diskReserveBytes } = parseConfig(environment);
  return { limits, quotas, diskReserveBytes };
};

/** A monotonic clock that stands still until it is moved, in milliseconds. */
export const stopwatch = () => {
  let ms = 1_000_000;
  return {
    now: () => ms,
    pass(seconds: number) {
      ms += seconds * 1000;
    },
  };
};

/** The procedures over one WebSocket. */
export const connectApi = (url: string, token: string) => {
  const ws = createWSClient({
    url: `${url.replace("http", "ws")}/trpc`,
    // Safe: what the client uses of it is the same in both.
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    retryDelayMs: () => 0,
    connectionParams: { token },
  });
  const api = createTRPCClient<AppRouter>({ links: [wsLink({ client: ws, transformer: superjson })] });
  return { api, [Symbol.asyncDispose]: () => ws.close() };
};
