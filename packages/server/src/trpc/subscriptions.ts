import { tracked } from "@trpc/server";
import { underItsCode } from "./failures.js";

/**
 * What a subscription tells, each event under its id, by which a client resumes. What goes wrong meanwhile comes to the client
 * as a call's failure does: no middleware sees it.
 */
export const tellEach = <Event extends { readonly id: string }, Shown>(
  events: AsyncIterable<Event>,
  show: (event: Event) => Shown,
) => failingQuietly(tracking(events, show));

async function* tracking<Event extends { readonly id: string }, Shown>(
  events: AsyncIterable<Event>,
  show: (event: Event) => Shown,
) {
  try {
    for await (const event of events) yield tracked(event.id, show(event));
  } catch (error) {
    throw underItsCode(error);
  }
}

/**
 * An event stream of tRPC asks for the next event before its client has taken the last one. A failure that waits for a slow
 * client would count as unhandled, which ends the process. The client is told of it all the same, when it comes to it.
 */
const failingQuietly = <Told>(
  events: AsyncGenerator<Told, void, undefined>,
): AsyncGenerator<Told, void, undefined> => {
  const next = events.next.bind(events);
  return Object.assign(events, {
    next: () => {
      const coming = next();
      coming.catch(() => undefined);
      return coming;
    },
  });
};
