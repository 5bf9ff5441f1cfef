import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import superjson from "superjson";
import { WebSocket } from "ws";
import type { AppRouter, TestAppOptions } from "../../src/app/testing.js";
import { parseConfig } from "../../src/config/config.js";

/** Converts settings of limits, quotas or the disk to a configuration of a test app. */
export const limited = (
  environment: Readonly<Record<string, string>>,
): NonNullable<TestAppOptions["config"]> => {
  const { limits, quotas, diskReserveBytes } = parseConfig(environment);
  return { limits, quotas, diskReserveBytes };
};

/** A monotonic clock in milliseconds, which only the test advances. */
export const stopwatch = () => {
  let ms = 1_000_000;
  return {
    now: () => ms,
    pass(seconds: number) {
      ms += seconds * 1000;
    },
  };
};

/** A client for all procedures over one WebSocket. */
export const connectApi = (url: string, token: string) => {
  const ws = createWSClient({
    url: `${url.replace("http", "ws")}/trpc`,
    // Safe: the client uses only what both classes have in common.
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    retryDelayMs: () => 0,
    connectionParams: { token },
  });
  const api = createTRPCClient<AppRouter>({ links: [wsLink({ client: ws, transformer: superjson })] });
  return { api, [Symbol.asyncDispose]: () => ws.close() };
};
