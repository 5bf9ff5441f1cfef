import { Client } from "pg";
import { afterAll, beforeAll, expect, it as test } from "vitest";
import { openPostgres } from "../src/storage/postgres/client.js";
import { beginEpochAt } from "../src/storage/postgres/new-epoch.js";
import { query } from "../src/storage/statement.js";
import { eventEpochs, roomEvents } from "../src/storage/tables.js";
import { isPostgresServerMissing } from "./support/postgres-schemas.js";
import { type PostgresServer, startPostgresServer } from "./support/postgres-server.js";
import { change, insertRows, rowsOf } from "./support/tables.js";

const isSkipped = isPostgresServerMissing();
const it = test.skipIf(isSkipped);

let server: PostgresServer | undefined;
beforeAll(async () => {
  if (!isSkipped) server = await startPostgresServer(["fsync=off"]);
}, 60_000);
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
