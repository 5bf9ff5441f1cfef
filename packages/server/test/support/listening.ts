import type { TestApp, TestCaller } from "../../src/app/testing.js";

type Procedures = ReturnType<TestApp["as"]>;
type Yielded<Events> = Events extends AsyncIterable<{ data: infer Item }> ? Item : never;
export type AnyRoomEvent = Yielded<Awaited<ReturnType<Procedures["room"]["onEvent"]>>>;
export type AnyExamEvent = Yielded<Awaited<ReturnType<Procedures["exam"]["onEvent"]>>>;

/** A subscriber whose events can be read one by one. */
export interface Hearing<Event> extends AsyncDisposable {
  /** Returns the next event. Rejects when the subscription has ended. */
  next(): Promise<Event>;
  /** Returns the next `count` events. */
  take(count: number): Promise<Event[]>;
  /** Returns the events up to and including the first one that matches. */
  until(isLast: (event: Event) => boolean): Promise<Event[]>;
  /** Returns the error that ends the subscription. Rejects when an event arrives instead. */
  failure(): Promise<unknown>;
  /** Unsubscribes. Resolves when the server has noticed. */
  leave(): Promise<void>;
}

/** Reads the events of an iterator, which `abort` ends. */
export const hearing = <Event>(events: AsyncIterable<Event>, abort: AbortController): Hearing<Event> => {
  const iterator = events[Symbol.asyncIterator]();
  /** Requested at once, because the subscription begins with the first request. */
  let pending: Promise<IteratorResult<Event>> | undefined = iterator.next();
  // The error is reported by the call that reads it.
  pending.catch(() => undefined);
  const next = async (): Promise<Event> => {
    const answer = await (pending ?? iterator.next());
    pending = undefined;
    if (answer.done) throw new Error("there are no more events");
    return answer.value;
  };
  const leave = async (): Promise<void> => {
    abort.abort();
    await pending?.catch(() => undefined);
    await iterator.return?.(undefined);
  };
  return {
    next,
    async take(count) {
      const received: Event[] = [];
      while (received.length < count) received.push(await next());
      return received;
    },
    async until(isLast) {
      for (const received: Event[] = []; ; ) {
        const event = await next();
        received.push(event);
        if (isLast(event)) return received;
      }
    },
    async failure() {
      let event: Event;
      try {
        event = await next();
      } catch (error) {
        return error;
      }
      throw new Error(`told: ${JSON.stringify(event)}`);
    },
    leave,
    [Symbol.asyncDispose]: leave,
  };
};

/** Unpacks the events of an in-process subscription. Their ids must be those that a client resumes with. */
async function* untracked<Event extends { readonly id: string }>(
  events: AsyncIterable<{ readonly id: string; readonly data: Event }>,
): AsyncGenerator<Event> {
  // Safe: the types are those of a client; in-process, a tracked event is a pair.
  for await (const [id, event] of events as unknown as AsyncIterable<readonly [string, Event]>) {
    if (id !== event.id) throw new Error(`the event ${event.id} is tracked as ${id}`);
    yield event;
  }
}

type App = Pick<TestApp, "as">;
type Input<Name extends "room" | "exam"> = Parameters<Procedures[Name]["onEvent"]>[0];

/** Subscribes to a room, by default from the id of its snapshot, so that no later event is missed. */
export const listenRoom = async (app: App, caller: TestCaller, input: Input<"room">) => {
  const abort = new AbortController();
  const as = app.as(caller, { signal: abort.signal });
  const lastEventId = input.lastEventId ?? (await as.room.snapshot({ roomId: input.roomId })).lastEventId;
  return hearing(untracked<AnyRoomEvent>(await as.room.onEvent({ ...input, lastEventId })), abort);
};

/** Subscribes to an exam, like `listenRoom`. */
export const listenExam = async (app: App, caller: TestCaller, input: Input<"exam">) => {
  const abort = new AbortController();
  const as = app.as(caller, { signal: abort.signal });
  const lastEventId = input.lastEventId ?? (await as.exam.snapshot({ examId: input.examId })).lastEventId;
  return hearing(untracked<AnyExamEvent>(await as.exam.onEvent({ ...input, lastEventId })), abort);
};
