// Figures of a PostgreSQL database, read over a separate connection.
import { readFileSync } from "node:fs";
import { pg } from "./server-modules.mjs";

const APPLICATION = "invigil-benchmark";

/** The ids of the events of each room, in order. */
const EVENTS_OF_ROOMS = `
  SELECT room_id AS "roomId", exam_id AS "examId", array_agg(id ORDER BY id) AS ids
  FROM room_events GROUP BY exam_id, room_id`;

/** The total memory of processes, in bytes. Shared memory counts once. */
export const memoryOf = (pids) =>
  pids.reduce((sum, pid) => {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      return sum + Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]) * 1024;
    } catch {
      return sum; // It has ended, or belongs to another user.
    }
  }, 0);

export const openFigures = async (url) => {
  const client = new pg.Client({ connectionString: url, application_name: APPLICATION });
  // The server may end before the benchmark does.
  client.on("error", () => undefined);
  await client.connect();
  const rows = async (text, values) => (await client.query(text, values)).rows;
  const one = async (text, values) => Object.values((await rows(text, values))[0])[0];
  const tables = async () =>
    (
      await rows(
        "SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace",
      )
    ).map(({ name, bytes }) => ({ name, bytes: Number(bytes) }));
  /** The bytes of the database, and of everything that its write-ahead log has contained so far. */
  const sizes = async () => ({
    bytes: Number(await one("SELECT pg_database_size(current_database())")),
    walBytes: Number(await one("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")),
  });
  return {
    /** The rows and bytes of each table, and the counters of the database. */
    async now() {
      const held = {};
      for (const { name, bytes } of await tables())
        held[name] = {
          bytes,
          rows: Number(await one(`SELECT count(*) FROM ${client.escapeIdentifier(name)}`)),
        };
      return {
        tables: held,
        ...(await sizes()),
        commits: Number(
          await one("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"),
        ),
      };
    },
    sizes,
    connections: async () =>
      Number(
        await one(
          "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> $1",
          [APPLICATION],
        ),
      ),
    /** The events of the log, by room. */
    events: async () =>
      (await rows(EVENTS_OF_ROOMS)).map(({ ids, ...room }) => ({ ...room, ids: ids.map(Number) })),
    close: () => client.end(),
  };
};

/** Counts the statements that a server with pg_stat_statements has run, except those of the count itself. */
export const countStatements = async (url) => {
  const client = new pg.Client({ connectionString: url, application_name: APPLICATION });
  client.on("error", () => undefined);
  await client.connect();
  // Not among the server's tables.
  await client.query("CREATE SCHEMA IF NOT EXISTS statistics");
  await client.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA statistics");
  let own = 0;
  return {
    async count() {
      const { rows } = await client.query("SELECT sum(calls) AS calls FROM statistics.pg_stat_statements");
      own += 1;
      // A count is included only after it has ended.
      return Number(rows[0].calls) - (own - 1);
    },
    close: () => client.end(),
  };
};
