import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createGate } from "./gate.js";
import { UNLIMITED } from "./rates.js";

let now = 0;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setImmediate", "setTimeout"] });
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Makes calls that answer without waiting, as reads on SQLite do. */
const setUp = () => {
  const gate = createGate({ rates: UNLIMITED, disk: { assertFreeSpace: () => undefined } });
  const begun: string[] = [];
  const call = (name: string, ms: number, userId = "busy", writes = false) => {
    const work = async () => {
      begun.push(name);
      now += ms;
    };
    return gate.inTurn({ caller: { userId, role: "teacher" }, writes }, work);
  };
  return { begun, call };
};

it("lets others in after a few short calls, whether or not another one waits", async () => {
  const { begun, call } = setUp();
  for (const name of ["first", "second"]) await call(name, 4);
  void call("third", 4);
  await call("stranger", 4, "stranger");
  expect(begun).toEqual(["first", "second", "stranger"]);
  await vi.runAllTimersAsync();
  expect(begun).toEqual(["first", "second", "stranger", "third"]);
});

it("counts short calls of each turn of the event loop apart", async () => {
  const { begun, call } = setUp();
  for (const name of ["first", "second", "third"]) {
    await call(name, 4);
    await vi.runAllTimersAsync();
  }
  expect(begun).toEqual(["first", "second", "third"]);
});

it("keeps the place of a long call for three times as long, whether or not another one waits", async () => {
  const { begun, call } = setUp();
  await call("long", 20);
  await vi.advanceTimersByTimeAsync(59);
  void call("next", 1);
  await call("write", 1, "busy", true);
  expect(begun).toEqual(["long", "write"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(begun).toEqual(["long", "write", "next"]);
});

it("forgets a caller whose pause is over", async () => {
  const { begun, call } = setUp();
  await call("long", 20);
  await vi.advanceTimersByTimeAsync(60);
  await call("next", 1);
  expect(begun).toEqual(["long", "next"]);
});
