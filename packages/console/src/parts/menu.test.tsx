import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { renderPart } from "../../test/render.js";
import { ActionMenu } from "./menu.js";

it("is closed by an Escape that comes before its list has the focus", async () => {
  const user = userEvent.setup();
  const entries = [{ kind: "action", label: "End", onSelect: () => undefined } as const];
  await renderPart(<ActionMenu label="Actions" entries={entries} />);
  const button = screen.getByRole("button", { name: "Actions" });
  button.focus();
  await user.keyboard("{ArrowDown}");
  expect(button.getAttribute("aria-expanded")).toBe("true");
  expect(document.activeElement).toBe(button);
  await user.keyboard("{Escape}");
  expect(button.getAttribute("aria-expanded")).toBe("false");
});
