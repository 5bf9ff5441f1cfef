import pg from "pg";
import { SetupError } from "../../platform/setup-error.js";
import { DatabaseUnavailableError } from "../errors.js";
import { listOf, quoted } from "../names.js";
import {
  APPLICATION_NAME,
  assertUsable,
  MIGRATION_TIMEOUT_MS,
  MIGRATIONS,
  reasonOf,
  whenReachable,
} from "../postgres/client.js";
import { beginEpoch } from "../postgres/epoch.js";
import { isLost } from "../postgres/errors.js";
import {
  applyMigrations,
  hasExactly,
  isCompatible,
  readApplied,
  readMigrations,
} from "../postgres/migrate.js";
import { postgresKeyOf } from "../postgres/schema.js";
import { createSessions, firstValue, rollBack, type Session } from "../postgres/sessions.js";
import { shownUrl } from "../postgres/settings.js";
import { toPostgres, typeOf } from "../postgres/values.js";
import type { CopySource, CopyTarget, TableReader } from "./ends.js";
import { COPIED_TABLES, type CopiedTable, decodeRow, keyOf, pageQuery, WRITTEN_AT_START } from "./tables.js";

const LOCK_TIMEOUT_MS = 10_000;

/** A transaction of a copy may take hours. The settings are those of PostgreSQL, of which version 17 has one more. */
const WITHOUT_TIME_LIMITS = `SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`;

/** Converts an error of the driver or the server to one line. */
const explained = (what: string, error: unknown): unknown => {
  const { cause } = error instanceof Error ? error : { cause: undefined };
  const isOfDatabase = [error, cause].some((one) => one instanceof pg.DatabaseError || isLost(one));
  return isOfDatabase || error instanceof DatabaseUnavailableError
    ? new SetupError(`${what}: ${reasonOf(error)}`)
    : error;
};

const doing = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    throw explained(what, error);
  }
};

/** Runs work in one transaction of one session, without time limits. */
const inTransaction = async <Result>(
  url: string,
  begin: string,
  work: (session: Session) => Promise<Result>,
): Promise<Result> => {
  const sessions = createSessions({
    url,
    connections: 1,
    timeoutMs: MIGRATION_TIMEOUT_MS,
    applicationName: `${APPLICATION_NAME} database copy`,
  });
  try {
    return await whenReachable(sessions, { url }, async (session) => {
      await assertUsable(session, url);
      await session.execute(begin);
      try {
        await session.execute(`${WITHOUT_TIME_LIMITS}; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
        const result = await work(session);
        await doing(
          `It is unknown whether the database ${shownUrl(url)} was written; if it is empty, copy again`,
          () => session.execute("COMMIT"),
        );
        return result;
      } catch (error) {
        await rollBack(session);
        throw explained(`The database ${shownUrl(url)} failed`, error);
      }
    });
  } finally {
    await sessions.close();
  }
};

const readerOf = (session: Session): TableReader => {
  const reading = <Result>({ name }: CopiedTable, work: () => Promise<Result>): Promise<Result> =>
    doing(`The table ${name} cannot be read`, work);
  return {
    countRows: (table) =>
      reading(table, async () =>
        Number(await firstValue(session, `SELECT count(*) FROM ${quoted(table.name)}`)),
      ),
    readPage: (table, after, limit) =>
      reading(table, async () => {
        const key = postgresKeyOf(table.declared);
        const { rows } = await session.query({
          text: pageQuery(table, key, after === undefined, (number) => `$${number}`),
          values: [...(after ? keyOf(table, key, after, toPostgres) : []), limit],
        });
        return rows.map((row) => decodeRow(table, row));
      }),
    lastGenerated: (table) =>
      reading(table, async () => {
        const { name, generated } = table;
        if (!generated) return 0;
        const sequence = await firstValue(session, "SELECT pg_get_serial_sequence($1, $2)", [
          quoted(name),
          generated.name,
        ]);
        const last = await firstValue(
          session,
          `SELECT greatest((SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM ${String(sequence)}),
            (SELECT max(${quoted(generated.name)}) FROM ${quoted(name)}))`,
        );
        return Number(last);
      }),
  };
};

const hasRunningServers = async (session: Session): Promise<boolean> =>
  (await firstValue(
    session,
    "SELECT EXISTS (SELECT 1 FROM instances WHERE lease_until > clock_timestamp())",
  )) === true;

/** @throws SetupError when the tables are not exactly those of this version */
const refuseOtherVersion = async (session: Session, url: string): Promise<void> => {
  const hasTables = await firstValue(session, "SELECT to_regclass('invigil_migrations') IS NOT NULL");
  const applied = hasTables === true ? await readApplied(session) : [];
  const migrations = readMigrations(MIGRATIONS);
  if (hasExactly(applied, migrations)) return;
  const newest = migrations.at(-1)?.folderMillis ?? 0;
  throw new SetupError(
    isCompatible(applied, migrations) && !applied.some(({ createdAt }) => createdAt > newest)
      ? `The database ${shownUrl(url)} was made by an older version of Invigil, or has none of its tables: start this version on it once, then copy it`
      : `The database ${shownUrl(url)} was made by a newer version of Invigil: copy it with that version`,
  );
};

/**
 * Reads a database of PostgreSQL as it is now, while others may write to it.
 * @throws SetupError when it cannot be read, or its tables are not exactly those of this version
 */
export const fromPostgres = <Result>(
  url: string,
  work: (source: CopySource) => Promise<Result>,
): Promise<Result> =>
  inTransaction(url, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", async (session) => {
    await refuseOtherVersion(session, url);
    return work({ ...readerOf(session), isInUse: await hasRunningServers(session) });
  });

/** @throws SetupError when the database has rows or a running server */
const refuseOccupied = async (session: Session, url: string): Promise<void> => {
  if (await hasRunningServers(session))
    throw new SetupError(
      `The database ${shownUrl(url)} is in use: stop every server that uses it, and try again half a minute later`,
    );
  await session.execute(`DELETE FROM ${WRITTEN_AT_START}`);
  for (const { name } of COPIED_TABLES)
    if ((await firstValue(session, `SELECT EXISTS (SELECT 1 FROM ${quoted(name)})`)) === true)
      throw new SetupError(
        `The database ${shownUrl(url)} is not empty: its table ${name} has rows. Copy to an empty database.`,
      );
};

/** Inserts any number of rows: each parameter is the list of the values of one column. */
const insertText = ({ name, columns }: CopiedTable): string => {
  const lists = columns.map((column, index) => `$${index + 1}::${typeOf(column)}[]`).join(", ");
  const names = listOf(columns);
  return `INSERT INTO ${quoted(name)} (${names}) SELECT ${names} FROM unnest(${lists}) AS given (${names})`;
};

const targetOf = (session: Session): CopyTarget => ({
  ...readerOf(session),
  write: (table, rows) =>
    doing(`The table ${table.name} cannot be copied`, async () => {
      const values = table.columns.map((column, index) =>
        rows.map((row) => {
          const value = row[index];
          return value === null ? null : toPostgres(column.mapToDriverValue(value));
        }),
      );
      await session.query({ text: insertText(table), values });
    }),
  async continueAfter({ name, generated }, last) {
    if (!generated) return;
    // Unlike setval, this is undone with the transaction.
    await session.execute(
      `ALTER TABLE ${quoted(name)} ALTER COLUMN ${quoted(generated.name)} RESTART WITH ${last + 1}`,
    );
  },
  async complete() {
    // The planner knows nothing of the new rows yet. Foreign keys were checked row by row.
    await session.execute(`ANALYZE ${COPIED_TABLES.map(({ name }) => quoted(name)).join(", ")}`);
  },
  async beginEpoch() {
    await session.execute("DELETE FROM event_epochs");
    await beginEpoch(session);
  },
});

/**
 * Fills a PostgreSQL database in one transaction, and creates missing tables. Servers that start during the copy wait until it ends.
 * @throws SetupError when the database cannot be reached, has rows, or is in use
 */
export const intoPostgres = <Result>(
  url: string,
  work: (target: CopyTarget) => Promise<Result>,
): Promise<Result> =>
  inTransaction(url, "BEGIN", async (session) => {
    await applyMigrations(session, readMigrations(MIGRATIONS), url);
    await refuseOtherVersion(session, url);
    const tables = COPIED_TABLES.map(({ name }) => quoted(name)).join(", ");
    await doing(`The tables of the database ${shownUrl(url)} are in use`, () =>
      session.execute(`LOCK TABLE ${tables} IN EXCLUSIVE MODE`),
    );
    await refuseOccupied(session, url);
    return work(targetOf(session));
  });
