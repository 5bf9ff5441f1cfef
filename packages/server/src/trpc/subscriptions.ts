import { tracked } from "@trpc/server";
import type { Context } from "./context.js";
import { EventChannel, firstValueOf } from "./event-channel.js";
import { toTRPCError } from "./failures.js";

/**
 * Yields events as a tRPC subscription does: each under its id, with which a client resumes. On a connection that sends events itself,
 * yields a channel and sends the events through it. Errors reach the client as the errors of other calls do. They are converted here
 * because tRPC runs no middleware for them.
 */
export const trackEvents = <Event extends { readonly id: string }, Presented extends object>(
  events: AsyncIterable<Event>,
  present: (event: Event) => Presented,
  { sendsEvents = false }: Pick<Context, "sendsEvents"> = {},
) => withHandledRejections(track(events, present, sendsEvents));

async function* track<Event extends { readonly id: string }, Presented extends object>(
  events: AsyncIterable<Event>,
  present: (event: Event) => Presented,
  sendsEvents: boolean,
) {
  try {
    if (sendsEvents) {
      const channel = new EventChannel();
      yield firstValueOf(channel);
      for await (const event of events) channel.send(event.id, present(event));
    } else for await (const event of events) yield tracked(event.id, present(event));
  } catch (error) {
    throw toTRPCError(error);
  }
}

/**
 * Marks rejections as handled. tRPC's event streams request the next event before the client has received the last one. If the client is
 * slow, a rejection would count as unhandled, which ends the process. The client still receives the error.
 */
const withHandledRejections = <Event>(
  events: AsyncGenerator<Event, void, undefined>,
): AsyncGenerator<Event, void, undefined> => {
  const next = events.next.bind(events);
  return Object.assign(events, {
    next: () => {
      const result = next();
      result.catch(() => undefined);
      return result;
    },
  });
};
