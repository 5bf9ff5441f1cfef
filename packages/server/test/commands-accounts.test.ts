import { describe, expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { runHere, runJson, runWell } from "./support/command.js";
import { tempFolder, testEnv } from "./support/process.js";

const invigil = async (cwd: string, args: readonly string[], input?: string): Promise<string> =>
  (await runWell(args, { cwd, env: testEnv, input })).trim();
const json = (cwd: string, args: readonly string[], input?: string): Promise<Parsed> =>
  runJson(args, { cwd, env: testEnv, input });

const ADD_T1 = ["account", "add", "t1", "--role", "teacher", "--name", "李老师"];

describe("`invigil account`", () => {
  it("prints JSON for programs, with the password only where it made one", async () => {
    using folder = tempFolder();
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    const account = { userId: "t1", role: "teacher", name: "李老师", createdAt: time, updatedAt: time };
    expect(await json(folder.path, ADD_T1, "a password")).toStrictEqual({ ...account, disabled: false });
    expect(await json(folder.path, ["account", "passwd", "t1", "--generate"])).toStrictEqual({
      ...account,
      disabled: false,
      password: expect.stringMatching(/^[A-Za-z0-9]{20}$/),
    });
    expect(await json(folder.path, ["account", "passwd", "t1"], "a password")).toStrictEqual({
      ...account,
      disabled: false,
    });
    expect(await json(folder.path, ["account", "disable", "t1", "--yes"])).toStrictEqual({
      ...account,
      disabled: true,
    });
    expect(await json(folder.path, ["account", "list"])).toStrictEqual([{ ...account, disabled: true }]);
    expect(await json(folder.path, ["account", "enable", "t1"])).toStrictEqual({
      ...account,
      disabled: false,
    });
    expect(await json(folder.path, ["account", "list", "--role", "admin"])).toStrictEqual([]);
  });

  it("lists accounts as a table, every one of them", async () => {
    using folder = tempFolder();
    await invigil(folder.path, ADD_T1, "a password");
    await invigil(folder.path, ["account", "add", "boss", "--role", "admin", "--name", "Boss"], "a password");
    await invigil(folder.path, ["account", "disable", "boss", "--yes"]);
    expect(await invigil(folder.path, ["account", "list"])).toBe(
      [
        "USER  ROLE     NAME    STATE",
        "boss  admin    Boss    disabled",
        "t1    teacher  李老师  active",
      ].join("\n"),
    );
    expect(await invigil(folder.path, ["account", "list", "--role", "teacher"])).not.toContain("boss");
  });

  it.each([
    [ADD_T1, "short\n", "password must be at least 8 characters"],
    [ADD_T1, "", "no password was given: provide it on standard input, or use --generate"],
    [["account", "add", "a b", "--role", "teacher", "--name", "N"], "a password", /^<user> must be 1 to 61/],
    [
      ["account", "add", "pupil", "--role", "examinee", "--name", "N"],
      "a password",
      /Allowed choices are admin/,
    ],
    [["account", "disable", "t99"], "", "There is no account t99."],
    [["account", "passwd", "t99"], "a password", "There is no account t99."],
  ])("%j with %j ends with one line that says why", async (args, input, why) => {
    using folder = tempFolder();
    const { code, stdout, stderr } = await runHere(args, { cwd: folder.path, env: testEnv, input });
    // 2: the command line, or the password, is wrong.
    expect({ code, stdout }).toEqual({ code: expect.toBeOneOf([1, 2]), stdout: "" });
    expect(stderr.replace(/^(invigil|error): /, "").trim()).toEqual(
      typeof why === "string" ? why : expect.stringMatching(why),
    );
    expect(stderr).not.toContain("short");
  });

  it("refuses an id that is taken", async () => {
    using folder = tempFolder();
    await invigil(folder.path, ADD_T1, "a password");
    const again = await runHere(ADD_T1, { cwd: folder.path, env: testEnv, input: "another password" });
    expect(again).toMatchObject({ code: 1, stderr: "invigil: There is an account t1 already.\n" });
  });
});
