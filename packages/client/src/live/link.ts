import { type OperationLink, TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable, type Unsubscribable } from "@trpc/server/observable";
import type { AppRouter } from "../router.js";
import type { TransportOptions } from "./transport.js";

/** The implementation of `live`. */
export type LiveImplementation = typeof import("./implementation.js");

/** Loads the implementation on first use. Apps without subscriptions never load it. */
export const loadImplementation = (): Promise<LiveImplementation> => import("./implementation.js");

/** Sends subscriptions. Each lasts as long as its connection. */
export const subscriptionLink =
  (options: TransportOptions): TRPCLink<AppRouter> =>
  (runtime) => {
    let transport: OperationLink<AppRouter> | undefined;
    return (request) =>
      observable((observer) => {
        let isUnsubscribed = false;
        let call: Unsubscribable | undefined;
        loadImplementation().then(
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
