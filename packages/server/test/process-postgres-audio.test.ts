import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Caller, UploadAudioInput } from "@invigil/schema";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it as test } from "vitest";
import { createDeps } from "../src/api/deps.js";
import { createServices } from "../src/api/services.js";
import { parseConfig } from "../src/config/config.js";
import { CHUNK_BYTES } from "../src/files/stored-files.js";
import { createIds } from "../src/platform/ids.js";
import { openDatabase } from "../src/storage/open.js";
import { isPostgresMissing, openSchemasForTests, type Schemas } from "./support/postgres-schemas.js";
import { kept } from "./support/secrets.js";
import { wavOf } from "./support/sounds.js";
import { sha256 } from "./support/uploads.js";
import { acting } from "./support/writes.js";

// Audio files of several servers on a real PostgreSQL, where transactions really run at the same time.

const isSkipped = isPostgresMissing();
const it = test.skipIf(isSkipped);

const dataDir = mkdtempSync(join(tmpdir(), "invigil-postgres-audio-"));
let schemas: Schemas;
let schema: string;
let url: string;

beforeAll(async () => {
  if (isSkipped) return;
  schemas = await openSchemasForTests();
  ({ schema, url } = await schemas.open());
});
afterAll(async () => {
  await schemas?.[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true });
});

const ADMIN: Caller = { userId: "root", role: "admin", expiresAt: new Date(8.64e15) };

/** A server without its entry points. */
const openServer = async () => {
  const config = parseConfig({
    INVIGIL_DATABASE_URL: url,
    INVIGIL_DATA_DIR: dataDir,
    INVIGIL_AUTH_SECRET: kept("auth-secret"),
  });
  expect(config.audioStore).toEqual({ place: "database" });
  const db = await openDatabase(config);
  const clock = () => new Date();
  const deps = createDeps({
    config,
    db,
    clock,
    monotonic: () => performance.now(),
    ids: createIds({ clock }),
    log: pino({ level: "silent" }),
    publicUrl: () => "https://school.example",
    authSecret: kept("auth-secret"),
    ownKey: kept,
  });
  await deps.audioFiles.prepare();
  const { access, audio } = createServices(deps, { unlimited: true });
  const metadata = (): UploadAudioInput => ({ name: "Bell", classify: 0, isDefault: false });
  return {
    upload: (content: Buffer) =>
      audio.upload(acting(ADMIN), {
        content: (async function* () {
          yield content;
        })(),
        metadata,
      }),
    delete: async (clipId: string) => audio.delete(await access.open(acting(ADMIN), "unbound"), clipId),
    note: async (clipUrl: string) =>
      audio.create(await access.open(acting(ADMIN), "unbound"), { ...metadata(), url: clipUrl }),
    /** The content of a served file. */
    async read(content: Buffer): Promise<Buffer | undefined> {
      const { kept: files } = deps.audioFiles;
      if ("folder" in files) throw new Error("files are in the database");
      const file = await files.find(`${sha256(content)}.wav`);
      if (!file) return undefined;
      const chunks: Uint8Array[] = [];
      for await (const chunk of file.read(0, file.bytes - 1)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    [Symbol.asyncDispose]: () => db.close(),
  };
};

const countOf = async (table: string): Promise<number> => {
  const { rows } = await schemas.client.query(`SELECT count(*)::int AS count FROM ${schema}.${table}`);
  return rows[0].count;
};

it("a file that one server keeps is read by another, and goes for both", async () => {
  await using one = await openServer();
  await using other = await openServer();
  const content = wavOf(2 * CHUNK_BYTES + 7);
  const { id } = await one.upload(content);
  expect((await other.read(content))?.equals(content)).toBe(true);
  await other.delete(id);
  expect([await one.read(content), await other.read(content)]).toEqual([undefined, undefined]);
  expect([await countOf("stored_files"), await countOf("stored_file_chunks")]).toEqual([0, 0]);
});

it("no clip loses its file, however uploads, notes and deletions of several servers cross", async () => {
  await using one = await openServer();
  await using other = await openServer();
  const content = wavOf(1000);
  for (let round = 0; round < 40; round++) {
    const first = await one.upload(content);
    const [, ...later] = await Promise.all([
      other.delete(first.id),
      one.upload(content),
      other.upload(content),
    ]);
    expect((await one.read(content))?.equals(content)).toBe(true);
    // The file is still there for a clip that is noted while the last other clip is deleted, or it is gone for
    // all: a deletion that has looked for clips does not remove it after another was added.
    const [noted] = await Promise.all([one.note(first.url), ...later.map(({ id }) => other.delete(id))]);
    await one.delete(noted.id);
    expect(await other.read(content)).toBeUndefined();
    expect([await countOf("stored_files"), await countOf("stored_file_chunks")]).toEqual([0, 0]);
  }
});
