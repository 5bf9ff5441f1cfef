import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { type Ended, type Env, run, serve, tempFolder, testEnv } from "./support/process.js";

/** The error of a server that cannot start: one line about the cause, and exit code 1. */
const expectOneLine = ({ code, stdout, stderr }: Ended, names: RegExp): void => {
  expect(stderr).toMatch(/^invigil: [^\n]+\n$/);
  expect(stderr).toMatch(names);
  // Class names mean nothing to users.
  expect(stderr).not.toMatch(/^invigil: \w*Error:/);
  expect(stdout).not.toContain("listening");
  expect(code).toBe(1);
};

const start = (cwd: string, env: Env = {}): Promise<Ended> =>
  run(["serve"], { cwd, env: { ...testEnv, ...env } });

describe.concurrent("a setting that cannot be used", () => {
  it.each<{ what: string; env: Env; names: RegExp }>([
    { what: "a name that does not exist", env: { INVIGIL_PROT: "7001" }, names: /INVIGIL_PROT/ },
    { what: "a value that is no number", env: { INVIGIL_PORT: "seven" }, names: /INVIGIL_PORT/ },
    { what: "a value that is out of bounds", env: { INVIGIL_PORT: "65536" }, names: /INVIGIL_PORT/ },
    { what: "a value that is not in the list", env: { INVIGIL_AUTH: "no" }, names: /INVIGIL_AUTH.*off/ },
    {
      what: "a URL of another database",
      env: { INVIGIL_DATABASE_URL: "mysql://db/invigil" },
      names: /INVIGIL_DATABASE_URL/,
    },
    {
      what: "half of a group",
      env: { INVIGIL_STREAM_PUSH_DOMAIN: "push.example.com" },
      names: /INVIGIL_STREAM_PUSH_KEY/,
    },
    {
      what: "no authentication for the whole network",
      env: { INVIGIL_AUTH: "off", INVIGIL_HOST: "0.0.0.0" },
      names: /INVIGIL_AUTH.*INVIGIL_HOST/,
    },
  ])("stops the start: $what", async ({ env, names }) => {
    using folder = tempFolder();
    expectOneLine(await start(folder.path, env), names);
  });

  it("is named without its value, which may be a secret", async () => {
    using folder = tempFolder();
    const ended = await start(folder.path, { INVIGIL_AUTH_SECRET: "too-short-to-keep" });
    expectOneLine(ended, /INVIGIL_AUTH_SECRET/);
    expect(ended.stderr).not.toContain("too-short-to-keep");
  });

  it("stops the start when it stands in .env, too", async () => {
    using folder = tempFolder();
    writeFileSync(join(folder.path, ".env"), "INVIGIL_PROT=7001\n");
    expectOneLine(await start(folder.path), /INVIGIL_PROT/);
  });

  it("stops `invigil token`, too", async () => {
    using folder = tempFolder();
    const ended = await run(["token", "--role", "admin", "--user", "a"], {
      cwd: folder.path,
      env: { INVIGIL_PROT: "7001" },
    });
    expectOneLine(ended, /INVIGIL_PROT/);
    expect(ended.stdout).toBe("");
  });
});

it.concurrent("stops the start when .env cannot be read", async () => {
  using folder = tempFolder();
  mkdirSync(join(folder.path, ".env"));
  expectOneLine(await start(folder.path), /\.env/);
});

describe.concurrent("an address that cannot be listened on", () => {
  it("stops the start: a port in use", async () => {
    using folder = tempFolder();
    await using first = await serve({ cwd: folder.path, env: testEnv });
    const { port } = new URL(first.url);
    using other = tempFolder();
    expectOneLine(
      await start(other.path, { INVIGIL_PORT: port }),
      new RegExp(`${port}.*(in use|EADDRINUSE)`),
    );
    // The program that uses the port is not affected.
    expect((await fetch(`${first.url}/ready`)).status).toBe(200);
  });

  it("stops the start: an address of another machine", async () => {
    using folder = tempFolder();
    // A network for documentation, in which no machine has an address.
    expectOneLine(await start(folder.path, { INVIGIL_HOST: "192.0.2.1" }), /192\.0\.2\.1/);
  });
});

describe.concurrent("serve --check", () => {
  const check = (cwd: string, env: Env = {}, ...args: string[]): Promise<Ended> =>
    run(["serve", "--check", ...args], { cwd, env: { ...testEnv, ...env } });

  it("says that the server could start, and leaves nothing behind", async () => {
    using folder = tempFolder();
    expect(await check(folder.path)).toMatchObject({
      code: 0,
      stdout: "The settings are valid, and 127.0.0.1, port 0, is free.\n",
      stderr: "",
    });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("names a setting that has no effect any more", async () => {
    using folder = tempFolder();
    expect(await check(folder.path, { INVIGIL_DATABASE_DIVIDE_BY_EXAM: "on" })).toMatchObject({
      code: 0,
      stdout: "The settings are valid, and 127.0.0.1, port 0, is free.\n",
      stderr:
        "Warning: INVIGIL_DATABASE_DIVIDE_BY_EXAM has no effect any more, and the next version refuses it.\n",
    });
  });

  it("names what would stop the start", async () => {
    using folder = tempFolder();
    expectOneLine(await check(folder.path, { INVIGIL_PORT: "seven" }), /INVIGIL_PORT/);
    const unknown = await check(folder.path, {}, "--prot", "1");
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown option '--prot'") });
    const port = await check(folder.path, {}, "--port", "65536");
    expect(port).toMatchObject({ code: 2, stderr: expect.stringContaining("from 0 to 65535") });
  });

  it("names an address that is in use, and what to type", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const { port } = new URL(server.url);
    const other = Number(port) + 1;
    const isInUse = (command: string) =>
      `invigil: Port ${port} of 127.0.0.1 is in use. Take another one: ${command} --port ${other}\n`;
    // The option goes before the setting, which is in use as well.
    const ended = await check(folder.path, { INVIGIL_PORT: "1" }, "--port", port);
    expect(ended).toMatchObject({ code: 1, stderr: isInUse("invigil serve") });
    const demo = await check(folder.path, { INVIGIL_PORT: port, npm_lifecycle_event: "start" }, "--demo");
    expect(demo).toMatchObject({ code: 1, stderr: isInUse("npm start --") });
  });
});

describe.concurrent("a database that cannot be used", () => {
  const DATABASE = "data/invigil.db";
  const withFile = (folder: string, content: string): void => {
    mkdirSync(join(folder, "data"));
    writeFileSync(join(folder, DATABASE), content);
  };

  it("stops the start: a file that is no database", async () => {
    using folder = tempFolder();
    withFile(folder.path, "the minutes of a meeting\n".repeat(100));
    expectOneLine(await start(folder.path), /invigil\.db.*not a database/);
  });

  it("stops the start: a database of a newer version, which stays as it is", async () => {
    using folder = tempFolder();
    {
      await using server = await serve({ cwd: folder.path, env: testEnv });
      server.kill("SIGTERM");
      await server.ended();
    }
    const database = new Sqlite(join(folder.path, DATABASE));
    const count = () => database.prepare("SELECT count(*) FROM __drizzle_migrations").pluck().get();
    database
      .prepare("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('from the future', ?)")
      .run(Date.UTC(2200, 0));
    const before = count();

    expectOneLine(await start(folder.path), /invigil\.db.*newer version/);

    expect(count()).toBe(before);
    database.close();
  });

  it("stops the start: a folder where the file should be", async () => {
    using folder = tempFolder();
    mkdirSync(join(folder.path, DATABASE), { recursive: true });
    expectOneLine(await start(folder.path), /invigil\.db/);
  });

  it("stops the start: a folder that cannot be made", async () => {
    using folder = tempFolder();
    writeFileSync(join(folder.path, "data"), "a file where the folder should be");
    expectOneLine(await start(folder.path), /data/);
  });

  it("stops the start: a folder that nothing can be written into", async () => {
    using folder = tempFolder();
    // Root can write to every folder of a disk, but /proc accepts no files.
    const closed = process.getuid?.() === 0 ? "/proc" : join(folder.path, "closed");
    if (closed !== "/proc") mkdirSync(closed);
    if (closed !== "/proc") chmodSync(closed, 0o500);
    const env = { INVIGIL_DATABASE_URL: `file:${closed}/invigil.db`, INVIGIL_DATA_DIR: folder.path };
    expectOneLine(await start(folder.path, env), new RegExp(`${closed}/invigil\\.db`));
  });
});

it.concurrent("stops the start when the kept secret was cut off", async () => {
  using folder = tempFolder();
  mkdirSync(join(folder.path, "data"));
  writeFileSync(join(folder.path, "data/auth-secret"), "cut-off\n");
  const ended = await run(["serve"], { cwd: folder.path, env: { INVIGIL_PORT: "0" } });
  expectOneLine(ended, /auth-secret/);
  expect(ended.stderr).not.toContain("cut-off");
});
