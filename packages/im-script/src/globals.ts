// All that the script takes from where it runs: it is compiled without the types of browsers, so that nothing else is used.

/** A `WebSocket`, as far as it is used. */
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
/** Runs something later. @returns what keeps it from running */
export const after = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};
