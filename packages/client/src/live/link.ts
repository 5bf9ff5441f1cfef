import { type OperationLink, TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable, type Unsubscribable } from "@trpc/server/observable";
import type { AppRouter } from "../router.js";
import type { TransportOptions } from "./transport.js";

/** The implementation of `live`. */
export type LiveImplementation = typeof import("./implementation.js");

/** Loads the implementation on first use, so that apps without subscriptions need not load it. */
export const implementationLoader = (): (() => Promise<LiveImplementation>) => {
  let loading: Promise<LiveImplementation> | undefined;
  return () => {
    loading ??= import("./implementation.js").catch((error: unknown) => {
      // The next attempt may succeed.
      loading = undefined;
      throw error;
    });
    return loading;
  };
};

/** Sends subscriptions. Each lasts as long as its connection. */
export const subscriptionLink =
  (load: () => Promise<LiveImplementation>, options: TransportOptions): TRPCLink<AppRouter> =>
  (runtime) => {
    let transport: OperationLink<AppRouter> | undefined;
    return (request) =>
      observable((observer) => {
        let isUnsubscribed = false;
        let call: Unsubscribable | undefined;
        load().then(
          ({ createTransport }) => {
            if (isUnsubscribed) return;
            transport ??= createTransport(options)(runtime);
            call = transport(request).subscribe(observer);
          },
          (error: Error) => observer.error(TRPCClientError.from(error)),
        );
        return () => {
          isUnsubscribed = true;
          call?.unsubscribe();
        };
      });
  };
