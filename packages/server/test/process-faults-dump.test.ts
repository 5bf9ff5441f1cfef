import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it as test } from "vitest";
import { runHere } from "./support/command.js";
import { tempFolder } from "./support/folders.js";
import { type PostgresServer, startPostgresServer } from "./support/postgres-server.js";
import { administer, drill } from "./support/restored-dump.js";

// docs/deploy.md says how a dump is taken and restored. The package from npm has no pg_dump.

const programs = process.env.INVIGIL_TEST_POSTGRES_BIN;
const it = test.skipIf(programs === undefined);
const run = promisify(execFile);

let server: PostgresServer | undefined;
const folder = tempFolder();
beforeAll(async () => {
  if (programs !== undefined) server = await startPostgresServer(["fsync=off"]);
});
afterAll(async () => {
  await server?.stop();
  folder[Symbol.dispose]();
});

const file = join(folder.path, "invigil.dump");
const urlOf = (name: string): string => {
  const url = new URL(server?.url ?? "");
  url.pathname = `/${name}`;
  return url.href;
};
const tool = (name: string, ...args: readonly string[]) => run(join(programs ?? "", name), args);
const dump = async (name: string): Promise<void> => {
  await tool("pg_dump", "--format=custom", `--file=${file}`, urlOf(name));
};
const create = (name: string): Promise<void> =>
  administer(server?.url ?? "", `CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);

it("a dump that is restored into a new database of the same name gives listeners a gap", async () => {
  await create("school");
  await drill(server?.url ?? "", {
    dump,
    async restore(name) {
      await administer(server?.url ?? "", `DROP DATABASE ${name}`);
      await create(name);
      await tool("pg_restore", `--dbname=${urlOf(name)}`, "--exit-on-error", "--single-transaction", file);
    },
  });
});

it("so does one that is restored over the database that was used, with the command that the guide names", async () => {
  await create("again");
  await drill(
    server?.url ?? "",
    {
      dump,
      async restore(name) {
        const options = ["--clean", "--if-exists", "--exit-on-error", "--single-transaction"];
        await tool("pg_restore", `--dbname=${urlOf(name)}`, ...options, file);
        const env = { INVIGIL_DATABASE_URL: urlOf(name), INVIGIL_AUTH_SECRET: "x".repeat(32) };
        const { code, stderr } = await runHere(["database", "new-epoch"], { cwd: folder.path, env });
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      },
    },
    "again",
  );
});
