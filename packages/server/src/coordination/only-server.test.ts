import type { RunningServer } from "@invigil/schema";
import { expect, it } from "vitest";
import { SetupError } from "../platform/setup-error.js";
import { assertOnlyServer } from "./only-server.js";

const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 2) + seconds * 1000);
const server = (id: string, startedAt: number, renewedAt = startedAt): RunningServer => ({
  id,
  startedAt: at(startedAt),
  renewedAt: at(renewedAt),
  version: "1",
  isThis: id === "this",
});
const self = server("this", 100);

/** Answers with each list of servers in turn, and throws when they are used up. */
const asked = (...answers: readonly RunningServer[][]) => {
  const left = [...answers];
  return {
    left,
    running: async () => left.shift() ?? expect.fail("it still waits"),
  };
};

it("goes on beside no server, and beside one that began later", async () => {
  await assertOnlyServer(asked([self]));
  await assertOnlyServer(asked([server("later", 101), self]));
});

it("waits until the lease of a server that has ended is over", async () => {
  const ended = server("ended", 50, 98);
  const leases = asked([ended, self], [ended, self], [self]);
  await assertOnlyServer(leases);
  expect(leases.left).toEqual([]);
});

it("refuses to go on beside an earlier server that renews its lease", async () => {
  const lease = asked([server("one", 50, 98), self], [server("one", 50, 103), self]);
  await expect(assertOnlyServer(lease)).rejects.toThrow(SetupError);
});

it("lets one of two go on that began at the same time", async () => {
  const both = (id: string) => [server(id, 100), self];
  await assertOnlyServer(asked(both("zz")));
  const renewed = asked(both("aa"), [server("aa", 100, 105), self]);
  await expect(assertOnlyServer(renewed)).rejects.toThrow("INVIGIL_STREAM_SERVICE");
});
