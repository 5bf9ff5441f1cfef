import type { RetryOptions } from "../retry.js";
import type { ExamEvent, ExamSnapshot } from "../shapes.js";
import type { StatusChange } from "./core.js";
import { Feed } from "./feed.js";
import type { Engine } from "./link.js";
import type { Source } from "./listening.js";

/** What can be listened to: events by their type, and `status`. */
export type LiveExamListeners = {
  readonly [Event in ExamEvent as Event["type"]]: (event: Event) => void;
} & { readonly status: (change: StatusChange) => void };

/** The rooms of an exam, live, in one order. Made by `invigil.live.exam(examId)`, for administrators and inspectors. */
export class LiveExam extends Feed<ExamSnapshot, ExamEvent> {
  /** @internal */
  constructor(
    /** The exam's id. */
    readonly examId: string,
    source: Source<ExamSnapshot, ExamEvent>,
    { engine, reconnect }: { engine: () => Promise<Engine>; reconnect: RetryOptions },
  ) {
    super(engine, ({ listen, examAfter }, core) =>
      listen(
        core,
        source,
        {
          apply: examAfter,
          gap: (snapshot, { id, time }) => ({ type: "gap" as const, id, examId, time, snapshot }),
          tell: (event) => core.listeners.tell(event.type, event),
        },
        reconnect,
      ),
    );
  }

  /**
   * Listens to events by their type, or to `status`. Each is told once, in order, after `state` has changed.
   * @returns what stops listening
   */
  on<Type extends keyof LiveExamListeners>(type: Type, listener: LiveExamListeners[Type]): () => void {
    return this.core.listeners.on(type, listener);
  }
}
