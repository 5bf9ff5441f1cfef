import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { CHUNK_BYTES, type StoredFile } from "../../files/stored-files.js";
import type { AudioBucket } from "../types.js";
import { VendorError } from "../vendor-error.js";
import type { BucketClient } from "./client.js";

/** Sending a file gets a second more than other calls for each of these bytes. */
const BYTES_A_SECOND = 256 * 1024;

/** Reads a body of this length. A longer one is not read to its end. */
const readExactly = async (response: Response, length: number): Promise<Uint8Array> => {
  const content = Buffer.alloc(length);
  let at = 0;
  const chunks: AsyncIterable<Uint8Array> = response.body ?? (async function* () {})();
  for await (const chunk of chunks) {
    if (at + chunk.length > length) break;
    content.set(chunk, at);
    at += chunk.length;
  }
  if (response.status === 206 && at === length) return content;
  throw new VendorError("the response has not the requested bytes", { fault: "unreadable" });
};

const ignore = async (response: Response): Promise<void> => {
  await response.body?.cancel();
};

/** Keeps the content of files in a bucket, one object a file. */
export const createBucketContents = ({
  client,
  prefix,
  timeoutMs,
  nonce,
}: {
  readonly client: BucketClient;
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly nonce: () => string;
}): AudioBucket => {
  const put = (
    { id, bytes }: StoredFile,
    hash: string,
    body: () => AsyncIterable<Uint8Array>,
  ): Promise<void> =>
    client.call({
      method: "PUT",
      key: `${prefix}${id}`,
      headers: {
        "content-length": String(bytes),
        "content-type": "application/octet-stream",
        // The service refuses other content.
        "x-amz-content-sha256": hash,
      },
      body,
      timeoutMs: timeoutMs + Math.ceil(bytes / BYTES_A_SECOND) * 1000,
      read: ignore,
    });

  const contents: Omit<AudioBucket, "check"> = {
    write: (file, { path, hash }) => put(file, hash, () => createReadStream(path)),
    chunk({ id, bytes }, position) {
      const first = position * CHUNK_BYTES;
      const length = Math.min(CHUNK_BYTES, bytes - first);
      return client.call({
        method: "GET",
        key: `${prefix}${id}`,
        headers: { range: `bytes=${first}-${first + length - 1}` },
        read: (response) => readExactly(response, length),
      });
    },
    // The service succeeds if there is no such object.
    remove: ({ id }) => client.call({ method: "DELETE", key: `${prefix}${id}`, read: ignore }),
  };
  return {
    ...contents,
    async check() {
      const content = Buffer.from("A test of invigil doctor.");
      const file = { id: `test-${nonce()}`, bytes: content.length };
      await put(file, createHash("sha256").update(content).digest("hex"), async function* () {
        yield content;
      });
      await contents.chunk(file, 0);
      await contents.remove(file);
    },
  };
};
