import { afterEach, expect, it, vi } from "vitest";
import { beginToLoadAhead, loadAhead } from "./idle.js";

afterEach(() => vi.unstubAllGlobals());

/** Loads ahead in a browser whose network is such, and says how often it did once the browser is idle, with its own word for that or without. */
const loads = (connection: object | undefined, isSafari = false): number => {
  vi.useFakeTimers();
  vi.stubGlobal("navigator", { connection });
  vi.stubGlobal("requestIdleCallback", isSafari ? undefined : (run: () => void) => setTimeout(run));
  const load = vi.fn(() => Promise.reject(new Error("The network failed.")));
  loadAhead(load);
  expect(load).not.toHaveBeenCalled();
  vi.runAllTimers();
  vi.useRealTimers();
  return load.mock.calls.length;
};

it("loads nothing before a person is signed in, and then what waited", () => {
  expect(loads(undefined)).toBe(0);
  vi.useFakeTimers();
  vi.stubGlobal("requestIdleCallback", (run: () => void) => setTimeout(run));
  const load = vi.fn(() => Promise.resolve());
  loadAhead(load);
  vi.runAllTimers();
  expect(load).not.toHaveBeenCalled();
  beginToLoadAhead();
  vi.runAllTimers();
  vi.useRealTimers();
  expect(load).toHaveBeenCalledOnce();
});

it("loads once the browser is idle, also in one that does not say when it is", () => {
  expect(loads(undefined)).toBe(1);
  expect(loads({ saveData: false, type: "wifi" })).toBe(1);
  expect(loads(undefined, true)).toBe(1);
});

it("loads nothing ahead where the person saves data or pays for it", () => {
  expect(loads({ saveData: true })).toBe(0);
  expect(loads({ type: "cellular" })).toBe(0);
});
