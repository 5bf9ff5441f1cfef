import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { renderPart } from "../../test/render.js";
import { Composer } from "./composer.js";

it("sends with Enter, and begins a line with Shift and Enter", async () => {
  const onSend = vi.fn(() => Promise.resolve());
  await renderPart(<Composer label="Message" onSend={onSend} />);
  await userEvent.type(screen.getByRole("textbox"), "one{Shift>}{Enter}{/Shift}two{Enter}");
  expect(onSend).toHaveBeenCalledExactlyOnceWith({ text: "one\ntwo" });
  await expect.poll(() => screen.getByRole("textbox")).toHaveProperty("value", "");
});

it("sends nothing with the Enter that ends a composition of an input method", async () => {
  const onSend = vi.fn(() => Promise.resolve());
  await renderPart(<Composer label="消息" onSend={onSend} />);
  const field = screen.getByRole("textbox");
  fireEvent.change(field, { target: { value: "请重新加载" } });
  fireEvent.keyDown(field, { key: "Enter", isComposing: true });
  // As Safari says it.
  fireEvent.keyDown(field, { key: "Enter", keyCode: 229 });
  expect(onSend).not.toHaveBeenCalled();
  fireEvent.keyDown(field, { key: "Enter", keyCode: 13 });
  await expect.poll(() => onSend).toHaveBeenCalledExactlyOnceWith({ text: "请重新加载" });
});

it("asks for a receipt of one message", async () => {
  const onSend = vi.fn(() => Promise.resolve());
  await renderPart(<Composer label="Message" onSend={onSend} />);
  await userEvent.click(screen.getByRole("checkbox", { name: "Ask for “I have read this”" }));
  await userEvent.type(screen.getByRole("textbox"), "Close the window{Enter}");
  await expect.poll(() => screen.getByRole("textbox")).toHaveProperty("value", "");
  await userEvent.type(screen.getByRole("textbox"), "Thank you{Enter}");
  await expect
    .poll(() => onSend.mock.calls)
    .toEqual([[{ text: "Close the window", receipt: true }], [{ text: "Thank you" }]]);
});

it("keeps what could not be sent", async () => {
  await renderPart(<Composer label="Message" onSend={() => Promise.reject(new Error("no"))} />);
  await userEvent.type(screen.getByRole("textbox"), "Please wait{Enter}");
  await screen.findByRole("alert");
  expect(screen.getByRole("textbox")).toHaveProperty("value", "Please wait");
});

it("does not send what is too long", async () => {
  const onSend = vi.fn(() => Promise.resolve());
  await renderPart(<Composer label="Message" onSend={onSend} />);
  await userEvent.click(screen.getByRole("textbox"));
  await userEvent.paste("x".repeat(501));
  await userEvent.keyboard("{Enter}");
  expect(onSend).not.toHaveBeenCalled();
  screen.getByText("1 character too many");
});
