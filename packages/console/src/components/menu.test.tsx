import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { renderPart } from "../../test/render.js";
import { ActionMenu } from "./menu.js";

const entries = [{ kind: "action", label: "End", onSelect: () => undefined } as const];

it("stays open when the arrow that opened it reaches the document", async () => {
  const user = userEvent.setup();
  await renderPart(<ActionMenu label="Actions" entries={entries} />);
  const button = screen.getByRole("button", { name: "Actions" });
  button.focus();
  await user.keyboard("{Enter}");
  await screen.findByRole("menuitem", { name: "End" });
  // The key may reach the document after the list is there.
  fireEvent.keyDown(button, { key: "ArrowDown" });
  expect(button.getAttribute("aria-expanded")).toBe("true");
});

it("is closed by an Escape that comes before its list has the focus", async () => {
  const user = userEvent.setup();
  await renderPart(<ActionMenu label="Actions" entries={entries} />);
  const button = screen.getByRole("button", { name: "Actions" });
  button.focus();
  await user.keyboard("{ArrowDown}");
  expect(button.getAttribute("aria-expanded")).toBe("true");
  button.focus();
  await user.keyboard("{Escape}");
  expect(button.getAttribute("aria-expanded")).toBe("false");
});
