import type { WebSocket } from "ws";

/** The interval of pings, in milliseconds. A client that sends nothing in between is disconnected. */
export const PING_MS = 10_000;

/** Pings clients and terminates the connections of those that do not respond, after at most two intervals. */
export interface Liveness {
  /** `isBusy` returns whether the server itself has paused reading. */
  watch(socket: WebSocket, isBusy: () => boolean): void;
}

export const createLiveness = ({ pingMs }: { readonly pingMs: number }): Liveness => {
  const watched = new Map<WebSocket, { heard: boolean; readonly isBusy: () => boolean }>();
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    for (const [socket, state] of watched) {
      if (!state.heard && !state.isBusy()) {
        socket.terminate();
        continue;
      }
      state.heard = false;
      if (socket.readyState === socket.OPEN) socket.ping();
    }
  };
  return {
    watch(socket, isBusy) {
      const state = { heard: true, isBusy };
      watched.set(socket, state);
      const hear = (): void => {
        state.heard = true;
      };
      socket.on("message", hear).on("ping", hear).on("pong", hear);
      socket.once("close", () => {
        watched.delete(socket);
        if (watched.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      });
      timer ??= setInterval(look, pingMs).unref();
    },
  };
};
