import type { TestApp, TestCaller } from "../../src/app/testing.js";

type Procedures = ReturnType<TestApp["as"]>;
type Yielded<Events> = Events extends AsyncIterable<{ data: infer Told }> ? Told : never;
export type AnyRoomEvent = Yielded<Awaited<ReturnType<Procedures["room"]["onEvent"]>>>;
export type AnyExamEvent = Yielded<Awaited<ReturnType<Procedures["exam"]["onEvent"]>>>;

/** Somebody who listens; what it is told can be asked for one by one. */
export interface Hearing<Event> extends AsyncDisposable {
  /** The next event. Rejects when there is none any more. */
  next(): Promise<Event>;
  /** The next so many events. */
  take(count: number): Promise<Event[]>;
  /** What comes before an event that is like this, and that event. */
  until(isLast: (event: Event) => boolean): Promise<Event[]>;
  /** What the listening ends with; rejects when something is told instead. */
  failure(): Promise<unknown>;
  /** Goes; resolves when the server has noticed. */
  leave(): Promise<void>;
}

/** Reads what an iterator tells; `abort` ends it. */
export const hearing = <Event>(events: AsyncIterable<Event>, abort: AbortController): Hearing<Event> => {
  const iterator = events[Symbol.asyncIterator]();
  /** Asked for already: listening begins with the first question. */
  let asked: Promise<IteratorResult<Event>> | undefined = iterator.next();
  // A failure is for whoever asks for it.
  asked.catch(() => undefined);
  const next = async (): Promise<Event> => {
    const answer = await (asked ?? iterator.next());
    asked = undefined;
    if (answer.done) throw new Error("there are no more events");
    return answer.value;
  };
  const leave = async (): Promise<void> => {
    abort.abort();
    await asked?.catch(() => undefined);
    await iterator.return?.(undefined);
  };
  return {
    next,
    async take(count) {
      const told: Event[] = [];
      while (told.length < count) told.push(await next());
      return told;
    },
    async until(isLast) {
      for (const told: Event[] = []; ; ) {
        const event = await next();
        told.push(event);
        if (isLast(event)) return told;
      }
    },
    async failure() {
      let told: Event;
      try {
        told = await next();
      } catch (error) {
        return error;
      }
      throw new Error(`told: ${JSON.stringify(told)}`);
    },
    leave,
    [Symbol.asyncDispose]: leave,
  };
};

/** The events of a subscription that is called in-process, whose ids must be those that a client resumes by. */
async function* untracked<Event extends { readonly id: string }>(
  events: AsyncIterable<{ readonly id: string; readonly data: Event }>,
): AsyncGenerator<Event> {
  // Safe: the types are those of a client; what is tracked comes as a pair where no network is between.
  for await (const [id, event] of events as unknown as AsyncIterable<readonly [string, Event]>) {
    if (id !== event.id) throw new Error(`the event ${event.id} is tracked as ${id}`);
    yield event;
  }
}

type App = Pick<TestApp, "as">;
type Input<Name extends "room" | "exam"> = Parameters<Procedures[Name]["onEvent"]>[0];

/** Listens in a room, from the id of its snapshot unless another is given: nothing that happens after this is missed. */
export const listenRoom = async (app: App, caller: TestCaller, input: Input<"room">) => {
  const abort = new AbortController();
  const as = app.as(caller, { signal: abort.signal });
  const lastEventId = input.lastEventId ?? (await as.room.snapshot({ roomId: input.roomId })).lastEventId;
  return hearing(untracked<AnyRoomEvent>(await as.room.onEvent({ ...input, lastEventId })), abort);
};

/** The same of an exam. */
export const listenExam = async (app: App, caller: TestCaller, input: Input<"exam">) => {
  const abort = new AbortController();
  const as = app.as(caller, { signal: abort.signal });
  const lastEventId = input.lastEventId ?? (await as.exam.snapshot({ examId: input.examId })).lastEventId;
  return hearing(untracked<AnyExamEvent>(await as.exam.onEvent({ ...input, lastEventId })), abort);
};
