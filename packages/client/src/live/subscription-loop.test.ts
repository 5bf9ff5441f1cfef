import { TRPCClientError } from "@trpc/client";
import { expect, test } from "vitest";
import { isNetworkError, NetworkFailure } from "../errors.js";
import type { AppRouter } from "../router.js";
import { closeFeed, createCore, type StatusChange } from "./core.js";
import { keepSubscribed, type SubscriptionObserver } from "./subscription-loop.js";

interface State {
  readonly lastEventId: string;
  readonly sum: number;
}
interface Event {
  readonly type: "added" | "gap";
  readonly id: string;
  readonly sum: number;
}
type Failure = TRPCClientError<AppRouter>;

const refusal = (reason: string, httpStatus: number): Failure =>
  TRPCClientError.from({ error: { code: -32_000, message: reason, data: { reason, httpStatus } } });
const lost = (): Failure => TRPCClientError.from(new NetworkFailure("lost", "cut"));

/** A feed whose subscriptions run the steps of `script` one after another. Afterwards it is closed. */
const run = async (script: ((observer: SubscriptionObserver<Event>) => void)[]) => {
  const core = createCore<State, Event>();
  const received: Event[] = [];
  const statuses: string[] = [];
  const errors: unknown[] = [];
  core.listeners.on("status", ({ status, error }: StatusChange) => {
    statuses.push(status);
    if (error) errors.push(error);
  });
  const subscribedAfter: string[] = [];
  /** When the server had been heard last, as often as it was subscribed to. */
  const heard: (Date | undefined)[] = [];
  const steps = [...script];
  await keepSubscribed<State, Event>(
    core,
    {
      snapshot: async () => ({ lastEventId: "7", sum: 0 }),
      subscribe(lastEventId, observer) {
        subscribedAfter.push(lastEventId);
        heard.push(core.heardAt);
        const step = steps.shift() ?? (() => closeFeed(core));
        queueMicrotask(() => {
          step(observer);
          // An aborted subscription fails.
          if (core.closing.signal.aborted) observer.onError(lost());
        });
        return { unsubscribe: () => undefined };
      },
    },
    {
      reduce: (state, { type, id, sum }) => ({
        lastEventId: id,
        sum: type === "gap" ? sum : state.sum + sum,
      }),
      gap: ({ sum }, { id }) => ({ type: "gap", id, sum }),
      notify: (event) => received.push(event),
    },
    { baseMs: 0, maxMs: 0 },
  );
  return { core, received, statuses, errors, subscribedAfter, heard };
};

const added = (id: number): { data: Event } => ({ data: { type: "added", id: String(id), sum: id } });

test("a server counts as heard when it has answered, and not when it is asked again", async () => {
  const fail = ({ onError }: SubscriptionObserver<Event>) => onError(lost());
  const { heard } = await run([
    fail,
    fail,
    ({ context, onError }) => {
      context.onHeard?.();
      onError(lost());
    },
    fail,
  ]);
  const [snapshot, retry, again, message, last] = heard;
  expect(snapshot).toBeInstanceOf(Date);
  expect(retry).toBe(snapshot);
  expect(again).toBe(snapshot);
  expect(message).not.toBe(snapshot);
  expect(last).toBe(message);
});

test("a reconnection continues after the last event, and repeated events are ignored", async () => {
  const { received, core, subscribedAfter } = await run([
    ({ onStarted, onData, onError }) => {
      onStarted();
      for (const id of [7, 8, 8, 10]) onData(added(id));
      onError(lost());
    },
    ({ onStarted, onData, onComplete }) => {
      onStarted();
      for (const id of [8, 9, 10, 11]) onData(added(id));
      onComplete();
    },
  ]);
  expect(received.map(({ id }) => id)).toEqual(["8", "10", "11"]);
  expect(subscribedAfter).toEqual(["7", "10", "11"]);
  expect(core.snapshot.state).toEqual({ lastEventId: "11", sum: 29 });
});

test("a server that ends the subscription is a network error to listeners, as a lost connection is", async () => {
  const { errors } = await run([
    ({ onStarted, onComplete }) => {
      onStarted();
      onComplete();
    },
    ({ onError }) => onError(lost()),
  ]);
  expect(errors.map(isNetworkError)).toEqual([true, true]);
});

test("a gap replaces the state, even if its id is lower", async () => {
  const { received, core, subscribedAfter } = await run([
    ({ onStarted, onData, onError }) => {
      onStarted();
      onData(added(900));
      onData({ data: { type: "gap", id: "3", sum: 100 } });
      onData(added(4));
      onError(lost());
    },
  ]);
  expect(received.map(({ id }) => id)).toEqual(["900", "3", "4"]);
  expect(core.snapshot.state).toEqual({ lastEventId: "4", sum: 104 });
  expect(subscribedAfter).toEqual(["7", "4"]);
});

test("a server that stops, fails or is overloaded is called again", async () => {
  const failures = [
    lost(),
    refusal("OVERLOADED", 503),
    refusal("INTERNAL", 500),
    refusal("TOO_MANY_REQUESTS", 429),
  ];
  const { statuses, subscribedAfter, core } = await run(
    failures.map((failure) => ({ onStarted, onError }: SubscriptionObserver<Event>) => {
      onStarted();
      onError(failure);
    }),
  );
  expect(subscribedAfter).toHaveLength(5);
  expect(statuses).toEqual([...Array(4).fill(["live", "reconnecting"]).flat(), "closed"]);
  expect(core.snapshot.error).toBeUndefined();
});

test("an expired token is replaced each time, but two refusals in a row close the feed", async () => {
  const expired = refusal("UNAUTHENTICATED", 401);
  const good = ({ onStarted, onData, onError }: SubscriptionObserver<Event>, id: number) => {
    onStarted();
    onData(added(id));
    onError(expired);
  };
  const bad = ({ onError }: SubscriptionObserver<Event>) => onError(expired);
  const { core, subscribedAfter } = await run([
    (observer) => good(observer, 8),
    (observer) => good(observer, 9),
    (observer) => good(observer, 10),
    bad,
    bad,
    () => expect.fail("it should be closed"),
  ]);
  // The first of the two refusals ended the previous connection.
  expect(subscribedAfter).toHaveLength(4);
  expect([core.snapshot.status, core.snapshot.error]).toEqual(["closed", expired]);
});

test.each([
  ["FORBIDDEN", 403],
  ["ROOM_NOT_FOUND", 404],
  ["INVALID_INPUT", 400],
] as const)("%s closes it", async (reason, status) => {
  const failure = refusal(reason, status);
  const { core, statuses, subscribedAfter } = await run([({ onError }) => onError(failure)]);
  expect([core.snapshot.status, core.snapshot.error, statuses]).toEqual(["closed", failure, ["closed"]]);
  expect(subscribedAfter).toHaveLength(1);
});
