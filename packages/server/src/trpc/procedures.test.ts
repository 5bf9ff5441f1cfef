import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { InvigilError } from "../platform/errors.js";
import { trackEvents } from "./subscriptions.js";

async function* failingEvents() {
  yield { id: "1" };
  throw new InvigilError("OVERLOADED", "The server is stopping.");
}

it("an error that a slow client has not received yet is no unhandled rejection, and the client receives it", async () => {
  const unhandled: unknown[] = [];
  const record = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", record);
  const events = trackEvents(failingEvents(), ({ id }) => ({ id }));
  await events.next();
  // tRPC's event streams request the next event before the client has received the last one.
  const pending = events.next();
  await setImmediate();
  await setImmediate();
  process.off("unhandledRejection", record);
  expect(unhandled).toEqual([]);
  await expect(pending).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
});
