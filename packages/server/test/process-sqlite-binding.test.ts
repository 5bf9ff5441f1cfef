import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const loader = createRequire(import.meta.url).resolve("better-sqlite3");
const node = (args: string[]) =>
  promisify(execFile)(process.execPath, args, {
    cwd: resolve(import.meta.dirname, ".."),
    // Vitest's own starter adds a folder in which pnpm leaves what it no longer needs.
    env: { ...process.env, NODE_PATH: "" },
  });

test("SQLite's binding outlives garbage collections while statements are prepared, run and dropped", async () => {
  const script = `
    const Sqlite = require("better-sqlite3");
    for (let round = 0; round < 20; round += 1) {
      const db = new Sqlite(":memory:");
      db.exec("create table t (a integer primary key, b text)");
      for (let i = 0; i < 50; i += 1) db.prepare("insert into t (b) values (?)").run("x" + i);
      for (const row of db.prepare("select * from t").iterate()) if (row.a === 7) break;
      gc();
      if (db.prepare("select count(*) from t").pluck().get() !== 50) throw new Error("rows are missing");
      if (round % 2) db.close();
    }
    gc();
    console.log("done");
  `;
  await expect(node(["--expose-gc", "-e", script])).resolves.toMatchObject({ stdout: "done\n", stderr: "" });
});

test("SQLite's binding is the same for Drizzle's driver and for the server", () => {
  const drizzle = createRequire(createRequire(import.meta.url).resolve("drizzle-orm/better-sqlite3"));
  expect(drizzle.resolve("better-sqlite3")).toBe(loader);
});

test("a binding that was not installed is named, with what to do", async () => {
  const other = Number(process.versions.napi) >= 10 ? "9" : "10";
  const script = `
    Object.defineProperty(process.versions, "napi", { value: "${other}" });
    require(${JSON.stringify(loader)});
  `;
  await expect(node(["-e", script])).rejects.toMatchObject({
    stderr: expect.stringMatching(
      /better-sqlite3 1[23] is not installed, which Node v[\d.]+ needs: install the packages again under this version of Node/,
    ),
  });
});
