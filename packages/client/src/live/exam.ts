import type { ExamEvent, ExamSnapshot } from "../procedures.js";
import type { RetryOptions } from "../retry.js";
import type { StatusChange } from "./core.js";
import { Feed } from "./feed.js";
import type { Source } from "./subscription-loop.js";

/** The listeners by event: event types, and `status`. */
export type LiveExamListeners = {
  readonly [Event in ExamEvent as Event["type"]]: (event: Event) => void;
} & { readonly status: (change: StatusChange) => void };

/**
 * The live state of an exam's rooms. Created by `invigil.live.exam(examId)`, for administrators and
 * inspectors.
 */
export class LiveExam extends Feed<ExamSnapshot, ExamEvent, LiveExamListeners> {
  /** @internal */
  constructor(
    readonly examId: string,
    source: Source<ExamSnapshot, ExamEvent>,
    { reconnect }: { readonly reconnect: RetryOptions },
  ) {
    super(({ keepSubscribed, applyExamEvent }, core) =>
      keepSubscribed(
        core,
        source,
        {
          reduce: applyExamEvent,
          gap: (snapshot, { id, time }) => ({ type: "gap" as const, id, examId, time, snapshot }),
          notify: (event) => core.listeners.emit(event.type, event),
        },
        reconnect,
      ),
    );
  }
}
