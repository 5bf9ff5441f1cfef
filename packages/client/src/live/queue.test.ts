import { expect, test, vi } from "vitest";
import { createListeners } from "./listeners.js";
import { createQueue } from "./queue.js";

const setUp = () => {
  const queue = createQueue<string>();
  const leave = vi.fn();
  return {
    leave,
    iterator: queue.read(leave),
    push: (item: string) => queue.push(item, () => `gap after ${item}`),
    end: queue.end,
  };
};

test("a loop gets what came before it asked, and then what comes", async () => {
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

test("a loop that is too slow gets a gap for all that it missed, and what comes after", async () => {
  const { iterator, push } = setUp();
  for (let n = 1; n <= 1000; n += 1) push(String(n));
  expect(await iterator.next()).toEqual({ value: "1", done: false });
  push("1001");
  push("1002");
  push("1003");
  const seen = [await iterator.next(), await iterator.next()].map(({ value }) => value);
  expect(seen).toEqual(["gap after 1002", "1003"]);
});

test("a loop that is left is left", async () => {
  const { iterator, push, leave } = setUp();
  push("a");
  push("b");
  for await (const item of iterator) {
    expect([item, leave.mock.calls.length]).toEqual(["a", 0]);
    break;
  }
  expect(leave).toHaveBeenCalledOnce();
  expect(await iterator.next()).toEqual({ value: undefined, done: true });
});

test("the end comes after what came before it, with its error once", async () => {
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

test("listeners are told in their order until they leave; the same one may listen twice", () => {
  const listeners = createListeners();
  const told: string[] = [];
  const listener = (what: string) => told.push(what);
  const offs = [listeners.on("a", listener), listeners.on("a", listener)];
  listeners.on("b", () => told.push("of b"));
  listeners.tell("a", "1");
  offs[0]?.();
  offs[0]?.();
  listeners.tell("a", "2");
  expect(told).toEqual(["1", "1", "2"]);
});

test("one that leaves or comes while something is told changes nothing for the others", () => {
  const listeners = createListeners();
  const told: string[] = [];
  const off = listeners.on("a", () => {
    told.push("first");
    off();
    listeners.on("a", () => told.push("late"));
  });
  listeners.on("a", () => told.push("second"));
  listeners.tell("a");
  expect(told).toEqual(["first", "second"]);
});

test("what a listener throws reaches the process, and the others are told all the same", async () => {
  const queued = vi.spyOn(globalThis, "queueMicrotask").mockImplementation(() => undefined);
  try {
    const listeners = createListeners();
    const told: string[] = [];
    const error = new Error("a bug of the app");
    listeners.on("a", () => {
      throw error;
    });
    listeners.on("a", () => told.push("told"));
    listeners.tell("a");
    expect(told).toEqual(["told"]);
    expect(queued.mock.calls.map(([thrower]) => thrower)).toEqual([expect.any(Function)]);
    expect(queued.mock.calls[0]?.[0]).toThrow(error);
  } finally {
    queued.mockRestore();
  }
});
