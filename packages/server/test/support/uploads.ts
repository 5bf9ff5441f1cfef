import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { createTestApp, type TestApp, type TestAppOptions, type TestCaller } from "../../src/app/testing.js";
import type { AudioStoreConfig } from "../../src/config/config.js";
import { openBucket, type SimulatedBucket } from "../simulators/bucket.js";
import type { Answer, Parsed } from "./calls.js";
import { kept } from "./secrets.js";

// Uploads over a real connection. The test can read the folder with the files.

export const ADMIN: TestCaller = { sub: "root", role: "admin" };
export const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

/** A field or a file of a form. */
export type Part = readonly [name: string, value: string | Buffer, filename?: string];
export const formOf = (...parts: Part[]): FormData => {
  const form = new FormData();
  for (const [name, value, filename] of parts)
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)]), filename ?? "clip.bin");
  return form;
};

/** Parses the response of an upload. */
export const answerOf = async (response: Response): Promise<Answer> => {
  const text = await response.text();
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text,
    body: JSON.parse(text),
  };
};

/**
 * Returns the status of a served file. Reads its body, too, since the connection would stay busy otherwise.
 */
export const statusOf = async (url: string): Promise<number> => {
  const answer = await fetch(url);
  await answer.arrayBuffer();
  return answer.status;
};

/** Where audio files can be kept. */
export const PLACES = ["folder", "database", "bucket"] as const;
export type Place = (typeof PLACES)[number];

export const BUCKET_KEY = { id: "key-of-the-server", secret: kept("bucket-key") } as const;
const BUCKET = { bucket: "school", region: "cn-hangzhou" } as const;

/** Opens a simulated bucket for a server with this clock. */
export const openTestBucket = (clock: () => Date = () => new Date()): Promise<SimulatedBucket> =>
  openBucket({ ...BUCKET, keys: [BUCKET_KEY], clock });
/** The settings for a simulated bucket. */
export const storeOf = ({ url }: SimulatedBucket): AudioStoreConfig => ({
  place: "bucket",
  bucket: {
    ...BUCKET,
    endpoint: url,
    accessKeyId: BUCKET_KEY.id,
    secretAccessKey: BUCKET_KEY.secret,
    prefix: "audio/",
    addressing: "path",
  },
});

/** A row of a file, and the parts of its content that are there. */
export interface StoredRow {
  readonly id: string;
  readonly name: string | null;
  readonly bytes: number;
  readonly chunks: number;
}

export interface UploadApp extends TestApp {
  readonly url: string;
  /** The folder in which audio files arrive. */
  readonly folder: string;
  readonly databaseFile: string;
  /** The bucket, if files are kept in one. */
  readonly bucket: SimulatedBucket | undefined;
  /** The rows of files. */
  rows(): StoredRow[];
  /**
   * The names of kept files and of those that arrive. Content without a name is in the list, too, so an empty
   * list means that nothing is left.
   */
  kept(): string[];
  /** The clips of the library. */
  clips(): Promise<Parsed[]>;
  /** Sends a body, as an administrator by default. */
  send(body: FormData | string, caller?: TestCaller, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a form with these parts, as an administrator. */
  upload(...parts: Part[]): Promise<Answer>;
}

export interface UploadAppOptions extends TestAppOptions {
  /** Where files are kept. Default: in the folder. */
  readonly place?: Place;
}

const audioStoreFor = (place: Place, bucket: SimulatedBucket | undefined): AudioStoreConfig => {
  if (bucket) return storeOf(bucket);
  return { place: place === "database" ? "database" : "folder" };
};

/** Opens an app and listens. `prepare` may add files to its folder before it starts. */
export const openUploads = async (
  { place = "folder", ...options }: UploadAppOptions = {},
  prepare: (folder: string) => void = () => undefined,
): Promise<UploadApp> => {
  const dataDir = mkdtempSync(join(tmpdir(), "invigil-upload-"));
  const folder = join(dataDir, "audio");
  prepare(folder);
  const { now = new Date("2026-01-02T03:04:05Z") } = options;
  const bucket =
    place === "bucket" ? await openTestBucket(typeof now === "function" ? now : () => now) : undefined;
  const databaseFile = options.config?.databaseFile ?? join(dataDir, "invigil.db");
  const audioStore = audioStoreFor(place, bucket);
  const app = await createTestApp({
    ...options,
    config: { dataDir, databaseFile, audioStore, ...options.config },
  });
  const database = new Sqlite(databaseFile, { readonly: true });
  const allRows = database.prepare<[], StoredRow>(
    "SELECT id, name, bytes, (SELECT count(*) FROM stored_file_chunks WHERE file_id = id) AS chunks FROM stored_files ORDER BY id",
  );
  const rows = () => allRows.all();
  const url = await app.listen();
  const send: UploadApp["send"] = async (body, caller = ADMIN, headers = {}) => {
    const authorization = await app.token(caller);
    return answerOf(
      await fetch(`${url}/audio`, { method: "POST", body, headers: { authorization, ...headers } }),
    );
  };
  const kept = (): string[] => {
    const files = rows();
    const known = new Set(files.map(({ id }) => `audio/${id}`));
    return [
      ...readdirSync(folder),
      ...files.map(({ id, name }) => name ?? `nameless ${id}`),
      ...[...(bucket?.objects.keys() ?? [])].filter((key) => !known.has(key)).map((key) => `object ${key}`),
    ].toSorted();
  };
  return {
    ...app,
    url,
    folder,
    databaseFile,
    bucket,
    rows,
    kept,
    clips: async () => (await app.as(ADMIN).audio.list({})).list,
    send,
    upload: (...parts) => send(formOf(...parts)),
    async [Symbol.asyncDispose]() {
      await app.close();
      database.close();
      await bucket?.[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
