import { describe, expect, it } from "vitest";
import { createCallerTurns } from "./caller-turns.js";

/** Calls that the test ends, and the order in which they began. */
const open = (limits: { atOnce?: number; waitingEach?: number; waiting?: number } = {}) => {
  const turns = createCallerTurns({
    what: "imports",
    eachAtOnce: 1,
    atOnce: 1,
    waitingEach: 100,
    waiting: 1000,
    retryAfterSeconds: 10,
    ...limits,
  });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (name: string) => {
    const [caller = ""] = name;
    const done = turns.run(caller, () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    });
    return { name, done };
  };
  return {
    turns,
    begun,
    add,
    /** Ends a task, and waits until the next one has begun. */
    end: async ({ name, done }: ReturnType<typeof add>) => {
      ends.get(name)?.();
      expect(await done).toBe(name);
      await new Promise(setImmediate);
    },
  };
};

describe("turns of callers", () => {
  it("gives callers turns, whatever each of them has waiting", async () => {
    const { add, end, begun } = open();
    const tasks = ["a1", "a2", "a3", "a4", "b1", "b2", "c1"].map(add);
    const byName = new Map(tasks.map((task) => [task.name, task]));
    await new Promise(setImmediate);
    for (let at = 0; at < tasks.length; at += 1) {
      const task = byName.get(begun[at] ?? "");
      if (!task) throw new Error(`nothing begins after ${begun.join()}`);
      await end(task);
      expect(begun).toHaveLength(Math.min(at + 2, tasks.length));
    }
    expect(begun).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
  });

  it("runs one task of each caller at a time, so that a slow one delays only its caller", async () => {
    const { add, end, begun } = open({ atOnce: 2 });
    add("a1");
    add("a2");
    const [b1, c1, b2] = [add("b1"), add("c1"), add("b2")];
    await new Promise(setImmediate);
    expect(begun).toEqual(["a1", "b1"]);
    await end(b1);
    await end(c1);
    await end(b2);
    expect(begun).toEqual(["a1", "b1", "c1", "b2"]);
  });

  it("goes on after a task that fails, also at once", async () => {
    const { turns, add, begun } = open();
    await expect(turns.run("a", () => Promise.reject(new Error("late")))).rejects.toThrow("late");
    const thrown = turns.run("a", () => {
      throw new Error("at once");
    });
    await expect(thrown).rejects.toThrow("at once");
    add("a1");
    await new Promise(setImmediate);
    expect(begun).toEqual(["a1"]);
  });

  it("refuses tasks beyond the queue's limit for a caller, or for all callers", async () => {
    const { add } = open({ waitingEach: 2, waiting: 3 });
    for (const name of ["a1", "a2", "a3"]) void add(name);
    await expect(add("a4").done).rejects.toMatchObject({
      code: "TOO_MANY_REQUESTS",
      message: "2 imports of yours are waiting: try again in 10 seconds.",
      retryAfterSeconds: 10,
    });
    void add("b1");
    await expect(add("c1").done).rejects.toThrow("3 imports of others are waiting");
  });
});
