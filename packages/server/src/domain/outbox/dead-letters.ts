import type { Page } from "../../platform/paging.js";
import type { Author } from "../calls.js";
import { type TaskQueue, timesOf } from "./kind.js";
import type { DeadLetter, OutboxStore, PageOfLetters, Revival } from "./store.js";

/** What operators do about tasks that were given up. */
export interface DeadLetters {
  /** Those of the newest tasks first. */
  list(page: PageOfLetters): Promise<Page<DeadLetter, string>>;
  /** Adds a task again, at the end of its line, as if it were new. */
  retry(id: string, author: Author): Promise<Revival>;
  /** Returns false if there is no such dead letter. */
  drop(id: string, author: Author): Promise<boolean>;
}

export const createDeadLetters = ({
  store,
  queues,
  clock,
}: {
  store: OutboxStore;
  queues: readonly TaskQueue[];
  clock: () => Date;
}): DeadLetters => ({
  list: (page) => store.deadLetters(page),
  retry: (id, author) =>
    store.revive(
      id,
      ({ examId, queue, key, kind: name, payload }) => {
        const handlers = queues.find((one) => one.name === queue)?.handlers;
        const kind = handlers?.find((one) => one.kind.name === name)?.kind;
        return kind && { examId, queue, key, kind: name, payload, ...timesOf(kind, { now: clock() }) };
      },
      author,
    ),
  drop: (id, author) => store.drop(id, author),
});
