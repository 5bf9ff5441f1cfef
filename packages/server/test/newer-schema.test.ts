import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, it } from "vitest";
import { tempFolder } from "./support/folders.js";
import { openLiveFixture } from "./support/live-fixture.js";
import { openOutdated } from "./support/newer-schema.js";

// PostgreSQL: process-postgres-servers-fail.test.ts

it("a server whose file another process migrates to a newer schema still reads, and writes nothing more", async () => {
  using folder = tempFolder();
  const databaseFile = join(folder.path, "invigil.db");
  let now = Date.parse("2026-01-02T03:04:05Z");
  await using fixture = await openLiveFixture({ now: () => new Date(now), config: { databaseFile } });
  const server = { ...fixture, listen: () => fixture.app.listen({ host: "127.0.0.1", port: 0 }) };
  using outdated = await openOutdated(server);
  const other = new Sqlite(databaseFile);
  // Commits of other processes alone change nothing.
  other.exec("CREATE TABLE of_another_program (id)");
  expect(await outdated.writes()).toBe(true);
  other.exec("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('newer', 9000000000000)");
  other.close();
  await outdated.expectReadsOnly((ms) => {
    now += ms;
  });
});
