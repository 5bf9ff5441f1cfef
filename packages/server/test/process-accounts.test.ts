import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { runJson, runWell } from "./support/command.js";
import { type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

const invigil = async (cwd: string, args: readonly string[], input?: string): Promise<string> =>
  (await runWell(args, { cwd, env: testEnv, input })).trim();
const json = (cwd: string, args: readonly string[], input?: string): Promise<Parsed> =>
  runJson(args, { cwd, env: testEnv, input });

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

// Commands for accounts and tokens beside a running server: see commands-accounts.test.ts for what they print.

describe("a running server", () => {
  let folder: ReturnType<typeof tempFolder>;
  let server: Server;
  beforeAll(async () => {
    folder = tempFolder();
    server = await serve({ cwd: folder.path, env: testEnv });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it("takes the password that the command made, or one that was piped in", async () => {
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
    const [teacher, boss] = [
      await login(server, "t1", password),
      await login(server, "boss", "密码 is fine"),
    ];
    expect([decodeJwt(teacher), decodeJwt(boss)]).toMatchObject([
      { role: "teacher", name: "李老师" },
      { role: "admin", name: "Boss" },
    ]);
  });

  it("sees at once what the command does to accounts and tokens", async () => {
    const { path } = folder;
    for (const user of ["u1", "u2"])
      await invigil(path, ["account", "add", user, "--role", "teacher", "--name", "T"], "a password");
    const [first, second] = [
      await login(server, "u1", "a password"),
      await login(server, "u2", "a password"),
    ];
    // `tokenFor` makes the user id the token's id.
    const issuedId = "1".repeat(32);
    const issued = await tokenFor("teacher", issuedId);
    for (const token of [first, second, issued]) expect(await statusOf(server, token)).toBe(200);

    await invigil(path, ["account", "disable", "u1", "--yes"]);
    expect(await statusOf(server, first)).toBe(401);
    expect((await server.post("/login", { username: "u1", password: "a password" })).status).toBe(401);
    expect(await statusOf(server, second)).toBe(200);
    await invigil(path, ["account", "enable", "u1"]);
    await login(server, "u1", "a password");

    await invigil(path, ["account", "passwd", "u2"], "another password");
    expect(await statusOf(server, second)).toBe(401);
    await login(server, "u2", "another password");

    expect(await invigil(path, ["token", "revoke", issuedId])).toBe(
      `The token with the id ${issuedId} is refused from now on.`,
    );
    expect(await statusOf(server, issued)).toBe(401);
    expect(await json(path, ["token", "revoke", issuedId])).toEqual({ tokenId: issuedId, revoked: true });
  });
});

it("a server knows after a restart who logged out, whose token was revoked, and who did neither", async () => {
  using folder = tempFolder();
  const { path } = folder;
  await invigil(path, ADD_T1, "a password");
  await using before = await serve({ cwd: path, env: testEnv });
  const [gone, kept] = [await login(before, "t1", "a password"), await login(before, "t1", "a password")];
  const revokedId = "1".repeat(32);
  const [left, revoked] = [await tokenFor("teacher", "left"), await tokenFor("teacher", revokedId)];
  await call(before, "auth.logout", gone);
  await call(before, "auth.logout", left);
  await invigil(path, ["token", "revoke", revokedId]);

  await using after = await restart(before, path);
  for (const token of [gone, left, revoked]) expect(await statusOf(after, token)).toBe(401);
  expect(await statusOf(after, kept)).toBe(200);
  await call(after, "auth.refresh", kept);
});
