import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsOfDelivery, faultsOfPages, faultsOfWrites, type Outcome } from "./support/fault-checks.js";
import { type PostgresServer, startPostgresServer } from "./support/postgres-server.js";

// The checks of process-faults-rounds.test.ts notice what they are made for.

describe("events whose ids come from a sequence, without a lock", () => {
  let server: PostgresServer | undefined;
  const clients: Client[] = [];
  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: server?.url });
    await client.connect();
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await startPostgresServer(["fsync=off"]);
    const client = await connect();
    await client.query("CREATE TABLE exams (id text PRIMARY KEY); INSERT INTO exams VALUES ('exam')");
    await client.query("CREATE TABLE events (id bigserial PRIMARY KEY, key text NOT NULL)");
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await server?.stop();
  });

  /** Reads the events after the last one, as servers do. */
  const createTail = async () => {
    const client = await connect();
    const { rows: newest } = await client.query<{ id: string }>(
      "SELECT coalesce(max(id), 0) AS id FROM events",
    );
    let lastId = Number(newest[0]?.id);
    const received: { readonly id: number; readonly key: string }[] = [];
    return {
      received,
      async read(): Promise<void> {
        const { rows } = await client.query<{ id: string; key: string }>(
          "SELECT id, key FROM events WHERE id > $1 ORDER BY id",
          [lastId],
        );
        received.push(...rows.map(({ id, key }) => ({ id: Number(id), key })));
        lastId = received.at(-1)?.id ?? lastId;
      },
    };
  };

  /** One transaction takes an id and is held while another one writes and a listener reads. Returns what the checks find. */
  const writeAcross = async (locks: boolean): Promise<string[]> => {
    const [slow, quick] = [await connect(), await connect()];
    const tail = await createTail();
    const begin = async (client: Client): Promise<void> => {
      await client.query("BEGIN");
      if (locks) await client.query("SELECT 1 FROM exams WHERE id = 'exam' FOR NO KEY UPDATE");
    };
    const name = locks ? "locked" : "open";
    const insert = (client: Client, key: string) =>
      client.query("INSERT INTO events (key) VALUES ($1)", [`${name} ${key}`]);
    await begin(slow);
    await insert(slow, "slow");
    const writtenQuickly = (async () => {
      await begin(quick);
      await insert(quick, "quick");
      await quick.query("COMMIT");
    })();
    // With the lock, it waits for the other one.
    if (!locks) await writtenQuickly;
    await tail.read();
    await slow.query("COMMIT");
    await writtenQuickly;
    await tail.read();
    const { rows } = await quick.query<{ id: string; key: string }>(
      "SELECT id, key FROM events WHERE key LIKE $1 ORDER BY id",
      [`${name} %`],
    );
    const events = rows.map(({ id }) => Number(id));
    const writes = new Map<string, Outcome>(rows.map(({ key }) => [key, "acknowledged"]));
    return [
      ...faultsOfDelivery(
        "the listener",
        tail.received.map(({ id }) => id),
        events,
      ),
      ...faultsOfWrites(
        writes,
        rows.map(({ key }) => key),
        tail.received.map(({ key }) => key),
      ),
    ];
  };

  it("are missed by a listener, and the checks say so", async () => {
    expect(await writeAcross(false)).toEqual([
      expect.stringMatching(/^the listener missed: \d+ \(1\)$/),
      "stored and not told: open slow (1)",
    ]);
  });

  it("are not missed if each transaction locks its exam first", async () => {
    expect(await writeAcross(true)).toEqual([]);
  });
});

it("the checks notice each fault", () => {
  expect(faultsOfDelivery("l", [1, 2, 3], [1, 2, 3])).toEqual([]);
  expect(faultsOfDelivery("l", [1, 3, 3, 2, 9], [1, 2, 3, 4])).toEqual([
    "l received twice: 3 (1)",
    "l received after a later one: 2 (1)",
    "l missed: 4 (1)",
    "l received what is not in the log: 9 (1)",
  ]);
  const writes = new Map<string, Outcome>([
    ["a", "acknowledged"],
    ["b", "acknowledged"],
    ["c", "refused"],
    ["d", "unknown"],
    ["e", "unknown"],
  ]);
  expect(faultsOfWrites(writes, ["a", "b", "d"], ["a", "b", "d"])).toEqual([]);
  expect(faultsOfWrites(writes, ["a", "c", "d", "d"], ["a", "d", "d", "f"])).toEqual([
    "acknowledged and not stored: b (1)",
    "refused and stored: c (1)",
    "stored twice: d (1)",
    "told twice: d (1)",
    "stored and not told: c (1)",
    "told and not stored: f (1)",
  ]);
  expect(faultsOfPages("p", [5, 4, 2, 1], [7, 6, 5, 4, 2, 1])).toEqual([]);
  expect(faultsOfPages("p", [5, 4, 4, 1], [7, 6, 5, 4, 2, 1])).toEqual([
    "p: seen after an older one, or twice: 4 (1)",
    "p: missed: 2 (1)",
  ]);
});
