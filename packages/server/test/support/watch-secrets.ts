import { OutgoingMessage, ServerResponse } from "node:http";
import { afterEach, expect } from "vitest";
import { takeLeaks, watchResponse } from "./secrets.js";

// Runs before every test file of the server: checks everything that a server sends for secrets.

const watched = (message: OutgoingMessage, chunk: unknown): void => {
  if (!(message instanceof ServerResponse)) return;
  watchResponse(JSON.stringify(message.getHeaders()));
  if (typeof chunk === "string") watchResponse(chunk);
  else if (chunk instanceof Uint8Array) watchResponse(Buffer.from(chunk).toString("latin1"));
};

// Test files share a process, and this file runs again for each of them. Responses must be checked only once.
const WATCHED = Symbol.for("invigil.tests.watched");

if (!(WATCHED in OutgoingMessage.prototype)) {
  Object.defineProperty(OutgoingMessage.prototype, WATCHED, { value: true });
  for (const name of ["write", "end"] as const) {
    // Safe: the function gets the arguments of its caller unchanged.
    const original = OutgoingMessage.prototype[name] as (
      this: OutgoingMessage,
      ...args: unknown[]
    ) => unknown;
    Object.defineProperty(OutgoingMessage.prototype, name, {
      configurable: true,
      writable: true,
      value(this: OutgoingMessage, ...args: unknown[]) {
        watched(this, args[0]);
        return original.apply(this, args);
      },
    });
  }
}

afterEach(() => {
  expect(takeLeaks(), "secrets that leaked").toEqual([]);
});
