import { once } from "node:events";
import { get as httpGet, type IncomingMessage } from "node:http";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { testConfig } from "../src/config/config.js";
import { CHUNK_BYTES } from "../src/files/stored-files.js";
import { SPILLED } from "./simulators/bucket.js";
import { dataOf } from "./support/calls.js";
import { tempFolder } from "./support/folders.js";
import { watchLog } from "./support/secrets.js";
import { wav, wavOf } from "./support/sounds.js";
import {
  ADMIN,
  openTestBucket,
  openUploads,
  type Place,
  sha256,
  statusOf,
  storeOf,
  type UploadApp,
} from "./support/uploads.js";

// What is special about audio files in the database and in a bucket. What they have in common with the folder is
// in serve-audio.test.ts and upload-audio.test.ts.

const NOW = new Date("2026-01-02T03:04:05Z");
const A_DAY_LATER = new Date("2026-01-03T03:04:06Z");
const SHARED: readonly Place[] = ["database", "bucket"];

const made = async (app: UploadApp, name: string, content = wav()) =>
  dataOf(await app.upload(["name", name], ["file", content]));
const nameOf = (content: Buffer): string => `${sha256(content)}.wav`;
const bodyOf = async (url: string): Promise<Buffer> => Buffer.from(await (await fetch(url)).arrayBuffer());

/** Opens several servers, one after the other or together, on one database and one place of files. */
const openInstallation = async (place: Place) => {
  let now = NOW;
  let seed = 0;
  const folder = tempFolder();
  const bucket = await openTestBucket(() => now);
  const databaseFile = join(folder.path, "shared.db");
  const audioStore = place === "bucket" ? storeOf(bucket) : ({ place: "database" } as const);
  return {
    bucket,
    databaseFile,
    open() {
      seed += 1;
      return openUploads({ now: () => now, seed, config: { databaseFile, audioStore } });
    },
    setTime(time: Date) {
      now = time;
    },
    async [Symbol.asyncDispose]() {
      await bucket[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
};

describe("a file in the database", () => {
  it("lies there in chunks, once, and goes with its last clip", async () => {
    await using app = await openUploads({ place: "database" });
    const content = wavOf(2 * CHUNK_BYTES + 1);
    const [first, second] = await Promise.all([made(app, "A", content), made(app, "B", content)]);
    expect(app.rows()).toEqual([
      { id: expect.any(String), name: nameOf(content), bytes: content.length, chunks: 3 },
    ]);
    expect((await bodyOf(first.url)).equals(content)).toBe(true);
    await app.as(ADMIN).audio.delete({ clipId: first.id });
    await app.as(ADMIN).audio.delete({ clipId: second.id });
    expect(app.rows()).toEqual([]);
  });

  it.each([
    [CHUNK_BYTES - 1, CHUNK_BYTES],
    [CHUNK_BYTES, CHUNK_BYTES],
    [0, 2 * CHUNK_BYTES],
    [2 * CHUNK_BYTES, 2 * CHUNK_BYTES],
  ])("is read across the borders of chunks (%i to %i)", async (first, last) => {
    await using app = await openUploads({ place: "database" });
    const content = wavOf(2 * CHUNK_BYTES + 1);
    const { url } = await made(app, "A", content);
    const part = await fetch(url, { headers: { range: `bytes=${first}-${last}` } });
    expect(part.headers.get("content-length")).toBe(String(last + 1 - first));
    expect(Buffer.from(await part.arrayBuffer()).equals(content.subarray(first, last + 1))).toBe(true);
  });
});

describe.each(SHARED)("several servers with files in the %s", (place) => {
  it("serve each other's files", async () => {
    await using installation = await openInstallation(place);
    await using one = await installation.open();
    await using other = await installation.open();
    const { url } = await made(one, "A");
    const there = `${other.url}${new URL(url).pathname}`;
    expect((await bodyOf(there)).equals(wav())).toBe(true);
    const [clip] = await other.clips();
    await other.as(ADMIN).audio.delete({ clipId: clip?.id ?? "" });
    expect([await statusOf(url), await statusOf(there)]).toEqual([404, 404]);
  });

  it("lose no file, however uploads and deletions cross", async () => {
    await using installation = await openInstallation(place);
    await using one = await installation.open();
    await using other = await installation.open();
    for (let round = 0; round < 10; round++) {
      const { id: clipId, url } = await made(one, "A");
      const [next, twin] = await Promise.all([
        made(other, "B"),
        made(one, "C"),
        one.as(ADMIN).audio.delete({ clipId }),
      ]);
      const there = `${other.url}${new URL(url).pathname}`;
      expect([await statusOf(url), await statusOf(there)]).toEqual([200, 200]);
      for (const { id } of [next, twin]) await other.as(ADMIN).audio.delete({ clipId: id });
      expect(one.rows()).toEqual([]);
    }
    expect(installation.bucket.objects.size).toBe(0);
  });

  it("remove what crashed processes left behind a day ago, and nothing else", async () => {
    await using installation = await openInstallation(place);
    const contents = [wavOf(1000), wavOf(2000), wavOf(3000), wavOf(4000)];
    const names = contents.map(nameOf);
    {
      await using app = await installation.open();
      for (const content of contents) await made(app, "A", content);
    }
    const database = new Sqlite(installation.databaseFile);
    const change = (set: string, name: string | undefined) =>
      database.prepare(`UPDATE stored_files SET ${set} WHERE name = ?`).run(name);
    // Before its clip was added, during its removal, and an upload that is under way.
    change(`name = NULL`, names[0]);
    change(`name = NULL, leaving = 1`, names[1]);
    change(`name = NULL, changed_at = ${A_DAY_LATER.getTime() - 3_600_000}`, names[2]);
    database.close();
    await using app = await installation.open();
    // Its sweep finds nothing. A later one would have removed content before this upload was answered.
    await app.as(ADMIN).audio.delete({ clipId: (await made(app, "B", wavOf(5000))).id });
    expect(app.rows()).toHaveLength(4);
    installation.setTime(A_DAY_LATER);
    // The database knows that time has passed.
    const passed = new Sqlite(installation.databaseFile);
    passed.prepare("UPDATE pruning_clock SET time = ?").run(A_DAY_LATER.getTime());
    passed.close();
    await using later = await installation.open();
    await expect.poll(() => later.rows().map(({ name }) => name)).toEqual([null, names[3]]);
    expect(installation.bucket.objects.size).toBe(place === "bucket" ? 2 : 0);
  });
});

describe("a file in a bucket", () => {
  const { vendors } = testConfig({ INVIGIL_PROVIDER_TIMEOUT_MS: "300" });
  let logged = "";
  const logTo = {
    write(line: string) {
      watchLog(line);
      logged += line;
    },
  };
  const openImpatient = () => openUploads({ place: "bucket", logTo, config: { vendors } });
  const bucketOf = ({ bucket }: UploadApp) => {
    if (!bucket) throw new Error("there is a bucket");
    return bucket;
  };

  it("is an object that is not named after its content, so that removing it cannot hit another upload", async () => {
    await using app = await openUploads({ place: "bucket" });
    const { objects, failedChecks } = bucketOf(app);
    const { id: clipId } = await made(app, "A");
    const [row] = app.rows();
    expect([...objects.keys()]).toEqual([`audio/${row?.id}`]);
    expect(objects.get(`audio/${row?.id}`)?.equals(wav())).toBe(true);
    await app.as(ADMIN).audio.delete({ clipId });
    expect(objects.size).toBe(0);
    expect(failedChecks).toEqual([]);
  });

  it("is read once for everybody who plays it at the same time", async () => {
    await using app = await openUploads({ place: "bucket" });
    const content = wavOf(3 * CHUNK_BYTES);
    const { url } = await made(app, "A", content);
    const bodies = await Promise.all(Array.from({ length: 20 }, () => bodyOf(url)));
    expect(bodies.every((body) => body.equals(content))).toBe(true);
    expect(bucketOf(app).calls.filter(({ method }) => method === "GET")).toHaveLength(3);
  });

  it("is read no faster than its client takes it", async () => {
    await using app = await openUploads({ place: "bucket" });
    const { url } = await made(app, "A", wavOf(20 * 1024 * 1024));
    const request = httpGet(url);
    // Safe: the event has one argument.
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await once(response, "readable");
    await made(app, "B");
    const reads = bucketOf(app).calls.filter(({ method }) => method === "GET").length;
    expect(reads).toBeLessThan(60);
    request.destroy();
  });

  it.each(["error", "slow down", "reset"] as const)(
    "survives a failure of the bucket (%s)",
    async (fault) => {
      await using app = await openUploads({ place: "bucket" });
      bucketOf(app).fail(fault, { times: 1 });
      const { url } = await made(app, "A");
      bucketOf(app).fail(fault, { times: 1, method: "GET" });
      expect((await bodyOf(url)).equals(wav())).toBe(true);
    },
  );

  it.each(["error", "denied", "hang", "reset"] as const)(
    "is not added while the bucket fails (%s), and leaves nothing",
    async (fault) => {
      await using app = await openImpatient();
      bucketOf(app).fail(fault, { method: "PUT" });
      const answer = await app.upload(["name", "N"], ["file", wav()]);
      expect(answer.body).toMatchObject({ success: false, reason: "PROVIDER_FAILED" });
      expect(answer.body.errorMsg).toMatch(/^The service audio_bucket /);
      expect(answer.text + logged).not.toContain(SPILLED);
      expect([app.kept(), await app.clips()]).toEqual([[], []]);
      bucketOf(app).heal();
      await made(app, "A");
    },
  );

  it.each(["error", "denied", "hang", "reset", "short", "whole"] as const)(
    "is not served while the bucket fails (%s), and the failure is not cached",
    async (fault) => {
      await using app = await openImpatient();
      const { url } = await made(app, "A", wavOf(2 * CHUNK_BYTES));
      bucketOf(app).fail(fault, { method: "GET" });
      const answer = await fetch(url);
      expect(answer.status).toBe(502);
      expect(answer.headers.get("cache-control") ?? "").not.toContain("immutable");
      expect((await answer.text()) + logged).not.toContain(SPILLED);
      bucketOf(app).heal();
      expect(await statusOf(url)).toBe(200);
    },
  );

  it("is no longer served when its clip is deleted, even if its object cannot be", async () => {
    await using app = await openImpatient();
    const { id: clipId, url } = await made(app, "A");
    bucketOf(app).fail("error", { method: "DELETE" });
    await app.as(ADMIN).audio.delete({ clipId });
    expect(await statusOf(url)).toBe(404);
    expect(app.rows()).toMatchObject([{ name: null }]);
    // The same content can be uploaded again, and does not depend on the old object.
    const again = await made(app, "B");
    bucketOf(app).heal();
    expect((await bodyOf(again.url)).equals(wav())).toBe(true);
  });
});

describe("a file that is removed while it is read", () => {
  it("breaks the connection off, so that nobody takes a part for the whole", async () => {
    await using app = await openUploads({ place: "database" });
    const { id: clipId, url } = await made(app, "A", wavOf(20 * 1024 * 1024));
    const request = httpGet(url);
    // Safe: the event has one argument.
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await app.as(ADMIN).audio.delete({ clipId });
    const ended = once(response, "end");
    response.resume();
    await expect(ended).rejects.toThrow("aborted");
    expect(response.complete).toBe(false);
  });
});

describe.each(SHARED)("the headers of a file in the %s", (place) => {
  it("let a player continue only what it began", async () => {
    await using app = await openUploads({ place });
    const { url } = await made(app, "A");
    const etag = (await fetch(url, { method: "HEAD" })).headers.get("etag") ?? "";
    const partOf = async (ifRange: string) =>
      (await fetch(url, { headers: { range: "bytes=0-9", "if-range": ifRange } })).status;
    expect([await partOf(etag), await partOf('"other"')]).toEqual([206, 200]);
    const beyond = await fetch(url, { headers: { range: "bytes=9999999-" } });
    expect([beyond.status, beyond.headers.get("cache-control") ?? ""]).toEqual([
      416,
      expect.not.stringContaining("immutable"),
    ]);
  });
});
