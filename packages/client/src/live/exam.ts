import type { ExamEvent, ExamSnapshot } from "@invigil/schema";
import type { RetryOptions } from "../retry.js";
import { Feed, type Source, type StatusChange } from "./feed.js";
import { examAfter } from "./state.js";

/** What can be listened to: events by their type, and `status`. */
export type LiveExamListeners = {
  readonly [Event in ExamEvent as Event["type"]]: (event: Event) => void;
} & { readonly status: (change: StatusChange) => void };

/** The rooms of an exam, live, in one order. Made by `invigil.live.exam(examId)`, for administrators and inspectors. */
export class LiveExam extends Feed<ExamSnapshot, ExamEvent> {
  constructor(
    /** The exam's id. */
    readonly examId: string,
    calls: Pick<Source<ExamSnapshot, ExamEvent>, "snapshot" | "subscribe">,
    reconnect: RetryOptions,
  ) {
    const gap: Source<ExamSnapshot, ExamEvent>["gap"] = (snapshot, { id, time }) => ({
      type: "gap",
      id,
      examId,
      time,
      snapshot,
    });
    super({ ...calls, apply: examAfter, gap }, reconnect);
  }

  /**
   * Listens to events by their type, or to `status`. Each is told once, in order, after `state` has changed.
   * @returns what stops listening
   */
  on<Type extends keyof LiveExamListeners>(type: Type, listener: LiveExamListeners[Type]): () => void {
    return this.listeners.on(type, listener);
  }
}
