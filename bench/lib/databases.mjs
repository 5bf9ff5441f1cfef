// Databases with a room and cheat records in it. Small ones are created for each run. Large ones are cached for the next run.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ask } from "./ipc.mjs";
import { newFolder, startModule, stop } from "./processes.mjs";
import { MIGRATIONS, Sqlite } from "./server-modules.mjs";

const CACHE = resolve(import.meta.dirname, "../cache");
const KEPT_FROM = 1_000_000;
export const TEACHER = "teacher1";

/** A digest of the code that made a cached database. When it changes, the database is recreated. */
const makersOf = () => {
  const bench = resolve(import.meta.dirname, "..");
  const migrations = readdirSync(MIGRATIONS, { recursive: true }).filter((name) => name.endsWith(".sql"));
  const files = [
    ...migrations.map((name) => join(MIGRATIONS, name)).toSorted((a, b) => a.localeCompare(b, "en")),
    join(bench, "children/seed.mjs"),
    join(bench, "lib/records.mjs"),
  ];
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
};

/** @returns the folder, its database file and the room in it */
const seed = async (records) => {
  const folder = newFolder();
  const file = join(folder, "invigil.db");
  const seeder = startModule("seed.mjs");
  try {
    return { folder, file, room: await ask(seeder, { file, records, teacher: TEACHER }) };
  } finally {
    await stop(seeder);
  }
};

const kept = async (records) => {
  const name = `${records}-records`;
  const folder = join(CACHE, `${name}-${makersOf()}`);
  const roomFile = join(folder, "room.json");
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true });
    for (const old of readdirSync(CACHE).filter((other) => other.startsWith(name)))
      rmSync(join(CACHE, old), { recursive: true });
    const made = await seed(records);
    writeFileSync(join(made.folder, "room.json"), JSON.stringify(made.room));
    renameSync(made.folder, folder);
  }
  return { folder, file: join(folder, "invigil.db"), room: JSON.parse(readFileSync(roomFile, "utf8")) };
};

/** The databases of a run. Paths that only read share one per size, and each path that writes has its own. */
export const createDatabases = () => {
  const shared = new Map();
  return ({ records, recordsPerCall }) => {
    if (recordsPerCall) return seed(records);
    if (!shared.has(records)) shared.set(records, records >= KEPT_FROM ? kept(records) : seed(records));
    return shared.get(records);
  };
};

export const recordsIn = (file) => {
  const sqlite = new Sqlite(file, { readonly: true });
  const count = sqlite.prepare("SELECT count(*) FROM cheat_records").pluck().get();
  sqlite.close();
  return count;
};
