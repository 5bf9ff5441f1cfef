import { OutgoingMessage, ServerResponse } from "node:http";
import { afterEach, expect } from "vitest";
import { takeLeaks, watchResponse } from "./secrets.js";

// Set up for every test file of the server: whatever any server in it sends is looked through for secrets.

const watched = (message: OutgoingMessage, chunk: unknown): void => {
  if (!(message instanceof ServerResponse)) return;
  watchResponse(JSON.stringify(message.getHeaders()));
  if (typeof chunk === "string") watchResponse(chunk);
  else if (chunk instanceof Uint8Array) watchResponse(Buffer.from(chunk).toString("latin1"));
};

// Test files share a process, and this file runs again for each of them: responses are watched once.
const WATCHED = Symbol.for("invigil.tests.watched");

if (!(WATCHED in OutgoingMessage.prototype)) {
  Object.defineProperty(OutgoingMessage.prototype, WATCHED, { value: true });
  for (const name of ["write", "end"] as const) {
    // Safe: it is called with just what its caller gave it.
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
