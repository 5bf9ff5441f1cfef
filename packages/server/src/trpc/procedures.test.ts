import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { InvigilError } from "../platform/errors.js";
import { tellEach } from "./subscriptions.js";

async function* endingBadly() {
  yield { id: "1" };
  throw new InvigilError("OVERLOADED", "The server is stopping.");
}

it("a failure that waits for a slow client ends no process, and the client is told of it when it comes to it", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const told = tellEach(endingBadly(), ({ id }) => id);
  await told.next();
  // As an event stream of tRPC does: it asks before its client has taken the last.
  const coming = told.next();
  await setImmediate();
  await setImmediate();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
  await expect(coming).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
});
