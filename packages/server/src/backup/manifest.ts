import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { failedWith, SetupError } from "../platform/setup-error.js";

export const MANIFEST = "backup.json";
export const DATABASE = "invigil.db";
export const AUDIO = "audio";
/** The secrets that an installation generates. */
export const SECRETS = ["auth-secret", "stream-key", "im-key"];

const fileSchema = z.object({
  /** The path relative to the backup's folder. */
  path: z.string().regex(/^(invigil\.db|auth-secret|stream-key|im-key|audio\/[0-9a-f]{64}\.[a-z0-9]{3})$/),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const manifestSchema = z.object({
  format: z.literal(1),
  /** The version of Invigil that created the backup. */
  version: z.string(),
  createdAt: z.iso.datetime(),
  /** The number of rows of the main tables. */
  counts: z.record(z.string(), z.int()),
  /** The number of audio files in a bucket, which the backup does not contain. Absent in older backups. */
  bucketFiles: z.int().min(0).optional(),
  files: z.array(fileSchema),
});

export type BackupFile = z.infer<typeof fileSchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/** @throws SetupError if the folder contains no backup that this version can read */
export const readManifest = async (folder: string): Promise<Manifest> => {
  const file = join(folder, MANIFEST);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (failedWith(error, "ENOENT") || failedWith(error, "ENOTDIR"))
      throw new SetupError(`${folder} is not a backup: it has no file ${MANIFEST}`);
    throw error;
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new SetupError(`${file} cannot be read: it is not JSON`);
  }
  const parsed = manifestSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SetupError(`${file} cannot be read: ${issue?.path.join(".")} ${issue?.message}`);
};

/** Reads a file and returns its size and hash. `onBytes` is called with the number of bytes of each chunk. */
export const fingerprint = async (
  file: string,
  onBytes: (bytes: number) => void,
): Promise<{ bytes: number; sha256: string }> => {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
    onBytes(chunk.length);
  }
  return { bytes, sha256: hash.digest("hex") };
};

export const sizeOf = async (file: string): Promise<number> => (await stat(file)).size;
