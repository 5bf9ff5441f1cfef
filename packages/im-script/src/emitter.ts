import { after } from "./globals.js";

/** A listener as apps register it; what it is called with depends on the event. */
type Listener = (...args: never[]) => unknown;
interface Entry {
  readonly event: string;
  readonly listener: Listener;
  readonly context: unknown;
  readonly once: boolean;
}

/** Tells listeners of events; by the names that the SDK's own has. */
export class Emitter {
  #entries: readonly Entry[] = [];
  #kept: readonly Entry[] | undefined;

  on(event: string, listener: Listener, context: unknown = this): this {
    this.#entries = [...this.#entries, { event, listener, context, once: false }];
    return this;
  }

  addListener(event: string, listener: Listener, context?: unknown): this {
    return this.on(event, listener, context);
  }

  once(event: string, listener: Listener, context: unknown = this): this {
    this.#entries = [...this.#entries, { event, listener, context, once: true }];
    return this;
  }

  off(event: string, listener?: Listener): this {
    this.#entries = this.#entries.filter(
      (entry) => entry.event !== event || (listener !== undefined && entry.listener !== listener),
    );
    return this;
  }

  removeListener(event: string, listener?: Listener): this {
    return this.off(event, listener);
  }

  removeAllListeners(event?: string): this {
    this.#entries = event === undefined ? [] : this.#entries.filter((entry) => entry.event !== event);
    return this;
  }

  eventNames(): string[] {
    return [...new Set(this.#entries.map(({ event }) => event))];
  }

  listeners(event: string): Listener[] {
    return this.#entries.filter((entry) => entry.event === event).map(({ listener }) => listener);
  }

  listenerCount(event: string): number {
    return this.listeners(event).length;
  }

  /** A listener that throws keeps nobody else from being told: its error is thrown where nothing of the engine's is. */
  emit(event: string, ...args: unknown[]): boolean {
    const told = this.#entries.filter((entry) => entry.event === event);
    for (const entry of told) {
      if (entry.once) this.#entries = this.#entries.filter((other) => other !== entry);
      try {
        // Safe: which arguments an event has is the SDK's word, as what its listeners take is.
        (entry.listener as (...args: unknown[]) => unknown).apply(entry.context, args);
      } catch (error) {
        after(0, () => {
          throw error;
        });
      }
    }
    return told.length > 0;
  }

  /**
   * Apps register anew after each `init`: what they registered after the one before would be told everything twice.
   * What was there before the first stays.
   */
  begin(): void {
    this.#kept ??= this.#entries;
    this.#entries = this.#kept;
  }
}
