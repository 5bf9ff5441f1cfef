import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, it } from "vitest";
import { invigil, run, tempFolder, testEnv } from "./support/process.js";

const MIB = 1024 * 1024;

const stateOf = (file: string) => {
  const sqlite = new Sqlite(file);
  try {
    return {
      check: sqlite.pragma("integrity_check", { simple: true }),
      rows: sqlite.prepare("SELECT count(*) FROM kept").pluck().get(),
      autoVacuum: sqlite.pragma("auto_vacuum", { simple: true }),
    };
  } finally {
    sqlite.close();
  }
};

it("`invigil database compact` leaves a good file when it is killed or interrupted, and can run again", async () => {
  using folder = tempFolder();
  const file = join(folder.path, "invigil.db");
  const old = new Sqlite(file);
  old.exec("CREATE TABLE kept (content BLOB); PRAGMA journal_mode = WAL");
  const insert = old.prepare("INSERT INTO kept VALUES (?)");
  for (let row = 0; row < 96; row += 1) insert.run(randomBytes(MIB));
  old.close();
  const options = { cwd: folder.path, env: { ...testEnv, INVIGIL_DATABASE_URL: `file:${file}` } };
  const copy = `${file}.compacted`;
  const appears = () => expect.poll(() => existsSync(copy), { interval: 1 }).toBe(true);
  const goes = () => expect.poll(() => existsSync(copy), { timeout: 20_000 }).toBe(false);

  const killed = invigil(["database", "compact"], options);
  await appears();
  killed.kill("SIGKILL");
  await killed.ended();
  // The process that compacts notices it, and clears up.
  await goes();
  expect(stateOf(file)).toEqual({ check: "ok", rows: 96, autoVacuum: 0 });

  const interrupted = invigil(["database", "compact"], options);
  await appears();
  interrupted.kill("SIGINT");
  const ended = await interrupted.ended();
  expect([ended.code, ended.stderr]).toEqual([130, "invigil: interrupted: nothing was changed\n"]);
  expect([existsSync(copy), stateOf(file)]).toEqual([false, { check: "ok", rows: 96, autoVacuum: 0 }]);

  expect(await run(["database", "compact"], options)).toMatchObject({ code: 0, stderr: "" });
  expect(stateOf(file)).toEqual({ check: "ok", rows: 96, autoVacuum: 2 });
});
