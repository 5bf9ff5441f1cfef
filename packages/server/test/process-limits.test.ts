import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { eventually } from "./support/drop-in.js";
import { freePort } from "./support/ports.js";
import { CLI, run, serve, startPaste, tempFolder, testEnv, tokenFor } from "./support/process.js";

// The program at its limits: a disk that is really full, and too many requests.

const MIB = 1024 * 1024;
const isRoot = process.platform === "linux" && process.getuid?.() === 0;

/** A separate file system with this size. */
const smallDisk = (mib: number) => {
  const folder = tempFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mib}m`, "tmpfs", folder.path]);
  return {
    path: folder.path,
    free: () => statfsSync(folder.path).bavail * statfsSync(folder.path).bsize,
    [Symbol.dispose]() {
      execFileSync("umount", ["--lazy", folder.path]);
      folder[Symbol.dispose]();
    },
  };
};

const records = (text: string) =>
  JSON.stringify([
    { userId: "e1", isMainMonitor: true, detectType: "x", detectTime: 1_767_323_045_123, extraInfo: text },
  ]);

describe.runIf(isRoot)("on a disk that fills up", () => {
  it("takes nothing new below the reserve, loses nothing, and goes on when there is room", async () => {
    using disk = smallDisk(24);
    const env = {
      ...testEnv,
      INVIGIL_DATABASE_URL: `file:${disk.path}/invigil.db`,
      INVIGIL_DISK_RESERVE_MB: "4",
    };
    const token = await tokenFor("teacher", "t1");
    const ballast = join(disk.path, "ballast");
    let kept = 0;
    {
      await using server = await serve({ cwd: disk.path, env });
      const made = await server.post("/exam/v2/createRoom", { name: "R", imServer: ["aliyun_new"] }, token);
      const roomId: string = made.body.data.id;
      const add = (text = "seen") =>
        server.post("/exam/cheat/addCheatRecord", { roomId, data: records(text) }, token);
      expect((await add()).body.success).toBe(true);
      kept += 1;

      writeFileSync(ballast, Buffer.alloc(disk.free() - 3 * MIB));
      await server.line("writes are refused, reads continue");
      const refused = await add();
      expect([refused.status, refused.body.reason]).toEqual([503, "STORAGE_FULL"]);
      const read = await fetch(`${server.url}/exam/roomInfo?roomId=${roomId}`, {
        headers: { authorization: token },
      });
      expect([read.status, ((await read.json()) as { success: boolean }).success]).toEqual([200, true]);
      const ready = await fetch(`${server.url}/ready`);
      expect([ready.status, await ready.json()]).toEqual([
        503,
        { status: "unavailable", disk: "nearly full: writes are refused" },
      ]);
      const created = await run(
        ["exam", "create", "--name", "E", "--start", "2030-01-01 09:00", "--end", "2030-01-01 11:00"],
        {
          cwd: disk.path,
          env,
        },
      );
      expect([created.code, created.stderr]).toEqual([1, expect.stringContaining("disk is nearly full")]);
      const doctor = await run(["doctor", "--json"], { cwd: disk.path, env });
      expect(JSON.parse(doctor.stdout)).toContainEqual(
        expect.objectContaining({ check: "free space", state: "failed" }),
      );
      // Ending a room is a small write, and remains possible.
      expect((await server.post("/exam/endRoom", { roomId }, token)).body.success).toBe(true);

      await rm(ballast);
      await server.line("disk space is available again");
      expect((await add()).body.success).toBe(true);
      kept += 1;
      server.kill("SIGTERM");
      await server.ended();
    }
    const database = new Sqlite(join(disk.path, "invigil.db"));
    expect(database.prepare("SELECT count(*) FROM cheat_records").pluck().get()).toBe(kept);
    database.close();
  });

  it("says the same when a write finds no room, and writes nothing of it", async () => {
    using disk = smallDisk(24);
    // Without a reserve, the disk itself reports that it is full.
    const env = {
      ...testEnv,
      INVIGIL_DATABASE_URL: `file:${disk.path}/invigil.db`,
      INVIGIL_DISK_RESERVE_MB: "0",
    };
    const token = await tokenFor("admin", "root");
    await using server = await serve({ cwd: disk.path, env });
    const made = await server.post("/exam/v2/createRoom", { name: "R", imServer: ["aliyun_new"] }, token);
    const roomId: string = made.body.data.id;
    const add = (text: string) =>
      server.post("/exam/cheat/addCheatRecord", { roomId, data: records(text) }, token);
    let kept = 0;
    for (;;) {
      const { status, body } = await add("x".repeat(250_000));
      if (status === 200 && body.success === true) kept += 1;
      else {
        expect([status, body.reason, body.errorMsg]).toEqual([
          503,
          "STORAGE_FULL",
          expect.stringContaining("disk is nearly full"),
        ]);
        break;
      }
    }
    expect(kept).toBeGreaterThan(10);
    const form = new FormData();
    form.append("name", "clip");
    form.append("file", new Blob([Buffer.alloc(2 * MIB, "RIFF")]), "clip.wav");
    const upload = await fetch(`${server.url}/audio`, {
      method: "POST",
      body: form,
      headers: { authorization: token },
    });
    expect([upload.status, ((await upload.json()) as { reason: string }).reason]).toEqual([
      503,
      "STORAGE_FULL",
    ]);
    expect(readdirSync(join(disk.path, "audio"))).toEqual([]);
    const listed = await server.post("/exam/cheat/listCheatRecord", { roomId, pageSize: 100 }, token);
    expect(listed.body.data.cheatRecordEntitys).toHaveLength(kept);
    server.kill("SIGTERM");
    expect((await server.ended()).code).toBe(0);
  });
});

/** A server whose standard output is a file. Resolves when it answers. */
const serveInto = async (file: string, folder: string) => {
  const env = { ...testEnv, INVIGIL_PORT: String(await freePort()) };
  const child = startPaste(`exec '${process.execPath}' '${CLI}' serve >> '${file}'`, { cwd: folder, env });
  const counted = { requests: 0 };
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${env.INVIGIL_PORT}${path}`);
    counted.requests += 1;
    return { status: response.status, body: (await response.json()) as { readonly log?: string } };
  };
  /** Asks many times on one connection. Returns the status lines of the answers. */
  const askOften = async (path: string, times: number) => {
    const socket = connect(Number(env.INVIGIL_PORT), "127.0.0.1");
    const request = (fields: string) => `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${fields}\r\n`;
    socket.write(request("").repeat(times - 1) + request("connection: close\r\n"));
    counted.requests += times;
    return (await text(socket)).match(/HTTP\/1\.1 .*/g) ?? [];
  };
  const end = child.ended().then(({ code, stderr }) => {
    throw new Error(`ended with ${code}: ${stderr}`);
  });
  end.catch(() => undefined);
  const starting = () => ask("/ready").catch(() => ({ status: 0 }));
  await Promise.race([end, eventually(starting, ({ status }) => status === 200)]);
  return { ...child, env, ask, askOften, counted };
};
const READY = { status: "ready", database: "ok", migrations: "current" };
const LOG_FULL = "cannot be written: no space left on device";

describe.runIf(process.platform === "linux")("a server whose log cannot be written", () => {
  it.runIf(isRoot)("answers and says so, and counts the lines that are lost, until it can", async () => {
    using folder = tempFolder();
    using disk = smallDisk(8);
    const log = join(disk.path, "server.log");
    await using server = await serveInto(log, folder.path);
    const { env, ask, askOften, counted } = server;
    const runDoctor = async () => {
      const { code, stdout } = await run(["doctor", "--json"], { cwd: folder.path, env });
      const findings = JSON.parse(stdout) as { readonly check: string; readonly state: string }[];
      const found = findings.find(({ check }) => check === "server");
      // It asks a server that is ready whether it is one of this installation.
      counted.requests += found?.state === "ok" ? 2 : 1;
      return { code, server: found };
    };
    expect(await runDoctor()).toMatchObject({ code: 0, server: { state: "ok" } });

    const ballast = join(disk.path, "ballast");
    writeFileSync(ballast, Buffer.alloc(disk.free()));
    expect(disk.free()).toBe(0);
    // The lines of these are more than what the server holds.
    expect(await askOften("/health", 8000)).toEqual(Array.from({ length: 8000 }, () => "HTTP/1.1 200 OK"));
    expect(await ask("/ready")).toEqual({ status: 200, body: { ...READY, log: LOG_FULL } });
    expect(await runDoctor()).toMatchObject({
      code: 1,
      server: { state: "failed", found: expect.stringContaining(`log ${LOG_FULL}`) },
    });

    await rm(ballast);
    await eventually(
      () => ask("/ready"),
      ({ body }) => body.log === undefined,
    );
    server.kill("SIGTERM");
    expect((await server.ended()).code).toBe(0);
    const lines = readFileSync(log, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly msg: string; readonly lines?: number });
    const lost = lines.filter(({ msg }) => msg === "log lines could not be written");
    expect(lost).toHaveLength(1);
    const written = lines.filter(({ msg }) => msg === "request").length;
    expect(written + (lost[0]?.lines ?? 0)).toBe(counted.requests);
    expect(lost[0]?.lines).toBeGreaterThan(0);
  });

  it("ends as usual", async () => {
    using folder = tempFolder();
    await using server = await serveInto("/dev/full", folder.path);
    expect((await server.ask("/ready")).body).toEqual({ ...READY, log: LOG_FULL });
    server.kill("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("a caller who asks too much", () => {
  it("is refused with the time to wait, and nobody else is", async () => {
    using folder = tempFolder();
    const env = { ...testEnv, INVIGIL_LIMIT_WRITES: "person=20", INVIGIL_LIMIT_ROOMS: "person=5" };
    await using server = await serve({ cwd: folder.path, env });
    const [teacher, other] = await Promise.all([tokenFor("teacher", "t1"), tokenFor("teacher", "t2")]);
    const make = (token: string) =>
      server.post("/exam/v2/createRoom", { name: "R", imServer: ["aliyun_new"] }, token);
    const answers = await Promise.all(Array.from({ length: 40 }, () => make(teacher)));
    const made = answers.filter(({ status }) => status === 200);
    expect(made).toHaveLength(5);
    const reasons = new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.reason));
    expect([...reasons]).toEqual(["TOO_MANY_REQUESTS"]);
    expect((await make(other)).status).toBe(200);
  });
});
