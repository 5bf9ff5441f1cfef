import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { renderPart } from "../../test/render.js";
import { useAnnounce } from "./announcer.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function Talker() {
  const announce = useAnnounce();
  const talk = () => {
    for (let n = 1; n <= 40; n++) announce(`${n} disconnected`);
  };
  return (
    <button type="button" onClick={talk}>
      talk
    </button>
  );
}

it("says one sentence in two seconds, and then the last of those that came in that time", async () => {
  await renderPart(<Talker />);
  fireEvent.click(screen.getByRole("button"));
  expect(screen.getByRole("status").textContent).toBe("1 disconnected");
  act(() => void vi.advanceTimersByTime(2000));
  expect(screen.getByRole("status").textContent).toBe("40 disconnected");
});
