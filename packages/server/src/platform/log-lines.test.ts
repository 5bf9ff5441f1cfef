import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bufferLines } from "./log-lines.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setImmediate", "setTimeout"] }));
afterEach(() => void vi.useRealTimers());

const failure = (code: string, errno: number) => Object.assign(new Error(code), { code, errno });
const FULL = failure("ENOSPC", -28);
const SLOW = failure("EAGAIN", -11);
const GONE = failure("EPIPE", -32);

/** A destination that takes only as many bytes as it has room for. */
const setUp = () => {
  const destination = { room: Number.POSITIVE_INFINITY, error: FULL };
  const writes: string[] = [];
  const log = bufferLines({
    write(bytes) {
      const some = bytes.subarray(0, destination.room);
      if (some.length === 0) throw destination.error;
      destination.room -= some.length;
      writes.push(Buffer.from(some).toString());
      return some.length;
    },
    onDropped: (lines) => log.write(`${lines} lost\n`),
  });
  return { destination, writes, log };
};

it("writes the lines of a turn together, in order, and once", () => {
  const { writes, log } = setUp();
  for (const line of ["a\n", "b\n"]) log.write(line);
  expect(writes).toEqual([]);
  vi.runAllTimers();
  log.write("c\n");
  vi.runAllTimers();
  expect(writes).toEqual(["a\nb\n", "c\n"]);
});

it("writes the buffered lines at the end, and nothing twice", () => {
  const { writes, log } = setUp();
  log.write("a\n");
  log.end();
  log.end();
  vi.runAllTimers();
  expect(writes).toEqual(["a\n"]);
});

describe("while lines cannot be written", () => {
  it.each([
    { error: FULL, reason: "no space left on device" },
    { error: GONE, reason: "broken pipe" },
  ])("it keeps them, says that there is $reason, and ends no line in the middle", ({ error, reason }) => {
    const { destination, writes, log } = setUp();
    Object.assign(destination, { room: 3, error });
    for (const line of ["né\n", "b\n"]) log.write(line);
    expect(log.fault()).toBeUndefined();
    vi.runOnlyPendingTimers();
    expect(log.fault()).toBe(reason);
    log.write("c\n");
    vi.runOnlyPendingTimers();
    expect(log.fault()).toBe(reason);
    destination.room = Number.POSITIVE_INFINITY;
    vi.runOnlyPendingTimers();
    expect(log.fault()).toBeUndefined();
    expect(writes.join("")).toBe("né\nb\nc\n");
  });

  it("it drops what is more than it keeps, and then says how many lines those were", () => {
    const { destination, writes, log } = setUp();
    destination.room = 0;
    const line = `${"x".repeat(1023)}\n`;
    log.write(line);
    vi.runOnlyPendingTimers();
    for (let sent = 1; sent < 5000; sent += 1) log.write(line);
    destination.room = Number.POSITIVE_INFINITY;
    vi.runAllTimers();
    log.write("next\n");
    vi.runAllTimers();
    const written = writes.join("").split("\n");
    expect(written.filter((text) => `${text}\n` === line)).toHaveLength(1024);
    expect(written.slice(-3)).toEqual([`${5000 - 1024} lost`, "next", ""]);
  });

  it("it says nothing of a reader that is slow, until it loses lines", () => {
    const { destination, writes, log } = setUp();
    Object.assign(destination, { room: 0, error: SLOW });
    log.write("a\n");
    vi.runOnlyPendingTimers();
    expect(log.fault()).toBeUndefined();
    log.write("x".repeat(2 ** 20));
    expect(log.fault()).toBe("resource temporarily unavailable");
    destination.room = Number.POSITIVE_INFINITY;
    // The process ends before another attempt, and also says what was lost.
    log.end();
    expect(writes.join("")).toBe("a\n1 lost\n");
  });

  it("the process ends", () => {
    const { destination, writes, log } = setUp();
    for (const error of [FULL, SLOW]) {
      Object.assign(destination, { room: 0, error });
      log.write("a\n");
      log.end();
    }
    expect(writes).toEqual([]);
  });
});
