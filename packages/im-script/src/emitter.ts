import { runAfter } from "./globals.js";

/** A listener of an app. Its arguments depend on the event. */
type Listener = (...args: never[]) => unknown;
interface Entry {
  readonly event: string;
  readonly listener: Listener;
  readonly context: unknown;
  readonly once: boolean;
}

/** An event emitter with the method names of the vendor's SDK. */
export class Emitter {
  #entries: readonly Entry[] = [];
  #initial: readonly Entry[] | undefined;

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

  /**
   * Calls the listeners of an event. An error of a listener does not affect the others: it is rethrown
   * outside of the SDK.
   */
  emit(event: string, ...args: unknown[]): boolean {
    const called = this.#entries.filter((entry) => entry.event === event);
    for (const entry of called) {
      if (entry.once) this.#entries = this.#entries.filter((other) => other !== entry);
      try {
        // Safe: apps register listeners that take the arguments of their event.
        (entry.listener as (...args: unknown[]) => unknown).apply(entry.context, args);
      } catch (error) {
        runAfter(0, () => {
          throw error;
        });
      }
    }
    return called.length > 0;
  }

  /**
   * Removes the listeners that were registered since the first call. Apps register their listeners after
   * every `init`, so they would otherwise receive each event several times.
   */
  reset(): void {
    this.#initial ??= this.#entries;
    this.#entries = this.#initial;
  }
}
