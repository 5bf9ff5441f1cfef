import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openSqlite } from "../src/storage/sqlite/client.js";
import { runHere } from "./support/command.js";
import { run, type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

// Manual changes of an installation's files, with and without a running server. No acknowledged write may be
// lost silently.

const DATABASE = "data/invigil.db";
const token = await tokenFor("admin", "teacher1");

const addRoom = (server: Server, name: string) => server.post("/exam/createRoom", { name }, token);
const makeRooms = async (server: Server, names: readonly string[]): Promise<void> => {
  for (const name of names) expect((await addRoom(server, name)).body).toMatchObject({ success: true });
};
/** Fills more than two write-ahead logs. SQLite starts a new one after 1,000 pages. */
const fillLogs = async (server: Server, name: string): Promise<void> => {
  const { body } = await addRoom(server, name);
  const data = JSON.stringify(
    Array.from({ length: 100 }, () => ({
      userId: "teacher1",
      isMainMonitor: true,
      detectType: "manyPeople",
      detectTime: 0,
      extraInfo: "x".repeat(2000),
    })),
  );
  for (let call = 0; call < 50; call += 1)
    expect(
      (await server.post("/exam/cheat/addCheatRecord", { roomId: body.data.id, data }, token)).body,
    ).toMatchObject({ success: true });
};
const killed = async (server: Server): Promise<void> => {
  server.kill("SIGKILL");
  await server.ended();
};
const stopped = async (server: Server): Promise<void> => {
  server.kill("SIGTERM");
  expect(await server.ended()).toMatchObject({ code: 0 });
};
const roomNames = (file: string): string[] => {
  const database = new Sqlite(file);
  try {
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
    return database.prepare<[], string>("SELECT name FROM rooms ORDER BY name").pluck().all();
  } finally {
    database.close();
  }
};
const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
const copyOf = (file: string, to: string): Promise<unknown> => {
  const database = new Sqlite(file, { readonly: true });
  return database.backup(to).finally(() => database.close());
};

describe("a backup copied over a database whose log was left behind", () => {
  it("stops the start and changes neither file", async () => {
    using folder = tempFolder();
    const file = join(folder.path, DATABASE);
    const backup = join(folder.path, "copy.db");
    const server = await serve({ cwd: folder.path, env: testEnv });
    await makeRooms(server, ["a", "b"]);
    await copyOf(file, backup);
    await fillLogs(server, "c");
    await makeRooms(server, ["d"]);
    await killed(server);
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
    cpSync(backup, file);
    const before = [file, `${file}-wal`].map(hashOf);

    const ended = await run(["serve"], { cwd: folder.path, env: testEnv });

    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(/invigil\.db-wal was not written for the database .*invigil\.db/);
    expect([file, `${file}-wal`].map(hashOf)).toEqual(before);
    // As the message recommends.
    for (const suffix of ["-wal", "-shm"]) renameSync(`${file}${suffix}`, `${file}${suffix}.aside`);
    await using again = await serve({ cwd: folder.path, env: testEnv });
    await makeRooms(again, ["e"]);
    await stopped(again);
    expect(roomNames(file)).toEqual(["a", "b", "e"]);
  });

  it("takes the log of a server that was killed, time after time", async () => {
    using folder = tempFolder();
    const names: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const server = await serve({ cwd: folder.path, env: testEnv });
      await makeRooms(server, [`${round}`]);
      names.push(`${round}`);
      if (round % 2 === 1) {
        await fillLogs(server, `full ${round}`);
        names.push(`full ${round}`);
      }
      await killed(server);
    }
    await stopped(await serve({ cwd: folder.path, env: testEnv }));
    expect(roomNames(join(folder.path, DATABASE))).toEqual(names.toSorted());
  });
});

describe("while the server runs, its database file is", () => {
  const harms: readonly { what: string; harm: (file: string) => void; undo?: (file: string) => void }[] = [
    { what: "deleted", harm: (file) => rmSync(file) },
    {
      what: "moved away, and comes back",
      harm: (file) => renameSync(file, `${file}.away`),
      undo: (file) => renameSync(`${file}.away`, file),
    },
    {
      what: "replaced",
      harm: (file) => {
        cpSync(file, `${file}.copy`);
        renameSync(`${file}.copy`, file);
      },
    },
    { what: "emptied", harm: (file) => truncateSync(file) },
    { what: "overwritten", harm: (file) => cpSync(`${file}.other`, file) },
    { what: "left without its log", harm: (file) => rmSync(`${file}-wal`) },
  ];
  it.each(harms)("$what: nothing is acknowledged, /ready and the log say so", async ({ harm, undo }) => {
    using folder = tempFolder();
    const file = join(folder.path, DATABASE);
    await using server = await serve({ cwd: folder.path, env: testEnv });
    await makeRooms(server, ["before"]);
    await openSqlite({ file: `${file}.other` }).close();
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);

    harm(file);

    for (const name of ["one", "two"]) {
      const { status, body } = await addRoom(server, name);
      expect(status).toBe(503);
      expect(body).toMatchObject({ success: false, reason: "OVERLOADED" });
      // Paths of the machine are only in its log.
      expect(JSON.stringify(body)).not.toContain(folder.path);
    }
    const ready = await fetch(`${server.url}/ready`);
    expect(ready.status).toBe(503);
    expect(JSON.parse(await server.line("writes are refused"))).toMatchObject({ level: 60 });
    expect(JSON.parse(await server.line("writes are refused")).fault).toContain(file);
    if (!undo) return;
    undo(file);
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
    await makeRooms(server, ["after"]);
  });
});

describe("a data folder that was used", () => {
  const lost: readonly { what: string; lose: (file: string) => void }[] = [
    { what: "whose database was emptied", lose: (file) => writeFileSync(file, "") },
    { what: "whose database is not there", lose: (file) => rmSync(file) },
  ];
  it.each(lost)("$what does not begin anew in silence", async ({ lose }) => {
    using folder = tempFolder();
    const file = join(folder.path, DATABASE);
    const made = ["room", "create", "--name", "a", "--by", "t1"];
    expect(await runHere(made, { cwd: folder.path, env: testEnv })).toMatchObject({ code: 0 });
    expect(roomNames(file)).toEqual(["a"]);
    lose(file);

    for (const [runIt, args] of [
      [run, ["serve"]],
      [runHere, ["account", "list"]],
    ] as const) {
      const ended = await runIt(args, { cwd: folder.path, env: testEnv });
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toMatch(/invigil\.db is (empty|not there), but the data folder .* in use since/);
    }
    // As the message recommends, for an intended replacement.
    rmSync(join(folder.path, "data/in-use.json"));
    await stopped(await serve({ cwd: folder.path, env: testEnv }));
    expect(roomNames(file)).toEqual([]);
  });
});

it("a damaged database stops the start", async () => {
  using folder = tempFolder();
  const file = join(folder.path, DATABASE);
  const server = await serve({ cwd: folder.path, env: testEnv });
  await fillLogs(server, "a");
  await stopped(server);
  const content = readFileSync(file);
  // Damages pages in the middle, like a failing disk.
  content.fill(0, 20 * 4096, content.length - 20 * 4096);
  writeFileSync(file, content);
  const ended = await run(["serve"], { cwd: folder.path, env: testEnv });
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(/^invigil: The database .*invigil\.db is damaged .*backup restore/);
});

describe("the files of an installation", () => {
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  it("are for their owner alone, also those that an earlier version made", async () => {
    using folder = tempFolder();
    const data = join(folder.path, "data");
    await using server = await serve({ cwd: folder.path, env: testEnv });
    await makeRooms(server, ["a"]);
    expect(modeOf(data)).toBe("700");
    for (const name of readdirSync(data)) {
      const path = join(data, name);
      expect(`${name} ${modeOf(path)}`).toBe(`${name} ${statSync(path).isDirectory() ? "700" : "600"}`);
    }
    await stopped(server);
  });
});

describe("invigil backup", () => {
  const json = async (args: readonly string[], cwd: string) => {
    const ended = await runHere([...args, "--json"], { cwd, env: testEnv });
    expect(ended.stderr).toBe("");
    return { code: ended.code, found: JSON.parse(ended.stdout) };
  };
  const AUDIO = `${"a".repeat(64)}.mp3`;

  it("brings everything back as it was, from a server that goes on writing", async () => {
    using folder = tempFolder();
    const file = join(folder.path, DATABASE);
    const server = await serve({ cwd: folder.path, env: testEnv });
    await makeRooms(server, ["a", "b"]);
    const made = await json(["backup", "create", "saved"], folder.path);
    expect(made).toMatchObject({ code: 0, found: { folder: "saved", counts: { rooms: 2 } } });
    const saved = join(folder.path, "saved");
    expect(statSync(saved).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(saved)) expect(statSync(join(saved, name)).mode & 0o077).toBe(0);
    await makeRooms(server, ["c"]);
    expect(await json(["backup", "verify", "saved"], folder.path)).toMatchObject({
      code: 0,
      found: { faults: [] },
    });

    const busy = await runHere(["backup", "restore", "saved", "--replace"], {
      cwd: folder.path,
      env: testEnv,
    });
    expect(busy).toMatchObject({ code: 1 });
    expect(busy.stderr).toMatch(/in use/);
    await killed(server);
    const there = await runHere(["backup", "restore", "saved"], { cwd: folder.path, env: testEnv });
    expect(there.stderr).toMatch(/--replace/);

    const { found } = await json(["backup", "restore", "saved", "--replace"], folder.path);
    expect(roomNames(join(found.replaced, "invigil.db"))).toEqual(["a", "b", "c"]);
    await using again = await serve({ cwd: folder.path, env: testEnv });
    await makeRooms(again, ["d"]);
    await stopped(again);
    expect(roomNames(file)).toEqual(["a", "b", "d"]);
  });

  it("restores into a folder where nothing is, secrets and audio with it", async () => {
    using folder = tempFolder();
    const env = { INVIGIL_PORT: "0" };
    const server = await serve({ cwd: folder.path, env });
    await stopped(server);
    mkdirSync(join(folder.path, "data/audio"), { recursive: true });
    writeFileSync(join(folder.path, "data/audio", AUDIO), "sound");
    expect((await runHere(["backup", "create", "saved"], { cwd: folder.path, env })).code).toBe(0);
    using other = tempFolder();
    const saved = join(folder.path, "saved");
    expect((await runHere(["backup", "restore", saved], { cwd: other.path, env })).code).toBe(0);
    for (const name of ["auth-secret", `audio/${AUDIO}`])
      expect(readFileSync(join(other.path, "data", name))).toEqual(
        readFileSync(join(folder.path, "data", name)),
      );
    await stopped(await serve({ cwd: other.path, env }));
  });

  it("is refused when it is damaged, and then changes nothing", async () => {
    using folder = tempFolder();
    await stopped(await serve({ cwd: folder.path, env: testEnv }));
    expect((await runHere(["backup", "create", "saved"], { cwd: folder.path, env: testEnv })).code).toBe(0);
    const file = join(folder.path, "saved/invigil.db");
    const content = readFileSync(file);
    content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
    writeFileSync(file, content);
    const before = hashOf(join(folder.path, DATABASE));

    expect(await json(["backup", "verify", "saved"], folder.path)).toMatchObject({
      code: 1,
      found: { faults: ["invigil.db has different content"] },
    });
    const ended = await runHere(["backup", "restore", "saved", "--replace"], {
      cwd: folder.path,
      env: testEnv,
    });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/damaged/);
    expect(hashOf(join(folder.path, DATABASE))).toBe(before);
  });

  it("leaves nothing behind when it cannot be made, and overwrites nothing", async () => {
    using folder = tempFolder();
    const none = await runHere(["backup", "create", "saved"], { cwd: folder.path, env: testEnv });
    expect(none.stderr).toMatch(/The database .*invigil\.db does not exist/);
    await stopped(await serve({ cwd: folder.path, env: testEnv }));
    mkdirSync(join(folder.path, "saved"));
    const there = await runHere(["backup", "create", "saved"], { cwd: folder.path, env: testEnv });
    expect(there.stderr).toMatch(/saved already exists/);
    expect(readdirSync(folder.path).toSorted()).toEqual(["data", "saved"]);
    expect(existsSync(join(folder.path, "saved/backup.json"))).toBe(false);
  });
});
