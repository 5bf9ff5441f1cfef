import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issueToken } from "./support/command.js";
import { type Server, serve, tempFolder } from "./support/process.js";

/** Only the port is set, because the default, 7001, may be in use. */
const env = { INVIGIL_PORT: "0" };

/** The caller that the server identifies for a token. Undefined if the token is refused. */
const whoami = async ({ url }: Server, authorization: string): Promise<unknown> => {
  const response = await fetch(`${url}/trpc/auth.whoami`, { headers: { authorization } });
  const { result } = (await response.json()) as { result?: { data: { json: unknown } } };
  return result?.data.json;
};

const createRoom = async (server: Server, authorization: string): Promise<{ id: string; examId: string }> => {
  const { body } = await server.post("/exam/createRoom", { name: "Room" }, authorization);
  expect(body).toMatchObject({ success: true });
  return body.data;
};

const stop = async (server: Server): Promise<void> => {
  server.kill("SIGTERM");
  expect(await server.ended()).toMatchObject({ code: 0 });
};

describe("`invigil serve` in an empty folder", () => {
  let folder: ReturnType<typeof tempFolder>;
  let server: Server;
  beforeAll(async () => {
    folder = tempFolder();
    server = await serve({ cwd: folder.path, env });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it("creates the database, and a secret that only its owner can read", async () => {
    expect(new URL(server.url).hostname).toBe("127.0.0.1");
    expect(existsSync(join(folder.path, "data/invigil.db"))).toBe(true);
    const secret = join(folder.path, "data/auth-secret");
    expect(statSync(secret).mode & 0o777).toBe(0o600);
    expect(readFileSync(secret, "utf8").trim().length).toBeGreaterThanOrEqual(32);
    // It prints the path of the secret, but not the secret.
    const line = await server.line("auth-secret");
    expect(JSON.parse(line)).toMatchObject({ dataDir: join(folder.path, "data") });
    expect(await server.line("embedded media server")).toContain('"level":30');
    expect(line).not.toContain(readFileSync(secret, "utf8").trim());
  });

  it("refuses calls without a token of its own", async () => {
    using elsewhere = tempFolder();
    const foreign = await issueToken(elsewhere.path, "--role", "admin", "--user", "boss");
    expect(await server.post("/exam/createRoom", { name: "Room" })).toMatchObject({ status: 401 });
    expect(await server.post("/exam/createRoom", { name: "Room" }, foreign)).toMatchObject({ status: 401 });
  });

  it("takes a token for what `invigil token` bound it to with --room and --exam, and names its holder with --name", async () => {
    const free = await issueToken(folder.path, "--role", "teacher", "--user", "t1");
    const [here, there] = [await createRoom(server, free), await createRoom(server, free)];
    const inRoom = await issueToken(folder.path, "--role", "teacher", "--user", "t1", "--room", here.id);
    const named = ["--exam", there.examId, "--name", "李老师"];
    const inExam = await issueToken(folder.path, "--role", "teacher", "--user", "t1", ...named);

    const sees = async (authorization: string, roomId: string): Promise<boolean> => {
      const response = await fetch(`${server.url}/exam/roomInfo?roomId=${roomId}`, {
        headers: { authorization },
      });
      return ((await response.json()) as { success: boolean }).success;
    };
    const reach = async (authorization: string) => ({
      here: await sees(authorization, here.id),
      there: await sees(authorization, there.id),
    });
    expect(await reach(free)).toEqual({ here: true, there: true });
    expect(await reach(inRoom)).toEqual({ here: true, there: false });
    expect(await reach(inExam)).toEqual({ here: false, there: true });
    expect(await whoami(server, inExam)).toMatchObject({ name: "李老师", examId: there.examId });
  });
});

it("a server takes the tokens of `invigil token` from before, while and after it runs", async () => {
  using folder = tempFolder();
  // The first command creates the secret, whichever it is.
  const before = await issueToken(folder.path, "--role", "teacher", "--user", "t1", "--name", "Ms Li");
  let room: { id: string };
  {
    await using first = await serve({ cwd: folder.path, env });
    const during = await issueToken(folder.path, "--role", "inspector", "--user", "i1");
    expect(await whoami(first, before)).toMatchObject({ userId: "t1", role: "teacher", name: "Ms Li" });
    expect(await whoami(first, during)).toMatchObject({ userId: "i1", role: "inspector" });
    room = await createRoom(first, before);
    await stop(first);
  }
  await using second = await serve({ cwd: folder.path, env });
  expect(await whoami(second, before)).toMatchObject({ userId: "t1" });
  const found = await fetch(`${second.url}/exam/roomInfo?roomId=${room.id}`, {
    headers: { authorization: before },
  });
  expect(await found.json()).toMatchObject({ success: true, data: { id: room.id, name: "Room" } });
});

describe("INVIGIL_AUTH=off", () => {
  it("is said loudly, and takes everybody for the administrator teacher1", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: { ...env, INVIGIL_AUTH: "off" } });

    expect(JSON.parse(await server.line("INVIGIL_AUTH is off"))).toMatchObject({ level: 40 });
    expect(await (await fetch(`${server.url}/health`)).json()).toMatchObject({ auth: "off" });
    expect(await server.post("/exam/createRoom", { name: "Room" })).toMatchObject({
      body: { success: true, data: { createTeacher: "teacher1" } },
    });
  });
});

describe(".env in the working folder", () => {
  it("is read, and the environment wins over it", async () => {
    using folder = tempFolder();
    writeFileSync(
      join(folder.path, ".env"),
      "# where exams are kept\nINVIGIL_DATABASE_URL=file:./kept/exams.db\nINVIGIL_AUTH=off\nINVIGIL_HOST=\n",
    );
    {
      await using server = await serve({ cwd: folder.path, env });
      expect(await (await fetch(`${server.url}/health`)).json()).toMatchObject({ auth: "off" });
      expect(existsSync(join(folder.path, "kept/exams.db"))).toBe(true);
      expect(existsSync(join(folder.path, "data"))).toBe(false);
    }
    await using server = await serve({ cwd: folder.path, env: { ...env, INVIGIL_AUTH: "required" } });
    expect(await (await fetch(`${server.url}/health`)).json()).toMatchObject({ auth: "required" });
    expect(await whoami(server, "")).toBeUndefined();
  });

  it("holds for `invigil token`, too", async () => {
    using folder = tempFolder();
    writeFileSync(join(folder.path, ".env"), `INVIGIL_AUTH_SECRET=${"s".repeat(40)}\n`);
    await using server = await serve({ cwd: folder.path, env });

    expect(
      await whoami(server, await issueToken(folder.path, "--role", "admin", "--user", "boss")),
    ).toMatchObject({ userId: "boss" });
    expect(existsSync(join(folder.path, "data/auth-secret"))).toBe(false);
  });
});
