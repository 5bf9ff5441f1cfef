import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { run, type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

/** Runs a command that must succeed. */
const invigil = async (cwd: string, args: readonly string[], input?: string): Promise<string> => {
  const ended = await run(args, { cwd, env: testEnv, ...(input !== undefined && { input }) });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return ended.stdout.trim();
};
const json = async (cwd: string, args: readonly string[], input?: string) =>
  JSON.parse(await invigil(cwd, [...args, "--json"], input));

const login = async (server: Server, username: string, password: string): Promise<string> => {
  const { body } = await server.post("/login", { username, password });
  expect(body).toMatchObject({ success: true });
  return body.data.token;
};
/** The status with which a server responds to a token: 200 or 401. */
const statusOf = async (server: Server, token: string): Promise<number> =>
  (await server.post("/exam/selectAudio", {}, token)).status;
const call = async (server: Server, path: string, token: string): Promise<void> =>
  expect(await server.post(`/trpc/${path}`, undefined, token)).toMatchObject({ status: 200 });
const restart = async (server: Server, cwd: string): Promise<Server> => {
  server.kill("SIGTERM");
  await server.ended();
  return serve({ cwd, env: testEnv });
};

const ADD_T1 = ["account", "add", "t1", "--role", "teacher", "--name", "李老师"];

describe("`invigil account`", () => {
  it("makes an account with a password of its own making, or one that is piped in", async () => {
    using folder = tempFolder();
    const printed = await invigil(folder.path, [...ADD_T1, "--generate"]);
    const [, first = ""] = /^t1 ([A-Za-z0-9]{20})$/.exec(printed) ?? expect.fail(printed);
    const changed = await invigil(folder.path, ["account", "passwd", "t1", "--generate"]);
    const [, password = ""] = /^t1 ([A-Za-z0-9]{20})$/.exec(changed) ?? expect.fail(changed);
    expect(password).not.toBe(first);
    expect(
      await invigil(
        folder.path,
        ["account", "add", "boss", "--role", "admin", "--name", "Boss"],
        "密码 is fine\nmore\n",
      ),
    ).toBe("boss can log in (admin).");
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const [teacher, boss] = [
      await login(server, "t1", password),
      await login(server, "boss", "密码 is fine"),
    ];
    expect([decodeJwt(teacher), decodeJwt(boss)]).toMatchObject([
      { role: "teacher", name: "李老师" },
      { role: "admin", name: "Boss" },
    ]);
  });

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
    expect(await json(folder.path, ["account", "disable", "t1"])).toStrictEqual({
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
    await invigil(folder.path, ["account", "disable", "boss"]);
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
    [["account", "add", "a b", "--role", "teacher", "--name", "N"], "a password", /^userId must be 1 to 61/],
    [
      ["account", "add", "pupil", "--role", "examinee", "--name", "N"],
      "a password",
      /Allowed choices are admin/,
    ],
    [["account", "disable", "nobody"], "", "There is no account nobody."],
    [["account", "passwd", "nobody"], "a password", "There is no account nobody."],
  ])("%j with %j ends with one line that says why", async (args, input, why) => {
    using folder = tempFolder();
    const { code, stdout, stderr } = await run(args, { cwd: folder.path, env: testEnv, input });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.replace(/^(invigil|error): /, "").trim()).toEqual(
      typeof why === "string" ? why : expect.stringMatching(why),
    );
    expect(stderr).not.toContain("short");
  });

  it("refuses an id that is taken", async () => {
    using folder = tempFolder();
    await invigil(folder.path, ADD_T1, "a password");
    const again = await run(ADD_T1, { cwd: folder.path, env: testEnv, input: "another password" });
    expect(again).toMatchObject({ code: 1, stderr: "invigil: There is an account t1 already.\n" });
  });
});

describe("a running server", () => {
  it("sees at once what the command does to accounts and tokens", async () => {
    using folder = tempFolder();
    const { path } = folder;
    for (const user of ["t1", "t2"])
      await invigil(path, ["account", "add", user, "--role", "teacher", "--name", "T"], "a password");
    await using server = await serve({ cwd: path, env: testEnv });
    const [first, second] = [
      await login(server, "t1", "a password"),
      await login(server, "t2", "a password"),
    ];
    const issued = await tokenFor("teacher", "issued");
    for (const token of [first, second, issued]) expect(await statusOf(server, token)).toBe(200);

    await invigil(path, ["account", "disable", "t1"]);
    expect(await statusOf(server, first)).toBe(401);
    expect((await server.post("/login", { username: "t1", password: "a password" })).status).toBe(401);
    expect(await statusOf(server, second)).toBe(200);
    await invigil(path, ["account", "enable", "t1"]);
    await login(server, "t1", "a password");

    await invigil(path, ["account", "passwd", "t2"], "another password");
    expect(await statusOf(server, second)).toBe(401);
    await login(server, "t2", "another password");

    // `tokenFor` makes the user id the token's id.
    expect(await invigil(path, ["token", "revoke", "issued"])).toBe("The token issued was revoked.");
    expect(await statusOf(server, issued)).toBe(401);
    expect(await json(path, ["token", "revoke", "issued"])).toEqual({ tokenId: "issued", revoked: true });
  });

  it("knows after a restart who logged out, whose token was revoked, and who did neither", async () => {
    using folder = tempFolder();
    const { path } = folder;
    await invigil(path, ADD_T1, "a password");
    await using before = await serve({ cwd: path, env: testEnv });
    const [gone, kept] = [await login(before, "t1", "a password"), await login(before, "t1", "a password")];
    const [left, revoked] = [await tokenFor("teacher", "left"), await tokenFor("teacher", "revoked")];
    await call(before, "auth.logout", gone);
    await call(before, "auth.logout", left);
    await invigil(path, ["token", "revoke", "revoked"]);

    await using after = await restart(before, path);
    for (const token of [gone, left, revoked]) expect(await statusOf(after, token)).toBe(401);
    expect(await statusOf(after, kept)).toBe(200);
    await call(after, "auth.refresh", kept);
  });
});
