import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { bufferLines } from "./log-lines.js";

const setUp = () => {
  const written: string[] = [];
  return { written, log: bufferLines({ write: (text) => written.push(text) }) };
};

it("writes the lines of a turn together, in order, and once", async () => {
  const { written, log } = setUp();
  for (const line of ["a\n", "b\n"]) log.write(line);
  expect(written).toEqual([]);
  await setImmediate();
  log.write("c\n");
  await setImmediate();
  await setImmediate();
  expect(written).toEqual(["a\nb\n", "c\n"]);
});

it("writes the buffered lines on flush, and nothing twice", async () => {
  const { written, log } = setUp();
  log.write("a\n");
  log.flush();
  log.flush();
  await setImmediate();
  expect(written).toEqual(["a\n"]);
});
