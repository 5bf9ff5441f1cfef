import { type OperationLink, TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable, type Unsubscribable } from "@trpc/server/observable";
import type { AppRouter } from "../router.js";
import type { TransportOptions } from "./transport.js";

/**
 * Sends subscriptions, each for as long as its connection holds. What carries them is loaded when the first one is made:
 * apps that never listen need not load it.
 */
export const subscriptionLink =
  (options: TransportOptions): TRPCLink<AppRouter> =>
  (runtime) => {
    let loading: Promise<OperationLink<AppRouter>> | undefined;
    return (request) =>
      observable((observer) => {
        let isOver = false;
        let call: Unsubscribable | undefined;
        loading ??= import("./transport.js").then(({ createTransport }) => createTransport(options)(runtime));
        loading.then(
          (link) => {
            if (!isOver) call = link(request).subscribe(observer);
          },
          (error: Error) => {
            loading = undefined;
            observer.error(TRPCClientError.from(error));
          },
        );
        return () => {
          isOver = true;
          call?.unsubscribe();
        };
      });
  };
