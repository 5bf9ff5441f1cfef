import { expect, test, vi } from "vitest";
import { createListeners } from "./listeners.js";
import { createQueue } from "./queue.js";

const setUp = () => {
  const queue = createQueue<string>();
  const onEnd = vi.fn();
  return {
    onEnd,
    iterator: queue.read(onEnd),
    push: (item: string) => queue.push(item, () => `gap after ${item}`),
    end: queue.end,
  };
};

test("a loop receives the waiting events, then new ones", async () => {
  const { iterator, push } = setUp();
  push("a");
  push("b");
  expect(await iterator.next()).toEqual({ value: "a", done: false });
  expect(await iterator.next()).toEqual({ value: "b", done: false });
  const asked = [iterator.next(), iterator.next()];
  push("c");
  push("d");
  expect(await Promise.all(asked)).toEqual([
    { value: "c", done: false },
    { value: "d", done: false },
  ]);
});

test("a loop that is too slow receives a gap instead of the missed events, then new ones", async () => {
  const { iterator, push } = setUp();
  for (let n = 1; n <= 1000; n += 1) push(String(n));
  expect(await iterator.next()).toEqual({ value: "1", done: false });
  push("1001");
  push("1002");
  push("1003");
  const seen = [await iterator.next(), await iterator.next()].map(({ value }) => value);
  expect(seen).toEqual(["gap after 1002", "1003"]);
});

test("leaving a loop ends it", async () => {
  const { iterator, push, onEnd } = setUp();
  push("a");
  push("b");
  for await (const item of iterator) {
    expect([item, onEnd.mock.calls.length]).toEqual(["a", 0]);
    break;
  }
  expect(onEnd).toHaveBeenCalledOnce();
  expect(await iterator.next()).toEqual({ value: undefined, done: true });
});

test("the end follows the waiting events, and its error is thrown once", async () => {
  const { iterator, push, end } = setUp();
  const error = new Error("refused");
  const late = iterator.next();
  push("a");
  push("b");
  end(error);
  expect(await late).toEqual({ value: "a", done: false });
  expect(await iterator.next()).toEqual({ value: "b", done: false });
  await expect(iterator.next()).rejects.toBe(error);
  expect(await iterator.next()).toEqual({ value: undefined, done: true });

  const quiet = setUp();
  const asked = [quiet.iterator.next(), quiet.iterator.next()];
  quiet.end(undefined);
  expect(await Promise.all(asked)).toEqual([
    { value: undefined, done: true },
    { value: undefined, done: true },
  ]);
});

test("listeners are called in order until they are removed; a listener may be registered twice", () => {
  const listeners = createListeners();
  const calls: string[] = [];
  const listener = (what: string) => calls.push(what);
  const offs = [listeners.on("a", listener), listeners.on("a", listener)];
  listeners.on("b", () => calls.push("of b"));
  listeners.emit("a", "1");
  offs[0]?.();
  offs[0]?.();
  listeners.emit("a", "2");
  expect(calls).toEqual(["1", "1", "2"]);
});

test("adding or removing a listener during an event does not affect the others", () => {
  const listeners = createListeners();
  const calls: string[] = [];
  const off = listeners.on("a", () => {
    calls.push("first");
    off();
    listeners.on("a", () => calls.push("late"));
  });
  listeners.on("a", () => calls.push("second"));
  listeners.emit("a");
  expect(calls).toEqual(["first", "second"]);
});

test("an error of a listener reaches the process, and the other listeners are called", async () => {
  const queued = vi.spyOn(globalThis, "queueMicrotask").mockImplementation(() => undefined);
  try {
    const listeners = createListeners();
    const calls: string[] = [];
    const error = new Error("an error of the app");
    listeners.on("a", () => {
      throw error;
    });
    listeners.on("a", () => calls.push("second"));
    listeners.emit("a");
    expect(calls).toEqual(["second"]);
    expect(queued.mock.calls.map(([thrower]) => thrower)).toEqual([expect.any(Function)]);
    expect(queued.mock.calls[0]?.[0]).toThrow(error);
  } finally {
    queued.mockRestore();
  }
});
