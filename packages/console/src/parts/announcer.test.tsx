import { act, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { renderPart } from "../../test/render.js";
import { useAnnounce } from "./announcer.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("says one sentence in two seconds, and then the last of those that came meanwhile", async () => {
  let announce: (text: string) => void = () => undefined;
  function Talker() {
    announce = useAnnounce();
    return null;
  }
  await renderPart(<Talker />);
  act(() => {
    announce("one disconnected");
    for (let n = 2; n <= 40; n++) announce(`${n} disconnected`);
  });
  expect(screen.getByRole("status").textContent).toBe("one disconnected");
  act(() => void vi.advanceTimersByTime(2000));
  expect(screen.getByRole("status").textContent).toBe("40 disconnected");
});
