import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRongCloud, type RongCloud } from "./simulators/rongcloud.js";
import { run, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

let folder: ReturnType<typeof tempFolder>;
let rong: RongCloud;
let token: string;

beforeEach(async () => {
  folder = tempFolder();
  rong = await openRongCloud();
  token = await tokenFor("admin", "teacher1");
});
afterEach(async () => {
  // Every call has the form that the vendor requires.
  expect(rong.refusals).toEqual([]);
  await rong[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const env = (more: Readonly<Record<string, string>> = {}) => ({
  ...testEnv,
  INVIGIL_RONGCLOUD_APP_KEY: rong.appKey,
  INVIGIL_RONGCLOUD_APP_SECRET: rong.appSecret,
  INVIGIL_RONGCLOUD_URLS: rong.urls[0],
  ...more,
});
const start = (more?: Readonly<Record<string, string>>) => serve({ cwd: folder.path, env: env(more) });
const invigil = (args: readonly string[], more?: Readonly<Record<string, string>>) =>
  run(args, { cwd: folder.path, env: env(more) });
type Server = Awaited<ReturnType<typeof start>>;

const ROOM = { name: "R", imServer: ["rong_cloud"] };
const newRoom = async (server: Server): Promise<{ id: string; examId: string }> => {
  const { body } = await server.post("/exam/v2/createRoom", ROOM, token);
  expect(body).toMatchObject({ success: true });
  return body.data;
};
const endRoom = async (server: Server, roomId: string): Promise<void> => {
  const answer = await fetch(`${server.url}/exam/endRoom?roomId=${roomId}`, {
    headers: { authorization: token },
  });
  expect(await answer.json()).toMatchObject({ success: true });
};

/** Reads the database of a stopped server. */
const inDatabase = <T>(work: (database: Sqlite.Database) => T): T => {
  const database = new Sqlite(join(folder.path, "data/invigil.db"));
  try {
    return work(database);
  } finally {
    database.close();
  }
};
const left = () =>
  inDatabase((database) => ({
    rooms: database.prepare("SELECT count(*) FROM rooms").pluck().get(),
    tasks: database.prepare("SELECT kind FROM vendor_tasks ORDER BY id").pluck().all(),
  }));
/** Makes all pending tasks due, as if hours had passed, and expires all outdated announcements. */
const letTimePass = () =>
  inDatabase((database) =>
    database.exec("UPDATE vendor_tasks SET due_at = 0, expires_at = iif(expires_at IS NULL, NULL, 1)"),
  );
const actions = () => rong.calls.map(({ action }) => action);
const kill = async (server: Server): Promise<void> => {
  server.kill("SIGKILL");
  expect(await server.ended()).toMatchObject({ signal: "SIGKILL" });
};

describe("kill -9", () => {
  it("between a group that was made and its room leaves neither", async () => {
    {
      await using server = await start();
      rong.fault("main", "lost");
      const asked = server.post("/exam/v2/createRoom", ROOM, token).catch(() => undefined);
      await expect.poll(() => rong.groups.size).toBe(1);
      await kill(server);
      await asked;
    }
    rong.fault("main", undefined);
    expect(left()).toEqual({ rooms: 0, tasks: ["delete_group"] });
    // A server that starts at once does not take over the task, because the other server may still run.
    {
      await using server = await start();
      server.kill("SIGTERM");
      expect(await server.ended()).toMatchObject({ code: 0 });
      expect(rong.groups.size).toBe(1);
    }
    letTimePass();
    await using server = await start();
    await expect.poll(() => rong.groups.size).toBe(0);
    server.kill("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0 });
    expect(left()).toEqual({ rooms: 0, tasks: [] });
  });

  it("after a room ended loses nothing that is to be done", async () => {
    {
      await using server = await start();
      await endRoom(server, (await newRoom(server)).id);
      await kill(server);
    }
    // The announcement of the end may already be done.
    expect(left().tasks.filter((kind) => kind !== "send")).toEqual(["delete_group"]);
    expect(left().rooms).toBe(1);
    letTimePass();
    // The server is killed during the call, and the next server repeats it.
    {
      await using server = await start();
      rong.fault("main", "hang");
      await expect.poll(actions).toContain("group/dismiss");
      await kill(server);
      rong.fault("main", undefined);
    }
    expect(rong.groups.size).toBe(1);
    letTimePass();
    await using _ = await start();
    await expect.poll(() => rong.groups.size).toBe(0);
  });
});

describe("a server that stops", () => {
  it("waits for the answer to what it asked a message service", async () => {
    {
      await using server = await start();
      await endRoom(server, (await newRoom(server)).id);
      server.kill("SIGTERM");
      await server.ended();
    }
    letTimePass();
    await using server = await start();
    rong.fault("main", "slow");
    await expect.poll(actions).toContain("group/dismiss");
    server.kill("SIGTERM");
    await server.line('"msg":"draining"');
    // All other work of the shutdown is finished.
    await expect
      .poll(() =>
        fetch(server.url).then(
          () => "listens",
          () => "gone",
        ),
      )
      .toBe("gone");
    await expect.poll(() => rong.release()).toBe(1);
    expect(await server.ended()).toMatchObject({ code: 0 });
    expect(left().tasks).toEqual([]);
  });
});

describe("a command", () => {
  const withExaminee = async (): Promise<string> => {
    await using server = await start();
    const { id: roomId, examId } = await newRoom(server);
    const participants = [{ userId: "e1", name: "E", role: "examinee" }];
    const { body } = await server.post("/trpc/participant.add", { json: { roomId, participants } }, token);
    expect(body.result.data.json).toMatchObject({ added: 1 });
    server.kill("SIGTERM");
    await server.ended();
    return examId;
  };

  it("does before it ends what it left to do", async () => {
    const examId = await withExaminee();
    expect(await invigil(["roster", "remove", "e1", "--exam", examId, "--yes"])).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(actions().slice(-2)).toEqual(["message/group/publish", "group/quit"]);
    expect(rong.messages).toMatchObject([{ objectName: "ART:Message" }]);
    expect(JSON.parse(rong.messages[0]?.content ?? "")).toMatchObject({
      type: 20_020,
      receiverIdList: ["e1", "pc_e1"],
    });
    expect(left().tasks).toEqual([]);
  });

  it("ends all the same when the service hangs, and leaves it to a server", async () => {
    const examId = await withExaminee();
    rong.fault("main", "hang");
    const ended = await invigil(["roster", "remove", "e1", "--exam", examId, "--yes"], {
      INVIGIL_PROVIDER_TIMEOUT_MS: "300",
    });
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining("Removed e1") });
    rong.fault("main", undefined);
    expect(left().tasks).toContain("leave");
    letTimePass();
    await using _ = await start();
    await expect.poll(actions).toContain("group/quit");
  });

  it("that ends a room leaves its groups to a server, which deletes them later", async () => {
    await using server = await start();
    const { id } = await newRoom(server);
    expect(await invigil(["room", "end", id, "--yes"])).toMatchObject({ code: 0, stderr: "" });
    expect(rong.groups.size).toBe(1);
    server.kill("SIGTERM");
    await server.ended();
    expect(left().tasks).toEqual(["delete_group"]);
  });
});
