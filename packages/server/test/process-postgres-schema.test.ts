import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it as test } from "vitest";
import { SetupError } from "../src/platform/setup-error.js";
import type { Database } from "../src/storage/database.js";
import { MIGRATIONS, type OpenPostgresOptions, openPostgres } from "../src/storage/postgres/client.js";
import { isCompatible, readMigrations } from "../src/storage/postgres/migrate.js";
import { createSchema } from "../src/storage/postgres/schema.js";
import { tempFolder } from "./support/folders.js";
import { freePort } from "./support/ports.js";
import {
  isPostgresServerMissing,
  openSchemas,
  type Schemas,
  withSetting,
} from "./support/postgres-schemas.js";
import { type PostgresServer, serverUser, startPostgresServer } from "./support/postgres-server.js";
import { startTcpProxy } from "./support/tcp-proxy.js";

const isSkipped = isPostgresServerMissing();
const it = test.skipIf(isSkipped);

const PASSWORD = "the right password";
/** Everybody but the superuser needs a password. */
const RULES = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";

let folder: ReturnType<typeof tempFolder>;
let server: PostgresServer;
let schemas: Schemas;
let schema: string;
let url: string;
const opened: Database[] = [];

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** Makes a certificate that nobody trusts, and returns the settings for it. */
const certificateSettings = (): string[] => {
  if (!hasOpenssl) return [];
  const [key, certificate] = [join(folder.path, "server.key"), join(folder.path, "server.crt")];
  const names = ["-subj", "/CN=localhost", "-keyout", key, "-out", certificate];
  execFileSync(
    "openssl",
    ["req", "-new", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "3650", ...names],
    {
      stdio: "ignore",
    },
  );
  chmodSync(key, 0o600);
  const user = serverUser();
  if (user) chownSync(key, user.uid, user.gid);
  return ["ssl=on", `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`];
};

beforeAll(async () => {
  if (isSkipped) return;
  folder = tempFolder();
  // PostgreSQL may run as another user.
  chmodSync(folder.path, 0o755);
  const rules = join(folder.path, "pg_hba.conf");
  writeFileSync(rules, RULES);
  server = await startPostgresServer([`hba_file=${rules}`, "fsync=off", ...certificateSettings()]);
  schemas = await openSchemas(server.url);
  await schemas.client.query(`CREATE ROLE guest LOGIN PASSWORD '${PASSWORD}'`);
  await schemas.client.query("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0");
});
afterAll(async () => {
  await schemas?.[Symbol.asyncDispose]();
  await server?.stop();
  folder?.[Symbol.dispose]();
});
beforeEach(async () => {
  if (!isSkipped) ({ schema, url } = await schemas.open());
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.close()));
});

const open = async (options: Partial<OpenPostgresOptions> = {}): Promise<Database> => {
  const db = await openPostgres({ url, ...options });
  opened.push(db);
  return db;
};
/** The message of the error with which opening fails. */
const refusalOf = async (options: Partial<OpenPostgresOptions> = {}): Promise<string> => {
  const error: unknown = await open(options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SetupError);
  const { message } = error instanceof Error ? error : { message: "" };
  expect(message).not.toContain("\n");
  return message;
};

/** What a schema consists of, a line each. */
const PARTS = {
  columns: `SELECT concat_ws(' ', c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
      'COLLATE ' || l.collname, CASE WHEN a.attnotnull THEN 'NOT NULL' END,
      'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'IDENTITY ' || nullif(a.attidentity::text, ''),
      'GENERATED ' || nullif(a.attgenerated::text, ''))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_collation l ON l.oid = a.attcollation
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p') AND a.attnum > 0 AND NOT a.attisdropped`,
  // The names of keys are generated. PostgreSQL 18 also lists columns that are not null, which are above.
  keys: `SELECT c.relname || ': ' || pg_get_constraintdef(k.oid)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.connamespace = $1::regnamespace AND k.contype <> 'n'`,
  indexes: `SELECT pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = $1::regnamespace`,
  views: `SELECT c.relname || ': ' || pg_get_viewdef(c.oid)
    FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('v', 'm')`,
  settings: `SELECT c.relname || ': ' || array_to_string(c.reloptions, ', ')
    FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.reloptions IS NOT NULL`,
  others: `SELECT n.kind || ' ' || n.name FROM (
      SELECT 'function' AS kind, proname::text AS name, pronamespace AS of FROM pg_proc
      UNION ALL SELECT 'trigger', t.tgname, c.relnamespace FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal) AS n
    WHERE n.of = $1::regnamespace`,
} as const;

const describeSchema = async (name: string): Promise<Record<string, string[]>> => {
  const { client } = schemas;
  await client.query(`SET search_path TO ${name}`);
  const parts: Record<string, string[]> = {};
  for (const [part, text] of Object.entries(PARTS)) {
    const { rows } = await client.query<[string]>({ text, values: [name], rowMode: "array" });
    parts[part] = rows
      .map(([line]) => line.replaceAll(`${name}.`, ""))
      .filter((line) => !line.includes("invigil_migrations"))
      .toSorted();
  }
  await client.query("RESET search_path");
  return parts;
};
/** Creates the schema that the tables describe. Returns its name. */
const createDescribed = async (): Promise<string> => {
  const { schema: name } = await schemas.open();
  await schemas.client.query(`SET search_path TO ${name}`);
  for (const statement of createSchema()) await schemas.client.query(statement);
  await schemas.client.query("RESET search_path");
  return name;
};

describe("the migrations", () => {
  it("create what storage/tables.ts describes", async () => {
    await open();
    const migrated = await describeSchema(schema);
    const described = await describeSchema(await createDescribed());
    for (const part of ["columns", "keys", "indexes", "views", "settings"])
      expect(migrated[part]).not.toEqual([]);
    // If this fails: the tables have changed, and drizzle-postgres has no migration for that.
    expect(migrated).toEqual(described);
  });

  it.each([
    ["columns", "ALTER TABLE rooms ADD COLUMN further text"],
    ["settings", "ALTER TABLE messages RESET (autovacuum_vacuum_scale_factor)"],
    ["columns", 'ALTER TABLE mutes ALTER COLUMN login TYPE text COLLATE "POSIX"'],
    ["columns", "ALTER TABLE rooms ALTER COLUMN name DROP NOT NULL"],
    ["columns", "ALTER TABLE participants ALTER COLUMN extra_minutes DROP DEFAULT"],
    ["columns", "ALTER TABLE messages ALTER COLUMN id SET GENERATED ALWAYS"],
    ["columns", "ALTER TABLE messages ALTER COLUMN type TYPE integer"],
    ["keys", "ALTER TABLE rooms DROP CONSTRAINT rooms_exam_id_fkey"],
    ["keys", "ALTER TABLE mutes DROP CONSTRAINT mutes_pkey"],
    ["indexes", "DROP INDEX messages_by_room"],
    [
      "indexes",
      "DROP INDEX messages_by_key; CREATE UNIQUE INDEX messages_by_key ON messages (room_id, sender_id, sender_camera, key, exam_id)",
    ],
    [
      "views",
      "CREATE OR REPLACE VIEW visible_exams AS SELECT id, name, start_time, end_time, video_profile, created_by, created_at, updated_at, controller, max_room_minutes, cameras, questions_url, detectors FROM exams",
    ],
  ])("differ from it, if something is different: %s, %s", async (part, change) => {
    const name = await createDescribed();
    const before = await describeSchema(name);
    await schemas.client.query(`SET search_path TO ${name}`);
    await schemas.client.query(change);
    expect((await describeSchema(name))[part]).not.toEqual(before[part]);
  });

  it("run once, if several processes start together", async () => {
    await Promise.all(Array.from({ length: 5 }, () => open()));
    const { rows } = await schemas.client.query(`SELECT hash FROM ${schema}.invigil_migrations`);
    expect(rows.map(({ hash }) => String(hash))).toEqual(readMigrations(MIGRATIONS).map(({ hash }) => hash));
  });

  it("leave nothing if one of their statements fails", async () => {
    const broken = join(folder.path, "broken");
    mkdirSync(join(broken, "meta"), { recursive: true });
    const entry = { idx: 0, version: "7", when: 1, tag: "0000_broken", breakpoints: true };
    writeFileSync(
      join(broken, "meta/_journal.json"),
      JSON.stringify({ version: "7", dialect: "postgresql", entries: [entry] }),
    );
    writeFileSync(
      join(broken, "0000_broken.sql"),
      "CREATE TABLE one (n int);--> statement-breakpoint\nCREATE TABLE one (n int)",
    );
    await expect(open({ migrations: broken })).rejects.toThrow('relation "one" already exists');
    const parts = await describeSchema(schema);
    expect(Object.values(parts).flat()).toEqual([]);
    await open();
  });
});

describe("a migration of a newer version", () => {
  const addNewer = (incompatible: boolean) =>
    schemas.client.query(
      `INSERT INTO ${schema}.invigil_migrations (created_at, hash, incompatible) VALUES (9000000000000, 'x', $1)`,
      [incompatible],
    );

  it("that is compatible changes nothing for this version", async () => {
    const db = await open();
    await addNewer(false);
    expect(await db.migrationsAreCurrent()).toBe(true);
    expect(await (await open()).migrationsAreCurrent()).toBe(true);
  });

  it("that is incompatible keeps this version from starting, and from staying ready", async () => {
    const db = await open();
    expect(await db.migrationsAreCurrent()).toBe(true);
    await addNewer(true);
    expect(await db.migrationsAreCurrent()).toBe(false);
    const { host } = new URL(url);
    expect(await refusalOf()).toBe(
      `The database postgres://${host}/postgres was made by a newer version of Invigil. Start that version, or restore a backup.`,
    );
  });

  it("is incompatible if an older server would not deliver its events", () => {
    const all = readMigrations(MIGRATIONS);
    const applied = all.map(({ folderMillis, isIncompatible }) => ({
      createdAt: folderMillis,
      incompatible: isIncompatible,
    }));
    expect(isCompatible(applied, all)).toBe(true);
    expect(isCompatible(applied, all.slice(0, 1))).toBe(false);
  });

  it("is missed where this version has one that the database has not", async () => {
    const db = await open();
    await schemas.client.query(`DELETE FROM ${schema}.invigil_migrations`);
    expect(await db.migrationsAreCurrent()).toBe(false);
  });
});

describe("a database that cannot be used", () => {
  const at = (path: string, { user = "postgres", password = "", port = server.port } = {}): string =>
    `postgres://${user}${password === "" ? "" : `:${encodeURIComponent(password)}`}@127.0.0.1:${port}/${path}`;

  it("because nothing listens there, is refused in one line without the password", async () => {
    const port = await freePort();
    expect(await refusalOf({ url: at("exams", { password: "s3cret", port }) })).toBe(
      `The database postgres://127.0.0.1:${port}/exams cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}`,
    );
  });

  it("because it does not answer, is tried again for as long as wanted", async () => {
    await using proxy = await startTcpProxy(server.port);
    let attempts = 0;
    proxy.fateOf = () => {
      attempts += 1;
      return "cut";
    };
    const through = at("postgres", { password: "s3cret", port: proxy.port });
    const once = await refusalOf({ url: through });
    expect(attempts).toBe(1);
    const later = await refusalOf({ url: through, waitSeconds: 2 });
    expect(attempts).toBeGreaterThan(2);
    expect([once, later]).toEqual(Array(2).fill(expect.stringMatching(/cannot be reached: .*terminated/)));
    expect(once + later).not.toContain("s3cret");
  });

  it("until it answers, is opened then", async () => {
    await using proxy = await startTcpProxy(server.port);
    let attempts = 0;
    proxy.fateOf = () => {
      attempts += 1;
      return attempts <= 2 ? "cut" : "pass";
    };
    const through = new URL(url);
    through.port = String(proxy.port);
    const db = await open({ url: through.href, waitSeconds: 60 });
    expect(await db.migrationsAreCurrent()).toBe(true);
  });

  it.each([
    [
      "the password is wrong",
      { user: "guest", password: "a wrong one" },
      'password authentication failed for user "guest"',
    ],
    [
      "the password is missing",
      { user: "guest" },
      "SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string",
    ],
  ])("because %s, is refused at once, in one line without it", async (_, access, reason) => {
    expect(await refusalOf({ url: at("postgres", access), waitSeconds: 3600 })).toBe(
      `The database postgres://127.0.0.1:${server.port}/postgres refuses the connection: ${reason}. Check INVIGIL_DATABASE_URL.`,
    );
  });

  it("because it does not exist, is refused at once, in one line", async () => {
    expect(await refusalOf({ url: at("nowhere"), waitSeconds: 3600 })).toBe(
      `The database postgres://127.0.0.1:${server.port}/nowhere refuses the connection: database "nowhere" does not exist. Check INVIGIL_DATABASE_URL.`,
    );
  });

  it("because it is not encoded in UTF-8, is refused in one line, and stays empty", async () => {
    expect(await refusalOf({ url: at("ascii") })).toBe(
      `The database postgres://127.0.0.1:${server.port}/ascii has the encoding SQL_ASCII: UTF8 is needed`,
    );
    const client = new Client({ connectionString: at("ascii") });
    await client.connect();
    const { rows } = await client.query("SELECT to_regclass('invigil_migrations') AS name");
    await client.end();
    expect(rows).toEqual([{ name: null }]);
  });

  it.each([
    ["the schema is another user's", "public", "permission denied for schema public"],
    ["there is no such schema", "nowhere", "no schema has been selected to create in"],
  ])("because %s, is refused in one line", async (_, name, reason) => {
    const guest = at("postgres", { user: "guest", password: PASSWORD });
    expect(await refusalOf({ url: withSetting(guest, `search_path=${name}`) })).toBe(
      `The database postgres://127.0.0.1:${server.port}/postgres does not let its user create tables: ${reason}`,
    );
  });
});

// node-postgres reads `sslmode` in its own way: `prefer`, `require` and `verify-ca` all mean `verify-full`, so the
// certificate must be trusted and name the host. `no-verify` encrypts without that.
describe.skipIf(!hasOpenssl)("a server with a certificate that nobody trusts", () => {
  const encryptionOf = async (db: Database): Promise<unknown> => {
    const { rows } = await schemas.client.query(
      "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'invigil'",
    );
    expect(await db.migrationsAreCurrent()).toBe(true);
    return rows.map(({ ssl }) => Boolean(ssl));
  };
  const withMode = (mode: string): string => {
    const changed = new URL(url);
    changed.searchParams.set("sslmode", mode);
    return changed.href;
  };

  it.each([
    ["no-verify", true],
    ["disable", false],
  ])("is used with sslmode=%s, encrypted: %s", async (mode, isEncrypted) => {
    expect(await encryptionOf(await open({ url: withMode(mode) }))).toEqual([isEncrypted]);
  });

  it("is used without encryption if no mode is given", async () => {
    expect(await encryptionOf(await open())).toEqual([false]);
  });

  it.each(["prefer", "require", "verify-ca", "verify-full"])("is refused with sslmode=%s", async (mode) => {
    const refusal = await refusalOf({ url: withMode(mode) });
    // Node 24 adds advice to OpenSSL's reason.
    const [reason] = refusal.split(";");
    expect(reason).toBe(
      `The database postgres://127.0.0.1:${server.port}/postgres cannot be reached: self-signed certificate`,
    );
  });
});
