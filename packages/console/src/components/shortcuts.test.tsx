import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { renderPart } from "../../test/render.js";
import { useShortcut } from "./shortcuts.js";

const run = vi.fn<(name: string) => void>();
beforeEach(() => void run.mockClear());

function Keys() {
  useShortcut({ keys: "n", label: "Next", run: () => run("next") });
  useShortcut({ keys: "g e", label: "Exams", run: () => run("exams") });
  useShortcut({ keys: "Ctrl-K", label: "Jump", run: () => run("jump") });
  return <input aria-label="Field" />;
}

it("runs single keys and sequences, and neither while the person types or holds Ctrl", async () => {
  await renderPart(<Keys />);
  const user = userEvent.setup();
  await user.keyboard("n");
  await user.keyboard("ge");
  expect(run.mock.calls.flat()).toEqual(["next", "exams"]);
  await user.keyboard("{Control>}n{/Control}");
  await user.keyboard("g{Control>}e{/Control}");
  expect(run).toHaveBeenCalledTimes(2);
  await user.keyboard("{Control>}k{/Control}{Meta>}K{/Meta}");
  expect(run.mock.calls.flat().slice(2)).toEqual(["jump", "jump"]);
  await user.type(screen.getByRole("textbox"), "nge{Control>}k{/Control}");
  expect(run).toHaveBeenCalledTimes(4);
});

it("are listed by the question mark, where they can be switched off for good", async () => {
  const { unmount } = await renderPart(<Keys />);
  const user = userEvent.setup();
  await user.keyboard("?");
  expect((await screen.findByRole("dialog")).textContent).toContain("Next");
  await user.click(screen.getByRole("switch"));
  await user.keyboard("{Escape}");
  await expect.poll(() => screen.queryByRole("dialog")).toBeNull();
  await user.keyboard("n{Control>}k{/Control}");
  unmount();
  await renderPart(<Keys />);
  await user.keyboard("n");
  expect(run).not.toHaveBeenCalled();
});
