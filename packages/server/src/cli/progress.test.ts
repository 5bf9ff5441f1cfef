import { describe, expect, it } from "vitest";
import { createProgress } from "./progress.js";

const shownOn = (isTTY: boolean): string[] => {
  const written: string[] = [];
  const progress = createProgress("reading", { isTTY, write: (text: string) => written.push(text) });
  for (let done = 0; done <= 1000; done += 1) progress.show(done, 1000);
  progress.end();
  return written;
};

describe("a progress bar", () => {
  it("updates one line of a terminal per percent, and is removed", () => {
    const written = shownOn(true);
    expect(written).toHaveLength(102);
    expect(written[50]).toBe(`\rreading [${"#".repeat(15)}${" ".repeat(15)}] 50%`);
    expect(written.at(-2)).toBe(`\rreading [${"#".repeat(30)}] 100%`);
    expect(written.at(-1)).toBe("\r\u001b[K");
  });

  it("is not written to other outputs", () => {
    expect(shownOn(false)).toEqual([]);
  });

  it("removes nothing if it was never shown, and supports a size of 0", () => {
    const written: string[] = [];
    const out = { isTTY: true, write: (text: string) => written.push(text) };
    createProgress("reading", out).end();
    expect(written).toEqual([]);
    createProgress("reading", out).show(0, 0);
    expect(written[0]).toMatch(/100%$/);
  });
});
