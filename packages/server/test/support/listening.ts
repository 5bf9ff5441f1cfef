import type { TestApp, TestCaller } from "../../src/app/testing.js";

type Procedures = ReturnType<TestApp["as"]>;
type Yielded<Events> = Events extends AsyncIterable<{ data: infer Event }> ? Event : never;
export type AnyRoomEvent = Yielded<Awaited<ReturnType<Procedures["room"]["onEvent"]>>>;
export type AnyExamEvent = Yielded<Awaited<ReturnType<Procedures["exam"]["onEvent"]>>>;
export type AnyPeopleEvent = Yielded<Awaited<ReturnType<Procedures["exam"]["onPeople"]>>>;

/** Reads the events of a subscription one by one. */
export interface EventReader<Event> extends AsyncDisposable {
  /** The next event. Rejects at the end of the subscription. */
  next(): Promise<Event>;
  /** The next `count` events. */
  take(count: number): Promise<Event[]>;
  /** The events up to and including the first one that matches. */
  until(isLast: (event: Event) => boolean): Promise<Event[]>;
  /** The error that ends the subscription. Rejects if an event comes instead. */
  failure(): Promise<unknown>;
  /** Ends the subscription. Resolves when the server has ended it too. */
  leave(): Promise<void>;
}

/** Makes a reader of events. `abort` ends the subscription. */
export const readEvents = <Event>(
  events: AsyncIterable<Event>,
  abort: AbortController,
): EventReader<Event> => {
  const iterator = events[Symbol.asyncIterator]();
  /** Requested at once, because the subscription begins with the first request. */
  let first: Promise<IteratorResult<Event>> | undefined = iterator.next();
  // The test receives the rejection from `next`.
  first.catch(() => undefined);
  const next = async (): Promise<Event> => {
    const answer = await (first ?? iterator.next());
    first = undefined;
    if (answer.done) throw new Error("there are no more events");
    return answer.value;
  };
  const leave = async (): Promise<void> => {
    abort.abort();
    await first?.catch(() => undefined);
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
      let received: Event;
      try {
        received = await next();
      } catch (error) {
        return error;
      }
      throw new Error(`received an event: ${JSON.stringify(received)}`);
    },
    leave,
    [Symbol.asyncDispose]: leave,
  };
};

/** Yields the events of an in-process subscription. Checks that each one is tracked under its own id. */
async function* untracked<Event extends { readonly id: string }>(
  events: AsyncIterable<{ readonly id: string; readonly data: Event }>,
): AsyncGenerator<Event> {
  for await (const { id, data: event } of events) {
    if (id !== event.id) throw new Error(`the event ${event.id} is tracked as ${id}`);
    yield event;
  }
}

type App = Pick<TestApp, "as">;
type Input<Name extends "room" | "exam"> = Parameters<Procedures[Name]["onEvent"]>[0];

/** Subscribes to a room from the position of its snapshot, or from `lastEventId`. Misses no later event. */
export const listenRoom = async (app: App, caller: TestCaller, input: Input<"room">) => {
  const abort = new AbortController();
  const as = app.as(caller, { signal: abort.signal });
  const lastEventId = input.lastEventId ?? (await as.room.snapshot({ roomId: input.roomId })).lastEventId;
  return readEvents(untracked<AnyRoomEvent>(await as.room.onEvent({ ...input, lastEventId })), abort);
};

/** Subscribes to an exam like `listenRoom`. */
export const listenExam = async (app: App, caller: TestCaller, input: Input<"exam">) => {
  const abort = new AbortController();
  const as = app.as(caller, { signal: abort.signal });
  const lastEventId = input.lastEventId ?? (await as.exam.snapshot({ examId: input.examId })).lastEventId;
  return readEvents(untracked<AnyExamEvent>(await as.exam.onEvent({ ...input, lastEventId })), abort);
};

/** Subscribes to the people of an exam from the position of its first page, or from `lastEventId`. */
export const listenPeople = async (
  app: App,
  caller: TestCaller,
  input: Parameters<Procedures["exam"]["onPeople"]>[0],
) => {
  const abort = new AbortController();
  const as = app.as(caller, { signal: abort.signal });
  const lastEventId = input.lastEventId ?? (await as.exam.people({ examId: input.examId })).lastEventId;
  return readEvents(untracked<AnyPeopleEvent>(await as.exam.onPeople({ ...input, lastEventId })), abort);
};

/** The next event that is not about who came or left. */
export const nextBesidesPresence = async <Event extends { readonly type: string }>(
  events: EventReader<Event>,
): Promise<Event> => {
  const isPresence = ({ type }: Event) => type === "participant_entered" || type === "participant_left";
  const event = await events.next();
  return isPresence(event) ? nextBesidesPresence(events) : event;
};
