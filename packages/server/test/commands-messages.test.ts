import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runHere } from "./support/command.js";
import { tempFolder, testEnv } from "./support/process.js";

// The help and the error messages of commands.

it("reports an error of the system in one line, with the file", async () => {
  using folder = tempFolder();
  writeFileSync(join(folder.path, "file"), "");
  const env = { INVIGIL_DATA_DIR: "file/data" };
  expect(await runHere(["token", "--role", "admin", "--user", "a"], { cwd: folder.path, env })).toMatchObject(
    {
      code: 1,
      stdout: "",
      stderr: `invigil: The path ${join(folder.path, "file/data")} cannot be used: not a directory\n`,
    },
  );
});

it("describes every command", async () => {
  using folder = tempFolder();
  const { stdout } = await runHere(["--help"], { cwd: folder.path });
  const [, commands = ""] = stdout.split("Commands:\n");
  for (const line of commands.trimEnd().split("\n")) expect(line).toMatch(/^ {2}\S+.* {2,}\w|^ {10,}\w/);
});

it("names the option of an invalid value", async () => {
  using folder = tempFolder();
  const refused = (...args: string[]) => runHere(args, { cwd: folder.path, env: testEnv });
  const times = ["--start", "2026-06-07 09:00", "--end", "11:30"];
  expect(await refused("exam", "create", "--name", "", ...times)).toMatchObject({
    stderr: expect.stringMatching(/^invigil: --name must [^\n]+\n$/),
  });
  expect(await refused("exam", "create", "--name", "E", ...times)).toMatchObject({ code: 0 });
  expect(await refused("exam", "plan", "E", "--room-size", "0")).toMatchObject({
    stderr: expect.stringMatching(/^invigil: --room-size must [^\n]+\n$/),
  });
});
