import type { LiveSnapshot } from "@invigil/client";
import { useCallback, useContext, useEffect, useMemo, useRef } from "react";
import { ErrorHandlingContext } from "./error-handling.js";
import { listenTo, type SharedFeed } from "./feeds.js";
import { type Store, useSelected } from "./selected.js";

// The shared code of the hooks for rooms, exams and people.

/** The snapshot before a live object is open, and on a server, which opens none. */
const CONNECTING = { status: "connecting", state: undefined, error: undefined } as const;

export const whole = <Value>(value: Value): Value => value;
export const nothing = () => undefined;

/** The members that all live objects share. */
interface LiveFeed<State> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => LiveSnapshot<State>;
}

/** The snapshot of a live object, as a store that opens it with the first subscription. */
const useFeedStore = <State, Live extends LiveFeed<State>>(
  feed: SharedFeed<Live>,
): Store<LiveSnapshot<State>> =>
  useMemo(
    () => ({
      subscribe: (listener) => listenTo(feed, listener, (live) => live.subscribe(listener)),
      getSnapshot: () => feed.getLive()?.getSnapshot() ?? CONNECTING,
      getServerSnapshot: () => CONNECTING,
    }),
    [feed],
  );

/** Selects from a live object. Throws a refusal of the server if an error boundary above handles it. */
export const useLive = <State, Live extends LiveFeed<State>, Selected>(
  feed: SharedFeed<Live>,
  select: (snapshot: LiveSnapshot<State>) => Selected,
): Selected => {
  const handles = useContext(ErrorHandlingContext);
  const selectOrThrow = useCallback(
    (snapshot: LiveSnapshot<State>) => {
      if (snapshot.status === "closed" && snapshot.error && handles(snapshot.error))
        return { thrown: snapshot.error };
      return { selected: select(snapshot) };
    },
    [handles, select],
  );
  const result = useSelected(useFeedStore<State, Live>(feed), selectOrThrow);
  if ("thrown" in result) throw result.thrown;
  return result.selected;
};

/** The listener of the last render. A new listener therefore needs no new subscription. */
export const useLatest = <Value>(value: Value): { readonly current: Value } => {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
};

interface Emits<Listeners> {
  on<Type extends keyof Listeners>(type: Type, listener: Listeners[Type]): () => void;
}

/** Calls the latest listener for events of a live object. */
export const useListener = <
  Listeners extends { readonly [Type in keyof Listeners]: (...args: never[]) => void },
  Type extends keyof Listeners,
>(
  live: Emits<Listeners> | undefined,
  type: Type,
  listener: Listeners[Type],
): void => {
  const latest = useLatest(listener);
  useEffect(() => {
    const forward = (...args: never[]) => latest.current(...args);
    // Safe: it takes and passes on the arguments of its event.
    return live?.on(type, forward as Listeners[Type]);
  }, [live, type, latest]);
};
