import { type OperationLink, TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable, type Unsubscribable } from "@trpc/server/observable";
import type { AppRouter } from "../router.js";
import type { TransportOptions } from "./transport.js";

/** The implementation of `live`. */
export type Engine = typeof import("./engine.js");

/** Loads the implementation on first use, so that apps without subscriptions need not load it. */
export const engineLoader = (): (() => Promise<Engine>) => {
  let loading: Promise<Engine> | undefined;
  return () => {
    loading ??= import("./engine.js").catch((error: unknown) => {
      // The next attempt may succeed.
      loading = undefined;
      throw error;
    });
    return loading;
  };
};

/** Sends subscriptions. Each lasts as long as its connection. */
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
