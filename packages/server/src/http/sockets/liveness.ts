import type { WebSocket } from "ws";

/** How often each client is pinged, in milliseconds; one that was silent since the last time is gone. */
export const PING_MS = 10_000;

/** Pings clients and cuts off those that do not answer: they are noticed after twice the interval at most. */
export interface Liveness {
  /** `isBusy`: that nothing is heard is our own doing. */
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
