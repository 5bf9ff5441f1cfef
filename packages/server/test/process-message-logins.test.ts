import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { runWell } from "./support/command.js";
import { type ImLogin, imLogin, rawDropIn } from "./support/drop-in.js";
import { type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

// Two servers on one database file, and commands. A message login that is revoked anywhere is invalid
// everywhere.

const AUTH_FAIL = { code: 403, message: "auth fail" };
const asked = ({ appId, appToken, auth }: ImLogin) => ({ do: "login", login: { appId, appToken, auth } });
const tryLogin = async (url: string, made: ImLogin) => {
  using page = await rawDropIn(url);
  return await page.ask(asked(made));
};
const connect = async (url: string, made: ImLogin, groupId?: string) => {
  const page = await rawDropIn(url);
  expect(await page.ask(asked(made))).toEqual({});
  if (groupId !== undefined) expect(await page.ask({ do: "join", groupId })).toHaveProperty("group");
  return page;
};

/** A page whose connection is closed before its request is refused, too. */
const expectRefused = async (page: Awaited<ReturnType<typeof connect>>, call: object): Promise<void> => {
  const answer = await page.ask(call).catch((error: Error) => error.message);
  expect([AUTH_FAIL, "closed with 1000 "]).toContainEqual(answer);
};

describe("a server and the command", () => {
  it("take and refuse the same message logins", async () => {
    using folder = tempFolder();
    const invigil = (args: readonly string[], input?: string) =>
      runWell(args, { cwd: folder.path, env: testEnv, input });
    const password = "a long password";
    await invigil(["account", "add", "t1", "--role", "teacher", "--name", "T"], `${password}\n`);
    await using one = await serve({ cwd: folder.path, env: testEnv });
    const login = async (server: Server): Promise<string> =>
      (await server.post("/login", { username: "t1", password })).body.data.token;
    const session = await login(one);
    const { body } = await one.post("/exam/createRoom", { name: "Room" }, session);
    const { id: groupId } = body.data;
    const loginFor = (server: Server, token: string, userId = "t1") =>
      imLogin(server.url, token, { roomId: groupId, userId, role: "admin" });

    // A login has the restrictions of its token.
    const { body: another } = await one.post("/exam/createRoom", { name: "Another" }, session);
    const issue = async () => {
      const asking = await fetch(`${one.url}/trpc/auth.issueToken`, {
        method: "POST",
        headers: { authorization: await tokenFor("admin", "root"), "content-type": "application/json" },
        body: JSON.stringify({ json: { userId: "t1", role: "teacher", roomId: groupId } }),
      });
      const answer: Parsed = await asking.json();
      return String(answer.result.data.json.token);
    };
    const bound = await issue();
    using narrow = await connect(one.url, await loginFor(one, bound), groupId);
    expect(await narrow.ask({ do: "join", groupId: another.data.id })).toEqual({
      code: 403,
      message: `The room ${another.data.id} is not open to you.`,
    });

    // The command revokes the token: its page is closed, and its login is invalid.
    const made = await loginFor(one, bound);
    await invigil(["token", "revoke", String(decodeJwt(bound).jti)]);
    expect(await tryLogin(one.url, made)).toEqual(AUTH_FAIL);
    expect((await narrow.closed())[0]).toBe(1000);

    // The logins of a session end with it.
    using talking = await connect(one.url, await loginFor(one, session), groupId);
    using joining = await connect(one.url, await loginFor(one, session, "pc_t1"));
    const kept = await loginFor(one, session);
    expect((await one.post("/trpc/auth.logout", undefined, session)).status).toBe(200);
    const send = { do: "send", groupId, type: 30_001, data: "1", key: "k" };
    await expectRefused(talking, send);
    await expectRefused(joining, { do: "join", groupId });
    const history = await fetch(
      `${one.url}/trpc/im.history?input=${encodeURIComponent(JSON.stringify({ json: { roomId: groupId } }))}`,
      {
        headers: { authorization: await tokenFor("admin", "root") },
      },
    );
    const answer: Parsed = await history.json();
    expect(answer.result.data.json.messages).toEqual([]);
    expect(await tryLogin(one.url, kept)).toEqual(AUTH_FAIL);

    // The command disables the account.
    const last = await loginFor(one, await login(one));
    using listening = await connect(one.url, last, groupId);
    await invigil(["account", "disable", "t1", "--yes"]);
    expect(await tryLogin(one.url, last)).toEqual(AUTH_FAIL);
    expect((await listening.closed())[0]).toBe(1000);
  });
});
