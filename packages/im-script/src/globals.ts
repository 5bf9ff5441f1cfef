// The browser APIs that the script uses. It is compiled without the types of the DOM, so that it uses no
// others.

/** The part of `WebSocket` that the script uses. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
}

declare const WebSocket: new (url: string) => Socket;
declare const setTimeout: (run: () => void, ms: number) => unknown;
declare const clearTimeout: (timer: unknown) => void;

export const openSocket = (url: string): Socket => new WebSocket(url);
/**
 * Calls a function after a delay.
 * @returns a function that cancels the call
 */
export const runAfter = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};
