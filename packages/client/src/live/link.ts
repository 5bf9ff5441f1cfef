import { type OperationLink, TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable, type Unsubscribable } from "@trpc/server/observable";
import type { AppRouter } from "../router.js";
import type { TransportOptions } from "./transport.js";

/** What does the work of `live`. */
export type Engine = typeof import("./engine.js");

/** Loads what does the work when it is first asked for; apps that never listen need not load it. */
export const engineLoader = (): (() => Promise<Engine>) => {
  let loading: Promise<Engine> | undefined;
  return () => {
    loading ??= import("./engine.js").catch((error: unknown) => {
      // The network may be back the next time.
      loading = undefined;
      throw error;
    });
    return loading;
  };
};

/** Sends subscriptions, each for as long as its connection holds. */
export const subscriptionLink =
  (engine: () => Promise<Engine>, options: TransportOptions): TRPCLink<AppRouter> =>
  (runtime) => {
    let transport: OperationLink<AppRouter> | undefined;
    return (request) =>
      observable((observer) => {
        let isOver = false;
        let call: Unsubscribable | undefined;
        engine().then(
          ({ createTransport }) => {
            if (isOver) return;
            transport ??= createTransport(options)(runtime);
            call = transport(request).subscribe(observer);
          },
          (error: Error) => observer.error(TRPCClientError.from(error)),
        );
        return () => {
          isOver = true;
          call?.unsubscribe();
        };
      });
  };
