import type { EngineCall, EngineFrame, EngineResults } from "@invigil/schema";
import { type ImError, ImErrors, imError } from "./errors.js";
import { after, openSocket } from "./globals.js";

/** How long a connection may take to open, in milliseconds. */
const OPEN_MS = 10_000;
/**
 * The server sends a frame every few seconds. Without one for this long, in milliseconds, the connection is
 * lost.
 */
const SILENCE_MS = 25_000;

export type Call<Name extends EngineCall["do"]> = Extract<EngineCall, { do: Name }>;
/** A frame that is not a response. */
export type Told = Extract<EngineFrame, { is: string }>;
type Result = EngineResults[keyof EngineResults];

/** A connection to the server. */
export interface Line {
  /**
   * Sends a request.
   * @throws ImError from the server, or one for which `isLost` returns true if the connection is lost first
   */
  ask<Name extends EngineCall["do"]>(call: Call<Name>): Promise<EngineResults[Name]>;
  /** Closes the connection. Pending requests reject as lost. */
  close(): void;
}

/** The code of an error that did not come from the server. The request is repeated. */
const LOST = 0;
const lost = () => imError(LOST, "connection lost");
export const isLost = ({ code }: ImError): boolean => code === LOST;

export interface LineOptions {
  readonly onTold: (told: Told) => void;
  /** Called with each result before any later frame is handled. */
  readonly onResult: (call: EngineCall, result: Result) => void;
  /** Called once when an open connection is lost. */
  readonly onLost: () => void;
}

/**
 * Opens a connection.
 * @throws ImError
 */
export const openLine = (url: string, { onTold, onResult, onLost }: LineOptions): Promise<Line> =>
  new Promise((resolve, reject) => {
    const asked = new Map<
      number,
      { call: EngineCall; resolve: (result: Result) => void; reject: (error: ImError) => void }
    >();
    const socket = openSocket(url);
    let number = 0;
    let isOpen = false;

    const close = (): void => {
      stopWatching();
      isOpen = false;
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
      for (const waiting of asked.values()) waiting.reject(lost());
      asked.clear();
    };
    const fail = (): void => {
      const wasOpen = isOpen;
      close();
      if (wasOpen) onLost();
      else reject(imError(ImErrors.ERROR_NO_SESSION, "connect fail"));
    };
    let stopWatching = after(OPEN_MS, fail);

    const line: Line = {
      ask: (call) =>
        new Promise((done, failed) => {
          if (!isOpen) return failed(lost());
          number += 1;
          // Safe: the server responds to a request with the result of its kind.
          asked.set(number, { call, resolve: done as (result: Result) => void, reject: failed });
          socket.send(JSON.stringify({ number, ...call }));
        }),
      close,
    };
    socket.onclose = socket.onerror = fail;
    socket.onopen = () => {
      isOpen = true;
      stopWatching();
      stopWatching = after(SILENCE_MS, fail);
      resolve(line);
    };
    socket.onmessage = ({ data }) => {
      stopWatching();
      stopWatching = after(SILENCE_MS, fail);
      // Safe: the server uses this protocol, and the script connects to no other server.
      const frame = JSON.parse(String(data)) as EngineFrame;
      if ("is" in frame) return onTold(frame);
      const waiting = asked.get(frame.number);
      asked.delete(frame.number);
      if (!waiting) return;
      if ("error" in frame) return waiting.reject(imError(frame.error.code, frame.error.message));
      onResult(waiting.call, frame.result);
      waiting.resolve(frame.result);
    };
  });
