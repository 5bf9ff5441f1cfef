import type { DropInCall, DropInFrame, DropInResults } from "@invigil/schema";
import { codeOf, type ImError, ImErrors, imError } from "./errors.js";
import { openSocket, runAfter } from "./globals.js";

/** How long a connection may take to open, in milliseconds. */
const OPEN_MS = 10_000;
/**
 * The server sends a frame every few seconds. Without one for this long, in milliseconds, the connection is
 * lost.
 */
const SILENCE_MS = 25_000;

export type Call<Name extends DropInCall["do"]> = Extract<DropInCall, { do: Name }>;
/** A frame that is not a response. */
export type PushFrame = Extract<DropInFrame, { is: string }>;
type Result = DropInResults[keyof DropInResults];

/** A connection to the server. */
export interface Connection {
  /**
   * Sends a request.
   * @throws ImError from the server, or one for which `isLost` returns true if the connection is lost first
   */
  request<Name extends DropInCall["do"]>(call: Call<Name>): Promise<DropInResults[Name]>;
  /** Closes the connection. Pending requests reject as lost. */
  close(): void;
}

/** The code of an error that did not come from the server. The request is repeated. */
const LOST = 0;
const lost = () => imError(LOST, "connection lost");
export const isLost = (error: unknown): boolean => codeOf(error) === LOST;

export interface ConnectionOptions {
  readonly onPush: (frame: PushFrame) => void;
  /** Called with each result before any later frame is handled. */
  readonly onResult: (call: DropInCall, result: Result) => void;
  /** Called once when an open connection is lost. */
  readonly onLost: () => void;
}

/**
 * Opens a connection.
 * @throws ImError
 */
export const openConnection = (
  url: string,
  { onPush, onResult, onLost }: ConnectionOptions,
): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const pending = new Map<
      number,
      { call: DropInCall; resolve: (result: Result) => void; reject: (error: ImError) => void }
    >();
    const socket = openSocket(url);
    let number = 0;
    let isOpen = false;

    const close = (): void => {
      cancelTimeout();
      isOpen = false;
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
      for (const waiting of pending.values()) waiting.reject(lost());
      pending.clear();
    };
    const fail = (): void => {
      const wasOpen = isOpen;
      close();
      if (wasOpen) onLost();
      else reject(imError(ImErrors.ERROR_NO_SESSION, "connect fail"));
    };
    let cancelTimeout = runAfter(OPEN_MS, fail);

    const connection: Connection = {
      request: (call) =>
        new Promise((done, failed) => {
          if (!isOpen) return failed(lost());
          number += 1;
          // Safe: the server responds to a request with the result of its kind.
          pending.set(number, { call, resolve: done as (result: Result) => void, reject: failed });
          socket.send(JSON.stringify({ number, ...call }));
        }),
      close,
    };
    socket.onclose = socket.onerror = fail;
    socket.onopen = () => {
      isOpen = true;
      cancelTimeout();
      cancelTimeout = runAfter(SILENCE_MS, fail);
      resolve(connection);
    };
    socket.onmessage = ({ data }) => {
      cancelTimeout();
      cancelTimeout = runAfter(SILENCE_MS, fail);
      // Safe: the server uses this protocol, and the script connects to no other server.
      const frame = JSON.parse(String(data)) as DropInFrame;
      if ("is" in frame) return onPush(frame);
      const waiting = pending.get(frame.number);
      pending.delete(frame.number);
      if (!waiting) return;
      if ("error" in frame) return waiting.reject(imError(frame.error.code, frame.error.message));
      onResult(waiting.call, frame.result);
      waiting.resolve(frame.result);
    };
  });
