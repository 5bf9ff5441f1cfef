import { Client } from "pg";
import { afterAll, beforeAll, expect, it as test } from "vitest";
import { openPostgres } from "../src/storage/postgres/client.js";
import { beginEpochAt } from "../src/storage/postgres/new-epoch.js";
import { query } from "../src/storage/statement.js";
import { eventEpochs, roomEvents } from "../src/storage/tables.js";
import { isPostgresServerMissing } from "./support/postgres-schemas.js";
import { type PostgresServer, startPostgresServer } from "./support/postgres-server.js";
import { administer, drill } from "./support/restored-dump.js";
import { change, insertRows, rowsOf } from "./support/tables.js";

const isSkipped = isPostgresServerMissing();
const it = test.skipIf(isSkipped);

let server: PostgresServer | undefined;
beforeAll(async () => {
  if (!isSkipped) server = await startPostgresServer(["fsync=off"]);
});
afterAll(() => server?.stop());

const SIZE = 100_000_000_000;

it("a restored or promoted database begins one new epoch, however many servers connect", async () => {
  const url = server?.url ?? "";
  const first = await openPostgres({ url });
  const event = { examId: "e", roomId: "r", type: "room_ended", data: {}, createdAt: new Date(0) } as const;
  await insertRows(first, roomEvents, [event]);
  const [original, ...others] = await rowsOf(first, eventEpochs);
  expect({ begin: original?.begin, others }).toEqual({ begin: 0, others: [] });
  expect(original?.origin).toMatch(/^\d+\/[0-9A-F]{8}$/);

  // What a restored backup of another server has.
  await change(first, query.update(eventEpochs).set({ origin: "1/00000001" }));
  let noticed = 0;
  const onNewEpoch = () => {
    noticed += 1;
  };
  const [second, third] = await Promise.all([
    openPostgres({ url, onNewEpoch }),
    openPostgres({ url, onNewEpoch }),
  ]);
  expect(noticed).toBe(1);
  const begins = (await rowsOf(first, eventEpochs)).map(({ begin }) => begin);
  expect(begins).toEqual([0, SIZE]);
  await insertRows(first, roomEvents, [event]);
  expect((await rowsOf(first, roomEvents)).map(({ id }) => id)).toEqual([1, SIZE + 1]);
  for (const db of [first, second, third]) await db.close();
});

it("the command begins one, also while a server uses the database", async () => {
  const url = server?.url ?? "";
  const db = await openPostgres({ url });
  const before = await rowsOf(db, eventEpochs);
  await beginEpochAt({ url });
  const [last, ...more] = (await rowsOf(db, eventEpochs)).slice(before.length);
  expect({ begin: last?.begin, origin: last?.origin, more }).toEqual({
    begin: (before.at(-1)?.begin ?? 0) + SIZE,
    origin: before.at(-1)?.origin,
    more: [],
  });
  await db.close();
});

it("an epoch begins after the transactions that have taken ids of the one before", async () => {
  const url = server?.url ?? "";
  const db = await openPostgres({ url });
  const witness = new Client({ connectionString: url });
  await witness.connect();
  const event = { examId: "e", roomId: "r", type: "room_ended", data: {}, createdAt: new Date(0) } as const;
  let hasBegun = false;
  let began: Promise<void> | undefined;
  const id = await db.storage.write(async (tx) => {
    const [taken = 0] = await tx.ids(roomEvents, 1);
    began = beginEpochAt({ url }).then(() => {
      hasBegun = true;
    });
    for (let waits = false; !waits && !hasBegun; )
      waits = ((await witness.query("SELECT 1 FROM pg_locks WHERE NOT granted")).rowCount ?? 0) > 0;
    expect(hasBegun).toBe(false);
    const insertEvents = { table: roomEvents, onConflict: "fail", ids: "given" } as const;
    await tx.last(() => tx.insert(insertEvents, [{ ...event, id: taken }]));
    return taken;
  });
  await began;
  expect(id).toBeLessThan((await rowsOf(db, eventEpochs)).at(-1)?.begin ?? 0);
  await witness.end();
  await db.close();
});

it("a dump that is restored into a new database of the same name gives listeners a gap", async () => {
  const url = server?.url ?? "";
  await administer(url, "CREATE DATABASE school");
  await drill(url, {
    dump: (name) => administer(url, `CREATE DATABASE dump TEMPLATE ${name}`),
    restore: (name) => administer(url, `DROP DATABASE ${name}`, `CREATE DATABASE ${name} TEMPLATE dump`),
  });
});

it("a server of the version before, which compares the server alone, begins no epochs against this version", async () => {
  const url = server?.url ?? "";
  const db = await openPostgres({ url });
  const before = await rowsOf(db, eventEpochs);
  expect(before.at(-1)?.databaseOid).toBeGreaterThan(0);
  const other = new Client({ connectionString: url });
  await other.connect();
  /** What that version compares at each connection. */
  const compare = async () => {
    const { rows } = await other.query<{ origin: string; noted: string }>(
      `SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS origin,
        (SELECT origin FROM event_epochs ORDER BY "begin" DESC LIMIT 1) AS noted`,
    );
    return { ...rows[0] };
  };
  const { origin } = await compare();
  expect(await compare()).toEqual({ origin, noted: origin });
  // It begins one, without the id of the database.
  const begin = (before.at(-1)?.begin ?? 0) + SIZE;
  await other.query('INSERT INTO event_epochs ("begin", origin, started_at) VALUES ($1, $2, now())', [
    begin,
    origin,
  ]);
  for (let n = 0; n < 2; n += 1) await (await openPostgres({ url })).close();
  expect(await compare()).toEqual({ origin, noted: origin });
  const [last, ...more] = (await rowsOf(db, eventEpochs)).slice(before.length);
  expect({ begin: last?.begin, oid: last?.databaseOid, more }).toEqual({
    begin,
    oid: before.at(-1)?.databaseOid,
    more: [],
  });
  await other.end();
  await db.close();
});
