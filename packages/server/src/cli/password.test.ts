import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { newPassword } from "./password.js";

/** A terminal on which each question is answered at once. */
const terminal = (...answers: readonly string[]) => {
  let shown = "";
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (on: boolean) => void raw.push(on),
  });
  const output = new PassThrough();
  const left = [...answers];
  output.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    const answer = text.endsWith(": ") ? left.shift() : undefined;
    if (answer !== undefined) input.write(answer);
  });
  return { io: { input, output }, shown: () => shown, raw };
};

describe("a password on a terminal", () => {
  it("is requested twice and never displayed", async () => {
    const { io, shown, raw } = terminal("a 密码\r", "a 密码\r");
    expect(await newPassword({}, io)).toBe("a 密码");
    expect(shown()).toBe("Password: \nAgain: \n");
    // The echo of the terminal is off meanwhile, and on again afterwards.
    expect(raw).toEqual([true, false]);
  });

  it("is refused if the two entries differ", async () => {
    const { io } = terminal("a password\r", "a passwort\r");
    await expect(newPassword({}, io)).rejects.toThrow("the passwords do not match");
  });

  it.each([
    ["Ctrl-C", ["half\u0003"]],
    ["Ctrl-D", ["\u0004"]],
    ["Ctrl-C at the second question", ["a password\r", "\u0003"]],
  ])("can be canceled with %s", async (_, answers) => {
    const { io, raw } = terminal(...answers);
    await expect(newPassword({}, io)).rejects.toThrow("no password was given");
    expect(raw.at(-1)).toBe(false);
  });
});

it("every generated password is different", async () => {
  const made = await Promise.all(
    Array.from({ length: 50 }, () => newPassword({ generate: true }, terminal().io)),
  );
  expect(new Set(made).size).toBe(50);
  for (const password of made) expect(password).toMatch(/^[A-Za-z0-9]{20}$/);
});
