import { describe, expect, it } from "vitest";
import { Emitter } from "./emitter.js";

const heard = () => {
  const calls: unknown[][] = [];
  return { calls, listener: (...args: unknown[]) => void calls.push(args) };
};

describe("Emitter", () => {
  it("tells listeners in their order, with what was emitted", () => {
    const emitter = new Emitter();
    const { calls, listener } = heard();
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

  it("tells once, no more, or nobody, as it was asked", () => {
    const emitter = new Emitter();
    const [once, off, other] = [heard(), heard(), heard()];
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

  it("calls a listener with the context that came with it", () => {
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

  it("forgets, when it starts over, what was registered since the first time", () => {
    const emitter = new Emitter();
    const [before, between] = [heard(), heard()];
    emitter.on("a", before.listener);
    emitter.begin();
    emitter.on("a", between.listener);
    emitter.begin();
    emitter.emit("a");
    expect([before.calls.length, between.calls.length]).toEqual([1, 0]);
  });
});
