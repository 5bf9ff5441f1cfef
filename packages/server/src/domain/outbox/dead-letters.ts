import type { Page } from "../../platform/paging.js";
import type { Author } from "../calls.js";
import { type TaskQueue, timesOf } from "./kind.js";
import type { DeadLetter, OutboxStore, PageOfLetters, Revival } from "./store.js";

export type DeadLetters = ReturnType<typeof createDeadLetters>;

/** What operators do about tasks that were given up. */
export const createDeadLetters = ({
  store,
  queues,
  clock,
}: {
  store: OutboxStore;
  queues: readonly TaskQueue[];
  clock: () => Date;
}) => ({
  /** Those of the newest tasks first. */
  list: (page: PageOfLetters): Promise<Page<DeadLetter, string>> => store.deadLetters(page),
  /** Adds a task again, at the end of its line, as if it were new. */
  retry: (id: string, author: Author): Promise<Revival> =>
    store.revive(
      id,
      ({ examId, queue, key, kind: name, payload }) => {
        const handlers = queues.find((one) => one.name === queue)?.handlers;
        const kind = handlers?.find((one) => one.kind.name === name)?.kind;
        return kind && { examId, queue, key, kind: name, payload, ...timesOf(kind, { now: clock() }) };
      },
      author,
    ),
  /** Returns false if there is no such dead letter. */
  drop: (id: string, author: Author): Promise<boolean> => store.drop(id, author),
});
