import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { issueToken, runHere } from "./support/command.js";
import { tempFolder } from "./support/process.js";

const env = { INVIGIL_PORT: "0" };

describe("`invigil token`", () => {
  it("prints the token and nothing else", async () => {
    using folder = tempFolder();
    const ended = await runHere(["token", "--role", "teacher", "--user", "t1"], { cwd: folder.path, env });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  it("revokes any id, because others may sign tokens, and says which ids are not Invigil's own", async () => {
    using folder = tempFolder();
    const revoke = (id: string) => runHere(["token", "revoke", id], { cwd: folder.path, env });
    const stdout = (id: string) => `The token with the id ${id} is refused from now on.\n`;
    const own = "0".repeat(32);
    expect(await revoke(own)).toMatchObject({ code: 0, stdout: stdout(own), stderr: "" });
    const stderr =
      "invigil: Invigil issues no tokens with such an id. The ids of its tokens are 32 digits and letters from a to f.\n";
    expect(await revoke("nope")).toMatchObject({ code: 0, stdout: stdout("nope"), stderr });
  });

  it("prints with --json when the token expires, eight hours from now", async () => {
    using folder = tempFolder();
    const printed = await issueToken(folder.path, "--role", "teacher", "--user", "t1", "--json");
    const { token: made, tokenId, expiresAt, ...rest } = JSON.parse(printed) as Record<string, string>;
    const { exp = 0, iat = 0, sub, role, jti } = decodeJwt(made ?? "");
    expect({ sub, role, jti, rest }).toEqual({ sub: "t1", role: "teacher", jti: tokenId, rest: {} });
    expect(expiresAt).toBe(new Date(exp * 1000).toISOString());
    expect(exp - iat).toBe(8 * 60 * 60);
  });

  it.each([
    ["90s", 90],
    ["15m", 15 * 60],
    ["2h", 2 * 60 * 60],
    ["30d", 30 * 24 * 60 * 60],
  ])("makes it last --ttl %s", async (ttl, seconds) => {
    using folder = tempFolder();
    const { exp = 0, iat = 0 } = decodeJwt(
      await issueToken(folder.path, "--role", "teacher", "--user", "t1", "--ttl", ttl),
    );
    expect(exp - iat).toBe(seconds);
  });

  it.each<{ what: string; args: readonly string[]; names: RegExp }>([
    {
      what: "a role that does not exist",
      args: ["--role", "boss", "--user", "t1"],
      names: /--role.*boss.*admin, teacher, inspector, examinee/,
    },
    { what: "no role", args: ["--user", "t1"], names: /--role/ },
    { what: "no user", args: ["--role", "teacher"], names: /--user/ },
    {
      what: "a lifetime without a unit",
      args: ["--role", "teacher", "--user", "t1", "--ttl", "90"],
      names: /--ttl.*90/,
    },
    {
      what: "no lifetime at all",
      args: ["--role", "teacher", "--user", "t1", "--ttl", "0h"],
      names: /--ttl.*0h/,
    },
    { what: "an empty user", args: ["--role", "teacher", "--user", ""], names: /user|sub/ },
    { what: "an empty room", args: ["--role", "teacher", "--user", "t1", "--room", ""], names: /room/ },
    {
      what: "an option that does not exist",
      args: ["--role", "teacher", "--user", "t1", "--rom", "r1"],
      names: /--rom/,
    },
  ])("refuses $what with a line that names it", async ({ args, names }) => {
    using folder = tempFolder();
    const { code, stdout, stderr } = await runHere(["token", ...args], { cwd: folder.path, env });
    // Settings and command lines are both refused here.
    expect({ code, stdout }).toEqual({ code: expect.toBeOneOf([1, 2]), stdout: "" });
    expect(stderr.split("\n")[0]).toMatch(names);
    expect(stderr).not.toMatch(/^ +at |ZodError|[[{]$/m);
  });

  it("refuses to sign for a server that keeps no secret, unless it is given one", async () => {
    using folder = tempFolder();
    const args = ["token", "--role", "teacher", "--user", "t1"];
    const nothingKept = { ...env, INVIGIL_DATABASE_URL: ":memory:" };
    const { code, stdout, stderr } = await runHere(args, { cwd: folder.path, env: nothingKept });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^invigil: INVIGIL_AUTH_SECRET must be set[^\n]*\n$/);
    const given = { ...nothingKept, INVIGIL_AUTH_SECRET: "x".repeat(32) };
    expect(await runHere(args, { cwd: folder.path, env: given })).toMatchObject({ code: 0 });
  });
});
