import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { renderPart } from "../../test/render.js";
import { Confirm } from "./confirm.js";

it("waits for the name before something that cannot be undone", async () => {
  const onConfirm = vi.fn(() => Promise.resolve());
  const onClose = vi.fn();
  await renderPart(
    <Confirm
      title="Delete Algebra?"
      action="Delete"
      typed="Algebra"
      onConfirm={onConfirm}
      onClose={onClose}
    />,
  );
  const user = userEvent.setup();
  const field = screen.getByRole("textbox", { name: "To confirm, type: Algebra" });
  await user.type(field, "Algebr{Enter}");
  expect(onConfirm).not.toHaveBeenCalled();
  await user.type(field, "a{Enter}");
  expect(onConfirm).toHaveBeenCalledOnce();
  await expect.poll(() => onClose).toHaveBeenCalledOnce();
});

it("does it once, however often it is clicked", async () => {
  let finish = () => {};
  const onConfirm = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
  await renderPart(<Confirm title="End?" action="End" onConfirm={onConfirm} onClose={() => undefined} />);
  await userEvent.dblClick(screen.getByRole("button", { name: "End" }));
  expect(onConfirm).toHaveBeenCalledOnce();
  await act(async () => finish());
});

it("stays open when it fails, and says that it was not done", async () => {
  const onClose = vi.fn();
  const onConfirm = () => Promise.reject(new Error("no"));
  await renderPart(<Confirm title="End?" action="End" onConfirm={onConfirm} onClose={onClose} />);
  await userEvent.click(screen.getByRole("button", { name: "End" }));
  expect((await screen.findByRole("alert")).textContent).toContain("This was not done");
  expect(onClose).not.toHaveBeenCalled();
});

it("asks again when others have changed what it is about, and keeps what was typed", async () => {
  const onConfirm = vi.fn(() => Promise.resolve());
  const part = (rooms: number) => (
    <Confirm
      title={`End ${rooms} rooms?`}
      action="End"
      typed="Algebra"
      premise={rooms}
      onConfirm={onConfirm}
      onClose={() => undefined}
    />
  );
  const { draw } = await renderPart(part(2));
  await userEvent.type(screen.getByRole("textbox"), "Algebra");
  await draw(part(3));
  await userEvent.dblClick(screen.getByRole("button", { name: "End" }));
  expect(screen.getByRole("alert").textContent).toContain("This has changed since you were asked.");
  expect(onConfirm).not.toHaveBeenCalled();
  await userEvent.dblClick(screen.getByRole("button", { name: "End" }));
  expect(onConfirm).toHaveBeenCalledOnce();
});
