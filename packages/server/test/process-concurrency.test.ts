import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSqlite } from "../src/storage/sqlite/client.js";
import { run, serve, tempFolder, testEnv } from "./support/process.js";

// One server serves a database file. Commands and embedded apps may open it at any time.

const ROUNDS = 2;

const FILE = "data/invigil.db";
const SERVED = /^invigil: [^\n]*invigil\.db is served by another process[^\n]*\n$/;

describe("a database file that a server serves", () => {
  it("is refused to a second server, and stays usable for the first one and for commands", async () => {
    using folder = tempFolder();
    const options = { cwd: folder.path, env: testEnv };
    await using first = await serve(options);

    // Another path to the same file.
    using other = tempFolder();
    symlinkSync(join(folder.path, "data"), join(other.path, "data"));
    for (const cwd of [folder.path, other.path]) {
      const refused = await run(["serve"], { cwd, env: testEnv });
      expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(SERVED) });
    }

    expect((await fetch(`${first.url}/ready`)).status).toBe(200);
    expect(await run(["exam", "list"], options)).toMatchObject({ code: 0, stderr: "" });
    await openSqlite({ file: join(folder.path, FILE) }).close();
    // Closing another connection to the file does not give it up.
    expect(await run(["serve"], options)).toMatchObject({ code: 1, stderr: expect.stringMatching(SERVED) });
  });

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "is free when its server ended by %s, whatever files that left",
    async (signal) => {
      using folder = tempFolder();
      const options = { cwd: folder.path, env: testEnv };
      {
        await using first = await serve(options);
        first.kill(signal);
        await first.ended();
      }
      expect(existsSync(join(folder.path, `${FILE}-server`))).toBe(true);
      await using second = await serve(options);
      expect((await fetch(`${second.url}/ready`)).status).toBe(200);
    },
  );
});

describe("two servers that start at once", () => {
  it.each([
    { where: "a database that is not there yet", earlier: false },
    { where: "a database that is there", earlier: true },
  ])("one serves $where, and the other says so", async ({ earlier }) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      using folder = tempFolder();
      const options = { cwd: folder.path, env: testEnv };
      if (earlier) await openSqlite({ file: join(folder.path, FILE) }).close();

      const starts = await Promise.allSettled([serve(options), serve(options)]);
      await using first = starts[0].status === "fulfilled" ? starts[0].value : undefined;
      await using second = starts[1].status === "fulfilled" ? starts[1].value : undefined;
      const refusals = starts.flatMap((start) => (start.status === "rejected" ? [String(start.reason)] : []));
      expect(refusals).toEqual([expect.stringContaining("is served by another process")]);
      const server = first ?? second;
      expect((await fetch(`${server?.url}/ready`)).status).toBe(200);
    }
  });

  /** The statements of opening a new database before the lock for its migrations, and that BEGIN itself. */
  const statementsBeforeTheLock = (file: string): string[] => {
    const statements: string[] = [];
    void openSqlite({ file, onStatement: (sql) => statements.push(sql) }).close();
    return statements.slice(0, statements.findIndex((sql) => sql.startsWith("BEGIN")) + 1);
  };

  it("both have the tables, whatever one of them had done when the other came in between", () => {
    using folder = tempFolder();
    const statements = statementsBeforeTheLock(join(folder.path, "alone.db"));
    expect(statements.length).toBeGreaterThan(3);

    const failures = statements.flatMap((statement, at) => {
      const file = join(folder.path, `${at}.db`);
      let count = 0;
      // The statement is reported just before it runs. At that moment, the other start runs and finishes.
      const onStatement = () => {
        if (count === at) void openSqlite({ file }).close();
        count += 1;
      };
      try {
        void openSqlite({ file, onStatement }).close();
        return [];
      } catch (error) {
        return [`before ${statement}: ${String(error)}`];
      }
    });
    expect(failures).toEqual([]);
  });
});
