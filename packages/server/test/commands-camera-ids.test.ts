import { expect, it } from "vitest";
import { runHere } from "./support/command.js";
import { tempFolder, testEnv } from "./support/process.js";

// Ids that would be taken for a person's second camera: see camera-ids.test.ts.

it.each(["pc_examinee1", "examinee1_pc"])("the id %s is refused by the commands", async (userId) => {
  using folder = tempFolder();
  const commands: readonly (readonly [args: readonly string[], input?: string])[] = [
    [["token", "--role", "examinee", "--user", userId]],
    [["account", "add", userId, "--role", "teacher", "--name", "Somebody"], "a password\n"],
    [["room", "create", "--name", "R", "--by", userId]],
  ];
  for (const [args, input = ""] of commands) {
    const { code, stderr } = await runHere(args, { cwd: folder.path, env: testEnv, input });
    expect({ args, failed: code !== 0 }).toEqual({ args, failed: true });
    expect(stderr).toMatch(/'(pc_|_pc)'/);
  }
});
