import Sqlite from "better-sqlite3";
import { getTableName } from "drizzle-orm";
import { expect, it } from "vitest";
import { DECLARATION } from "../src/storage/declaration.js";
import { TABLES } from "../src/storage/inventory.js";
import { runHere } from "./support/command.js";
import { serve, tempFolder, testEnv } from "./support/process.js";
import { namedIn, openTraces, WHO } from "./support/traces.js";

it("an erasure that a process did not finish is finished by the next start", async () => {
  using folder = tempFolder();
  const { fixture, databaseFile } = await openTraces(folder);
  const { examId } = fixture.room;
  await fixture.close();
  // As a process leaves it that dies between the removal and the last of its steps.
  const database = new Sqlite(databaseFile);
  database.pragma("foreign_keys = OFF");
  for (const table of TABLES)
    for (const { column, erased } of table[DECLARATION].people)
      if (erased === "removed")
        database.prepare(`DELETE FROM ${getTableName(table)} WHERE ${column.name} = ?`).run(WHO);
  database
    .prepare(
      `INSERT INTO erasures (exam_id, user_id, up_to_event, up_to_message, stage, created_at)
       VALUES (?, ?, (SELECT max(id) FROM room_events), (SELECT max(id) FROM messages), 'traces', 0)`,
    )
    .run(examId, WHO);
  database.close();
  await using server = await serve({
    cwd: folder.path,
    env: { ...testEnv, INVIGIL_DATABASE_URL: `file:${databaseFile}` },
  });
  await expect.poll(() => namedIn(databaseFile, WHO)).toEqual({});
  server.kill("SIGTERM");
  await server.ended();
});

it("the command erases, too", async () => {
  using folder = tempFolder();
  const { fixture, databaseFile } = await openTraces(folder);
  const { examId } = fixture.room;
  await fixture.close();
  const env = { ...testEnv, INVIGIL_DATABASE_URL: `file:${databaseFile}` };
  const ended = await runHere(["roster", "remove", WHO, "--exam", examId, "--with-records", "--yes"], {
    cwd: folder.path,
    env,
  });
  expect(ended).toMatchObject({ code: 0 });
  expect(
    Object.keys(await namedIn(databaseFile, WHO)).filter(
      (table) => !/^(room_events|messages|message_readers|erasures)$/.test(table),
    ),
  ).toEqual([]);
});
