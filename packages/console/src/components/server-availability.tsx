import { isNetworkError } from "@invigil/client";
import type { QueryClient } from "@tanstack/react-query";
import { createContext, use } from "react";
import type { Connection } from "../live/connection-freshness.js";
import { createStore, type Store, useStore } from "./store.js";

/** How long to wait before the server is asked again, in milliseconds. */
const ASK_MS = 2000;

/** Whether the server answers. What the network lost is asked for again once it does. */
export interface ServerAvailability {
  /** When it was found not to answer, in milliseconds since 1970. Undefined: it answers, as far as anybody has asked. */
  readonly awaySince: Store<number | undefined>;
  /** Resolves once it answers, to whether it was away before. */
  readonly untilItAnswers: () => Promise<boolean>;
}

const isLost = ({ state }: { readonly state: { readonly error: unknown } }): boolean =>
  isNetworkError(state.error);
const pause = () => new Promise((resolve) => setTimeout(resolve, ASK_MS));

/** @param ask - a call that everybody may make */
export const createServerAvailability = (
  queryClient: QueryClient,
  ask: () => Promise<unknown>,
): ServerAvailability => {
  const awaySince = createStore<number | undefined>(undefined);
  let waiting: Promise<boolean> | undefined;

  const answers = () =>
    ask().then(
      () => true,
      (error: unknown) => !isNetworkError(error),
    );
  const wait = async (): Promise<boolean> => {
    while (!(await answers())) {
      awaySince.set(awaySince.get() ?? Date.now());
      await pause();
    }
    const wasAway = awaySince.get() !== undefined;
    awaySince.set(undefined);
    return wasAway;
  };
  const untilItAnswers = () => {
    waiting ??= wait().finally(() => {
      waiting = undefined;
    });
    return waiting;
  };
  const askAgain = async () => {
    // Something between here and the server may fail this call alone, which must not be repeated without a pause.
    if (!(await untilItAnswers())) await pause();
    // A browser whose own network was cut does the same.
    else queryClient.getQueryCache().onOnline();
    await queryClient.refetchQueries({ type: "active", predicate: isLost }, { cancelRefetch: false });
  };
  let isAskingAgain = false;
  const onLoss = () => {
    if (isAskingAgain) return;
    isAskingAgain = true;
    void askAgain().finally(() => {
      isAskingAgain = false;
    });
  };
  queryClient.getQueryCache().subscribe(({ type, query }) => {
    if (type === "updated" && isLost(query)) onLoss();
  });
  window.addEventListener("offline", onLoss);

  return { awaySince, untilItAnswers };
};

export const ServerAvailabilityContext = createContext<ServerAvailability | undefined>(undefined);

const ANSWERS = createStore<number | undefined>(undefined);

/** Says that the server does not answer. Undefined: it does, as far as anybody has asked. */
export const useServerOutage = (): Connection | undefined => {
  const since = useStore(use(ServerAvailabilityContext)?.awaySince ?? ANSWERS);
  return since === undefined ? undefined : { status: "reconnecting", heardAt: since };
};
