import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openAliyunLive } from "./simulators/aliyun-live.js";
import { openAppFixture } from "./support/app-fixture.js";
import { runHere, runWell } from "./support/command.js";
import { portOf } from "./support/ports.js";
import { type Env, REPOSITORY, tempFolder, testEnv } from "./support/process.js";
import { kept } from "./support/secrets.js";
import { wav } from "./support/sounds.js";
import { sha256 } from "./support/uploads.js";

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly found: string;
  readonly todo?: string;
}

const STREAMS = {
  INVIGIL_STREAM_PUSH_DOMAIN: "push.school.test",
  INVIGIL_STREAM_PUSH_KEY: "a push key",
  INVIGIL_STREAM_PULL_DOMAIN: "pull.school.test",
  INVIGIL_STREAM_PULL_KEY: "a pull key",
};

const doctor = async (cwd: string, env: Env = testEnv) => {
  const { code, stdout, stderr } = await runHere(["doctor", "--json"], { cwd, env });
  expect(stderr).toBe("");
  const findings = JSON.parse(stdout) as Finding[];
  return { code, findings, of: (check: string) => findings.filter((finding) => finding.check === check) };
};
const invigil = async (cwd: string, env: Env, ...args: string[]): Promise<string> =>
  (await runWell(args, { cwd, env })).trim();

/** Adds pages that hold nothing to a database, as erased rows leave them. */
const leaveFree = (file: string, mib: number): void => {
  const sqlite = new Sqlite(file);
  try {
    sqlite.exec(`CREATE TABLE filled AS SELECT zeroblob(${mib * 1024 * 1024}) AS content; DROP TABLE filled`);
  } finally {
    sqlite.close();
  }
};

const VENDOR = { ...testEnv, INVIGIL_STREAM_SERVICE: "aliyun" };

const TIMES = ["--start", "2036-06-07 09:00", "--end", "2036-06-07 11:30"];
/** Enough for three candidates. */
const NARROW = { ...testEnv, ...STREAMS, INVIGIL_STREAM_PUSH_LIMIT: "6" };
const importCandidates = async (cwd: string, ids: readonly string[], env: Env): Promise<void> => {
  const rows = ["id,name,role", ...ids.map((id) => `${id},${id},examinee`), "t,T,teacher"];
  writeFileSync(join(cwd, "people.csv"), rows.join("\n"));
  await invigil(cwd, env, "roster", "import", "people.csv", "--exam", "Maths");
};

describe("`invigil doctor`", () => {
  it("says that the clock is not where it was when a server ran last, and changes nothing", async () => {
    using folder = tempFolder();
    const file = join(folder.path, "data", "invigil.db");
    await invigil(folder.path, testEnv, "exam", "list");
    expect((await doctor(folder.path)).of("clock")).toEqual([]);
    const change = (text: string) => {
      const sqlite = new Sqlite(file);
      try {
        return sqlite.prepare(text).run();
      } finally {
        sqlite.close();
      }
    };
    change("INSERT INTO pruning_clock VALUES ('pruning', 0, 0)");
    const { code, of } = await doctor(folder.path);
    expect([code, of("clock")]).toEqual([
      0,
      [
        {
          check: "clock",
          state: "warning",
          found: expect.stringMatching(/^\d+ hours ahead of the time at which a server ran last$/),
          todo: expect.stringMatching(/^Correct the clock, unless no server has run since/),
        },
      ],
    ]);
    expect(change(`UPDATE pruning_clock SET time = ${Date.UTC(2100, 0)} WHERE time = 0`).changes).toBe(1);
    expect((await doctor(folder.path)).of("clock")).toMatchObject([
      { state: "warning", found: expect.stringContaining("hours behind the time") },
    ]);
  });

  it("finds nothing wrong with the defaults, and makes nothing", async () => {
    using folder = tempFolder();
    const { code, findings, of } = await doctor(folder.path);
    expect(code).toBe(0);
    expect(findings.filter(({ state }) => state === "failed")).toEqual([]);
    expect(of("database")[0]?.found).toContain("the first start creates it");
    expect(of("aliyun_new")).toMatchObject([{ state: "ok", found: expect.stringContaining("built-in") }]);
    for (const check of ["aliyun_old", "rong_cloud", "uploads", "stream callback", "server"])
      expect(of(check)).toMatchObject([{ state: "off" }]);
    expect(of("media server")).toMatchObject([
      {
        state: "ok",
        found: expect.stringContaining("ports 7100-7499"),
        todo: expect.stringContaining("INVIGIL_MEDIA_HOST"),
      },
    ]);
    expect(of("streams in browsers")).toMatchObject([{ state: "ok" }]);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("counts what erased rows leave in the database's file as free space", async () => {
    using folder = tempFolder();
    await invigil(folder.path, testEnv, "exam", "list");
    const foundAt = async () => (await doctor(folder.path)).of("free space")[0]?.found;
    expect(await foundAt()).toMatch(/ MiB in .*data, of which 512 MiB are reserved/);
    leaveFree(join(folder.path, "data", "invigil.db"), 3);
    expect(await foundAt()).toMatch(/ \(3 MiB of it inside the database's file\), of which/);
  });

  it("says how much compacting a file that cannot shrink would free, if it is much", async () => {
    using folder = tempFolder();
    const file = join(folder.path, "data", "invigil.db");
    mkdirSync(join(folder.path, "data"));
    // As version 0.2 created it.
    const old = new Sqlite(file);
    old.exec("CREATE TABLE old (id INTEGER)");
    old.close();
    await invigil(folder.path, testEnv, "exam", "list");
    const found = async () => (await doctor(folder.path)).of("database")[0];
    leaveFree(file, 40);
    expect(await found()).toEqual({
      check: "database",
      state: "ok",
      found: expect.stringMatching(/invigil\.db$/),
    });
    leaveFree(file, 70);
    expect(await found()).toMatchObject({
      state: "ok",
      found: expect.stringMatching(/, of which 70 MiB hold nothing$/),
      todo: "Stop the server and run `invigil database compact`: it frees about 70 MiB.",
    });
    await invigil(folder.path, testEnv, "database", "compact");
    expect(await found()).not.toHaveProperty("todo");
  });

  it("prints a table for people, and how many checks failed", async () => {
    using folder = tempFolder();
    const { code, stdout } = await runHere(["doctor"], { cwd: folder.path, env: testEnv });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^CHECK +STATE +FOUND +WHAT TO DO\nsettings +ok /);
    expect(stdout).toMatch(/\npublic URL +warning .+Set INVIGIL_PUBLIC_URL/);
    expect(stdout).toMatch(/\n17 checks: 0 failed, 1 warning\n$/);
  });

  it("names every setting that is wrong, and no value", async () => {
    using folder = tempFolder();
    const env = { INVIGIL_PORT: "leak", INVIGIL_LEAK_NOT: "leak", INVIGIL_AUTH_SECRET: "leak" };
    const { code, findings } = await doctor(folder.path, env);
    expect(code).toBe(1);
    expect(findings.map(({ check, state, found }) => `${check} ${state} ${found}`)).toEqual([
      "settings failed INVIGIL_LEAK_NOT is not a setting of Invigil",
      "settings failed INVIGIL_PORT must be a whole number",
      "settings failed INVIGIL_AUTH_SECRET must be 32 bytes or more",
    ]);
    const together = await doctor(folder.path, { INVIGIL_STREAM_PUSH_KEY: "leak", INVIGIL_AUTH: "off" });
    expect(together.of("settings")).toHaveLength(3);
    expect(JSON.stringify([findings, together.findings])).not.toContain('leak"');
  });

  it("names every setting that still has a value of the documentation, and no key", async () => {
    using folder = tempFolder();
    const guide = readFileSync(join(REPOSITORY, "docs/run-an-exam.md"), "utf8");
    const [, settings = ""] = /^cat > \.env <<'END'\n(.*?)^END$/ms.exec(guide) ?? [];
    writeFileSync(join(folder.path, ".env"), settings, { mode: 0o600 });
    const { code, of } = await doctor(folder.path);
    expect(code).toBe(1);
    expect(
      of("settings")
        .map(({ state, found }) => `${state} ${found}`)
        .toSorted(),
    ).toEqual(
      [
        "EXAMINEE_APP_URL",
        "PUBLIC_URL",
        "STREAM_CALLBACK_KEY",
        "STREAM_PULL_DOMAIN",
        "STREAM_PULL_KEY",
        "STREAM_PUSH_DOMAIN",
        "STREAM_PUSH_KEY",
        "WATCH_APP_URL",
      ].map((name) => `failed INVIGIL_${name} has the value of an example`),
    );
    expect(JSON.stringify(of("settings"))).not.toContain("of-the-stream-service");
  });

  it.each([
    ["INVIGIL_PUBLIC_URL", "https://proctor.example.com/exams"],
    ["INVIGIL_PUBLIC_URL", "https://proctor.school.example:8443"],
    ["INVIGIL_CORS_ORIGINS", "https://school.test, https://school.invalid"],
    ["INVIGIL_AUTH_SECRET", "your-secret-of-32-bytes-or-more-goes-here"],
  ])("takes %s=%s for an example", async (name, value) => {
    using folder = tempFolder();
    const { of } = await doctor(folder.path, { ...testEnv, [name]: value });
    expect(of("settings")).toMatchObject([{ state: "failed", found: expect.stringContaining(name) }]);
  });

  it.each([
    ["INVIGIL_PUBLIC_URL", "https://example.school.test/example/"],
    ["INVIGIL_PUBLIC_URL", "https://example.company"],
    ["INVIGIL_STREAM_CALLBACK_KEY", "theYourExample7"],
  ])("takes %s=%s for one of its own", async (name, value) => {
    using folder = tempFolder();
    const { of } = await doctor(folder.path, { ...testEnv, [name]: value });
    expect(of("settings")).toMatchObject([{ state: "ok" }]);
  });

  it("names a setting that has no effect any more", async () => {
    using folder = tempFolder();
    const { code, of } = await doctor(folder.path, { ...testEnv, INVIGIL_DATABASE_DIVIDE_BY_EXAM: "on" });
    expect(code).toBe(0);
    const found = expect.stringContaining("INVIGIL_DATABASE_DIVIDE_BY_EXAM has no effect any more");
    expect(of("settings")).toMatchObject([{ state: "warning", found, todo: "Remove it." }]);
  });

  it.each([
    { content: `INVIGIL_AUTH_SECRET=${kept("doctor").repeat(4)}`, state: "failed" },
    { content: "INVIGIL_TIME_ZONE=Asia/Shanghai", state: "warning" },
  ])("says that everybody can read .env: $state", async ({ content, state }) => {
    using folder = tempFolder();
    const file = join(folder.path, ".env");
    writeFileSync(file, content);
    for (const mode of [0o600, 0o640]) {
      chmodSync(file, mode);
      expect((await doctor(folder.path)).of("settings")).toMatchObject([{ state: "ok" }]);
    }
    chmodSync(file, 0o644);
    expect((await doctor(folder.path)).of("settings")).toContainEqual({
      check: "settings",
      state,
      found: "every user of this machine can read the file .env",
      todo: "Run: chmod 600 .env",
    });
  });

  it("names audio files that are not there", async () => {
    using folder = tempFolder();
    const env = { ...testEnv, INVIGIL_AUDIO_STORE: "folder" };
    writeFileSync(join(folder.path, "bell.wav"), wav());
    await invigil(folder.path, env, "audio", "add", "bell.wav", "--name", "Bell");
    await invigil(folder.path, env, "audio", "add", "https://cdn.school.test/a.mp3", "--name", "Far");
    const there = await doctor(folder.path, env);
    expect(there.of("audio files")).toMatchObject([{ state: "ok" }]);

    const name = `${sha256(wav())}.wav`;
    renameSync(join(folder.path, "data/audio", name), join(folder.path, "bell.wav"));
    const { code, of } = await doctor(folder.path, env);
    expect(code).toBe(1);
    expect(of("audio files")).toEqual([
      {
        check: "audio files",
        state: "failed",
        found: `1 audio file of the library is not in ${join(folder.path, "data/audio")}: ${name}`,
        todo: expect.stringContaining("invigil audio copy"),
      },
    ]);
    const elsewhere = await doctor(folder.path, { ...testEnv, INVIGIL_AUDIO_STORE: "database" });
    expect(elsewhere.of("audio files")).toMatchObject([
      { state: "failed", found: expect.stringContaining("is not in the database") },
    ]);
  });

  it("warns of what works in a demo only", async () => {
    using folder = tempFolder();
    const env = { INVIGIL_AUTH: "off", INVIGIL_DATABASE_URL: ":memory:", ...STREAMS };
    const { code, of } = await doctor(folder.path, env);
    expect(code).toBe(0);
    for (const check of ["authentication", "database", "stream callback"])
      expect(of(check)).toMatchObject([{ state: "warning", todo: expect.stringContaining("INVIGIL_") }]);
    expect(of("stream domains")).toMatchObject([
      { state: "ok", found: "push.school.test, pull.school.test" },
    ]);
    expect(of("streams in browsers")).toMatchObject([{ state: "off", todo: expect.stringContaining("HLS") }]);
    const played = await doctor(folder.path, {
      ...env,
      INVIGIL_STREAM_HLS_URL: "https://p.test/{stream}.m3u8",
    });
    expect(played.of("streams in browsers")).toMatchObject([
      { state: "ok", found: "HLS at https://p.test/{stream}.m3u8" },
    ]);
    const plain = await doctor(folder.path, { ...testEnv, INVIGIL_PUBLIC_URL: "http://exam.school.test" });
    expect(plain.of("public URL")).toMatchObject([{ state: "warning" }]);
    const safe = await doctor(folder.path, { ...testEnv, INVIGIL_PUBLIC_URL: "https://exam.school.test" });
    expect(safe.of("public URL")).toEqual([
      { check: "public URL", state: "ok", found: "https://exam.school.test" },
    ]);
  });

  it("says what is wrong with the database, which it leaves as it is", async () => {
    using folder = tempFolder();
    const file = join(folder.path, "data/invigil.db");
    mkdirSync(join(folder.path, "data"));
    writeFileSync(file, "this is no database, and long enough for one to be seen in it at once");
    expect((await doctor(folder.path)).of("database")).toMatchObject([{ state: "failed" }]);
    const empty = join(folder.path, "empty.db");
    new Sqlite(empty).exec("CREATE TABLE other (id)").close();
    const older = await doctor(folder.path, { ...testEnv, INVIGIL_DATABASE_URL: `file:${empty}` });
    expect(older.of("database")).toMatchObject([
      { state: "ok", todo: expect.stringContaining("Back it up") },
    ]);
    const looked = new Sqlite(empty);
    expect(looked.prepare("SELECT name FROM sqlite_master").pluck().all()).toEqual(["other"]);
    looked.close();
  });

  it("refuses a database of a newer version, and a secret that others can read", async () => {
    using folder = tempFolder();
    const env = { INVIGIL_PORT: "0" };
    await invigil(folder.path, env, "exam", "list");
    await invigil(folder.path, env, "token", "--role", "admin", "--user", "a");
    const secret = join(folder.path, "data/auth-secret");
    expect((await doctor(folder.path, env)).of("authentication")).toMatchObject([{ state: "ok" }]);
    chmodSync(secret, 0o644);
    const newer = join(folder.path, "newer.db");
    copyFileSync(join(folder.path, "data/invigil.db"), newer);
    const db = new Sqlite(newer);
    db.exec("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 9999999999999)").close();
    const { code, of } = await doctor(folder.path, {
      ...env,
      INVIGIL_DATABASE_URL: `file:${newer}`,
      INVIGIL_DATA_DIR: join(folder.path, "data"),
    });
    expect(code).toBe(1);
    expect(of("database")).toMatchObject([{ state: "failed", found: expect.stringContaining("newer") }]);
    expect(of("authentication")).toMatchObject([
      { state: "failed", todo: expect.stringContaining(`chmod 600 '${secret}'`) },
    ]);
    expect(existsSync(secret)).toBe(true);
  });

  it("says that a rotation is under way", async () => {
    using folder = tempFolder();
    const secondary = { INVIGIL_AUTH_SECRET_SECONDARY: kept("secondary"), INVIGIL_ROOT_SECRET: kept("root") };
    expect((await doctor(folder.path, { ...testEnv, ...secondary })).of("authentication")).toMatchObject([
      { state: "ok", todo: "Remove INVIGIL_AUTH_SECRET_SECONDARY when the rotation is complete." },
    ]);
  });

  it("fetches the identity service's keys", async () => {
    using folder = tempFolder();
    const answers = { body: '{"keys":[{"kty":"OKP"}]}' };
    const service = createServer((_request, response) => void response.end(answers.body));
    await new Promise<void>((resolve) => void service.listen(0, "127.0.0.1", resolve));
    const port = portOf(service);
    const env = {
      ...testEnv,
      INVIGIL_AUTH_JWKS_URL: `http://127.0.0.1:${port}/keys`,
      INVIGIL_AUTH_JWKS_ISSUER: "https://id.example",
      INVIGIL_AUTH_JWKS_AUDIENCE: "invigil",
    };
    expect((await doctor(folder.path, env)).of("identity service")).toMatchObject([{ state: "ok" }]);
    answers.body = "<html>";
    const broken = await doctor(folder.path, env);
    expect(broken.code).toBe(1);
    expect(broken.of("identity service")).toMatchObject([
      { state: "failed", todo: expect.stringContaining("INVIGIL_AUTH_JWKS_URL") },
    ]);
    service.close();
    service.closeAllConnections();
  });

  it("says what the server that runs says of itself", async () => {
    using folder = tempFolder();
    const answer = { status: 200, body: "" };
    const server = createServer((_request, response) =>
      response.writeHead(answer.status, { connection: "close" }).end(answer.body),
    );
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const port = portOf(server);
    const env = { ...testEnv, INVIGIL_HOST: "0.0.0.0", INVIGIL_PORT: String(port) };
    const found = async (status: number, body: string) => {
      Object.assign(answer, { status, body });
      return (await doctor(folder.path, env)).of("server");
    };
    const ready = `http://127.0.0.1:${port}/ready`;
    const current = '"status":"ready","database":"ok","migrations":"current"';
    // Another program's `/ready` may say the same.
    expect(await found(200, `{${current}}`)).toMatchObject([
      { state: "warning", found: `what answers at ${ready} is no server of Invigil` },
    ]);
    expect(await found(200, `{${current},"log":"cannot be written: broken pipe"}`)).toMatchObject([
      { state: "failed", found: `${ready}: log cannot be written: broken pipe` },
    ]);
    const full =
      '{"status":"unavailable","disk":"nearly full: writes are refused","log":"cannot be written: x"}';
    expect(await found(503, full)).toMatchObject([
      {
        state: "failed",
        found: `${ready}: disk nearly full: writes are refused; log cannot be written: x`,
      },
    ]);
    expect(await found(200, "<html>")).toMatchObject([
      { state: "warning", found: `what answers at ${ready} is no server of Invigil` },
    ]);
    server.close();
    server.closeAllConnections();
    expect((await doctor(folder.path, env)).of("server")).toMatchObject([{ state: "off" }]);
  });

  it("does not take a server of another installation for its own", async () => {
    using folder = tempFolder();
    await using fixture = await openAppFixture();
    const address = await fixture.app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = new URL(address);
    const found = async (env: Env) =>
      (await doctor(folder.path, { INVIGIL_PORT: port, ...env })).of("server");
    const other = [
      { state: "warning", found: `the server at ${address}/ready takes no tokens of this installation` },
    ];
    expect(await found({ INVIGIL_AUTH_SECRET: fixture.secret })).toMatchObject([{ state: "ok" }]);
    expect(await found({ INVIGIL_AUTH_SECRET: "the secret of another installation" })).toMatchObject(other);
    expect(await found({ INVIGIL_AUTH: "off" })).toMatchObject(other);
    // No server has run in this folder: it would have a secret.
    expect(await found({})).toMatchObject(other);
    expect(existsSync(join(folder.path, "data/auth-secret"))).toBe(false);
    // A demo takes any token.
    await using demo = await openAppFixture({ config: { auth: "off" } });
    const ofDemo = await demo.app.listen({ host: "127.0.0.1", port: 0 });
    const env = { INVIGIL_PORT: new URL(ofDemo).port };
    expect(await found({ ...env, INVIGIL_AUTH_SECRET: demo.secret })).toMatchObject([{ state: "warning" }]);
    expect(await found({ ...env, INVIGIL_AUTH: "off" })).toMatchObject([{ state: "ok" }]);
  });

  it("says that the clock is wrong where a vendor refuses a call for its time", async () => {
    using folder = tempFolder();
    const key = { id: "LTAI-of-the-test", secret: kept("access-key") };
    const ahead = () => new Date(Date.now() + 3_600_000);
    await using live = await openAliyunLive({ keys: [key], clock: ahead });
    const { code, of } = await doctor(folder.path, {
      ...testEnv,
      INVIGIL_ALIYUN_LIVE_URL: live.url,
      INVIGIL_ALIYUN_ACCESS_KEY_ID: key.id,
      INVIGIL_ALIYUN_ACCESS_KEY_SECRET: key.secret,
      INVIGIL_ALIYUN_OLD_IM_APP_ID: "old-app",
    });
    expect(code).toBe(1);
    expect(of("aliyun_old")).toMatchObject([
      { state: "failed", todo: expect.stringMatching(/^Correct this machine's clock/) },
    ]);
  });

  it("compares the candidates to come with what the push domain carries", async () => {
    using folder = tempFolder();
    await invigil(folder.path, NARROW, "exam", "create", "--name", "Maths", ...TIMES);
    expect((await doctor(folder.path, NARROW)).of("push capacity")).toMatchObject([
      { found: "no candidates are planned" },
    ]);
    await importCandidates(folder.path, ["a", "b", "c"], NARROW);
    expect((await doctor(folder.path, NARROW)).of("push capacity")).toMatchObject([{ state: "ok" }]);
  });

  it("fails where the push domain carries fewer than are to come, whether it is there or not", async () => {
    using folder = tempFolder();
    await invigil(folder.path, NARROW, "exam", "create", "--name", "Maths", ...TIMES);
    await importCandidates(folder.path, ["a", "b", "c", "d"], NARROW);
    await invigil(folder.path, NARROW, "exam", "plan", "Maths", "--room-size", "4");
    const { code, of } = await doctor(folder.path, NARROW);
    expect(code).toBe(1);
    expect(of("push capacity")).toMatchObject([
      {
        state: "failed",
        found: expect.stringMatching(
          /^4 candidates with 8 streams at 2036-06-07 09:00.*\(Maths\).* supports 6$/,
        ),
        todo: expect.stringContaining("at most 3 candidates"),
      },
    ]);
    expect(of("message groups")).toMatchObject([
      { state: "ok", found: expect.stringMatching(/^\d rooms in progress/) },
    ]);
    // Both problems are reported, even without domains.
    const { INVIGIL_STREAM_PUSH_LIMIT } = NARROW;
    const without = await doctor(folder.path, { ...VENDOR, INVIGIL_STREAM_PUSH_LIMIT });
    expect(without.of("push capacity")).toMatchObject([{ state: "failed" }]);
    const embedded = await doctor(folder.path, { ...testEnv, INVIGIL_MEDIA_PORTS: "7100-7105" });
    expect(embedded.of("push capacity")).toMatchObject([
      {
        state: "failed",
        found: expect.stringMatching(/the embedded media server supports 3$/),
        todo: expect.stringContaining("at most 3 candidates"),
      },
    ]);
  });

  it("does not fail without stream domains when no exam is planned", async () => {
    using folder = tempFolder();
    await invigil(folder.path, testEnv, "exam", "list");
    const before = await doctor(folder.path, VENDOR);
    expect({ code: before.code, found: before.of("stream domains") }).toMatchObject({
      code: 0,
      found: [{ state: "off" }],
    });
  });

  it("fails without stream domains when an exam is planned", async () => {
    using folder = tempFolder();
    await invigil(folder.path, testEnv, "exam", "create", "--name", "Maths", ...TIMES);
    expect((await doctor(folder.path)).code).toBe(0);
    const planned = await doctor(folder.path, VENDOR);
    expect(planned.code).toBe(1);
    expect(planned.of("stream domains")).toMatchObject([
      {
        state: "failed",
        found: expect.stringContaining(
          "not set: stream URLs refer to hosts that do not exist, and Maths is planned",
        ),
        todo: expect.stringContaining("INVIGIL_STREAM_PUSH_DOMAIN"),
      },
    ]);
    expect((await runHere(["doctor"], { cwd: folder.path, env: VENDOR })).stdout).toMatch(
      /: 1 failed, \d+ warnings?\n$/,
    );
    expect((await doctor(folder.path, { ...testEnv, ...STREAMS })).code).toBe(0);
  });
});
