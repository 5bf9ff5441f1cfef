import type { WebSocket } from "ws";

/** The interval of pings, in milliseconds. A client that sends nothing in between is disconnected. */
export const PING_MS = 10_000;

/** Pings clients and terminates the connections of those that do not respond, after at most two intervals. */
export const createLiveness = ({ pingMs }: { readonly pingMs: number }) => {
  const watched = new Map<WebSocket, { isAlive: boolean; readonly isBusy: () => boolean }>();
  let timer: NodeJS.Timeout | undefined;

  const pingAll = (): void => {
    for (const [socket, state] of watched) {
      if (!state.isAlive && !state.isBusy()) {
        socket.terminate();
        continue;
      }
      state.isAlive = false;
      if (socket.readyState === socket.OPEN) socket.ping();
    }
  };
  return {
    /** `isBusy` returns whether the server itself has paused reading. */
    watch(socket: WebSocket, isBusy: () => boolean): void {
      const state = { isAlive: true, isBusy };
      watched.set(socket, state);
      const markAlive = (): void => {
        state.isAlive = true;
      };
      socket.on("message", markAlive).on("ping", markAlive).on("pong", markAlive);
      socket.once("close", () => {
        watched.delete(socket);
        if (watched.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      });
      timer ??= setInterval(pingAll, pingMs).unref();
    },
  };
};
