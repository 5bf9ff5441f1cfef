import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSqlite } from "../src/storage/sqlite/client.js";
import { type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

// Two servers on one database file are not for permanent use, but allow a restart without downtime.

const ROUNDS = 2;
const ROOMS = 20;

/** Creates rooms through both servers at the same time, and returns every room as both servers see it. */
const share = async (servers: readonly [Server, Server]): Promise<{ ids: unknown[]; seen: unknown[][] }> => {
  const token = await tokenFor("admin", "teacher1");
  const made = await Promise.all(
    Array.from({ length: ROOMS }, async (_, index) => {
      const server = servers[index % 2 === 0 ? 0 : 1];
      const { body } = await server.post("/exam/createRoom", { name: "Shared" }, token);
      return body.data?.id as unknown;
    }),
  );
  const read = async (server: Server, id: unknown): Promise<unknown> => {
    const response = await fetch(`${server.url}/exam/roomInfo?roomId=${String(id)}`, {
      headers: { authorization: token },
    });
    return ((await response.json()) as { data?: { id: string } }).data?.id;
  };
  const seen = await Promise.all(servers.map((server) => Promise.all(made.map((id) => read(server, id)))));
  return { ids: made, seen };
};

describe("two servers that start at once", () => {
  it.each([
    { where: "a database that is not there yet", earlier: false },
    { where: "a database that is there", earlier: true },
  ])("both come up on $where, and each serves what the other has written", async ({ earlier }) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      using folder = tempFolder();
      const options = { cwd: folder.path, env: testEnv };
      if (earlier) await openSqlite({ file: join(folder.path, "data/invigil.db") }).close();

      const starts = await Promise.allSettled([serve(options), serve(options)]);
      await using first = starts[0].status === "fulfilled" ? starts[0].value : undefined;
      await using second = starts[1].status === "fulfilled" ? starts[1].value : undefined;
      expect(starts.flatMap((start) => (start.status === "rejected" ? [String(start.reason)] : []))).toEqual(
        [],
      );
      if (!first || !second) return;

      const { ids, seen } = await share([first, second]);
      expect(new Set(ids).size).toBe(ROOMS);
      expect(seen).toEqual([ids, ids]);
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
