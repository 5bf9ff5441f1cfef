import { describe, expect, it } from "vitest";
import { Emitter } from "./emitter.js";

const recorder = () => {
  const calls: unknown[][] = [];
  return { calls, listener: (...args: unknown[]) => void calls.push(args) };
};

describe("Emitter", () => {
  it("calls listeners in order, with the arguments of the event", () => {
    const emitter = new Emitter();
    const { calls, listener } = recorder();
    emitter.on("a", listener).addListener("a", (...args: unknown[]) => void calls.push(["second", ...args]));
    expect(emitter.emit("a", 1, "x")).toBe(true);
    expect(emitter.emit("b")).toBe(false);
    expect(calls).toEqual([
      [1, "x"],
      ["second", 1, "x"],
    ]);
    expect([emitter.eventNames(), emitter.listenerCount("a"), emitter.listeners("a")[0]]).toEqual([
      ["a"],
      2,
      listener,
    ]);
  });

  it("calls a listener once, or no longer, as requested", () => {
    const emitter = new Emitter();
    const [once, off, other] = [recorder(), recorder(), recorder()];
    emitter.once("a", once.listener).on("a", off.listener).on("b", other.listener);
    emitter.emit("a");
    emitter.off("a", off.listener);
    emitter.emit("a");
    expect([once.calls.length, off.calls.length]).toEqual([1, 1]);
    emitter.on("a", off.listener).removeAllListeners("a");
    expect([emitter.emit("a"), emitter.emit("b")]).toEqual([false, true]);
    emitter.removeAllListeners();
    expect(emitter.emit("b")).toBe(false);
  });

  it("calls a listener with its context", () => {
    const context = {};
    const seen: unknown[] = [];
    const emitter = new Emitter().on(
      "a",
      function (this: unknown) {
        seen.push(this);
      },
      context,
    );
    emitter.emit("a");
    expect(seen[0]).toBe(context);
  });

  it("removes the listeners that were registered since the first reset", () => {
    const emitter = new Emitter();
    const [before, between] = [recorder(), recorder()];
    emitter.on("a", before.listener);
    emitter.reset();
    emitter.on("a", between.listener);
    emitter.reset();
    emitter.emit("a");
    expect([before.calls.length, between.calls.length]).toEqual([1, 0]);
  });
});
