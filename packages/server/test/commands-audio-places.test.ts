import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { runHere, runWell } from "./support/command.js";
import { type Env, tempFolder, testEnv } from "./support/process.js";
import { wav } from "./support/sounds.js";
import { BUCKET_KEY, openTestBucket, PLACES, type Place, sha256 } from "./support/uploads.js";

const NAME = `${sha256(wav())}.wav`;

/** A folder, and the settings of an installation in it that keeps its audio files in this place. */
const openPlace = async (place: Place) => {
  const folder = tempFolder();
  const bucket = await openTestBucket();
  const env: Env = {
    ...testEnv,
    INVIGIL_AUDIO_STORE: place,
    INVIGIL_S3_ENDPOINT: bucket.url,
    INVIGIL_S3_BUCKET: "school",
    INVIGIL_S3_REGION: "cn-hangzhou",
    INVIGIL_S3_ACCESS_KEY_ID: BUCKET_KEY.id,
    INVIGIL_S3_SECRET_ACCESS_KEY: BUCKET_KEY.secret,
    INVIGIL_S3_ADDRESSING: "path",
  };
  const options = { cwd: folder.path, env };
  return {
    bucket,
    path: folder.path,
    env,
    run: async (...args: string[]) => (await runWell(args, options)).trim(),
    json: async (...args: string[]): Promise<{ code: number | null; found: Parsed }> => {
      const { code, stdout } = await runHere([...args, "--json"], options);
      return { code, found: JSON.parse(stdout) };
    },
    async addClip() {
      writeFileSync(join(folder.path, "bell.wav"), wav());
      return (await runWell(["audio", "add", "bell.wav", "--name", "Bell", "-q"], options)).trim();
    },
    async [Symbol.asyncDispose]() {
      await bucket[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
};

describe.each(PLACES)("with audio files in the %s", (place) => {
  it("`invigil audio` adds and deletes them", async () => {
    await using installation = await openPlace(place);
    const clip = await installation.addClip();
    const inFolder = () => existsSync(join(installation.path, "data/audio", NAME));
    const count = () => {
      const database = new Sqlite(join(installation.path, "data/invigil.db"), { readonly: true });
      const found = database.prepare("SELECT count(*) FROM stored_file_chunks").pluck().get();
      database.close();
      return {
        folder: Number(inFolder()),
        database: Number(found),
        bucket: installation.bucket.objects.size,
      };
    };
    const none = { folder: 0, database: 0, bucket: 0 };
    expect(count()).toEqual({ ...none, [place]: 1 });
    await installation.run("audio", "delete", clip, "--yes");
    expect(count()).toEqual(none);
  });

  it("a backup contains them, or says that it does not", async () => {
    await using installation = await openPlace(place);
    await installation.addClip();
    const missing = "without 1 audio file in the bucket";
    const summary = await installation.run("backup", "create", "saved");
    expect(summary.includes(missing)).toBe(place === "bucket");
    expect(existsSync(join(installation.path, "saved/audio", NAME))).toBe(place === "folder");
    const verified = await installation.run("backup", "verify", "saved");
    expect(verified).toMatch(/^saved can be restored/);
    expect(verified.includes(missing)).toBe(place === "bucket");
    await installation.run("backup", "restore", "saved", "--replace");
    expect(await installation.run("audio", "list")).toContain(NAME);
  });

  it("`invigil doctor` says where they are, and tries a bucket", async () => {
    await using installation = await openPlace(place);
    const { code, found } = await installation.json("doctor");
    expect(code).toBe(0);
    const of = (check: string) => found.filter((finding: Parsed) => finding.check === check);
    const places = {
      folder: /data\/audio$/,
      database: /^in the database$/,
      bucket: /^in the bucket school$/,
    };
    expect(of("audio files")).toMatchObject([{ state: "ok", found: expect.stringMatching(places[place]) }]);
    expect(of("audio bucket").map(({ state }: Parsed) => state)).toEqual(place === "bucket" ? ["ok"] : []);
    expect(installation.bucket.calls.map(({ method }) => method)).toEqual(
      place === "bucket" ? ["PUT", "GET", "DELETE"] : [],
    );
    expect([installation.bucket.objects.size, readdirSync(installation.path)]).toEqual([0, []]);
  });
});

it("`invigil doctor` says what to do about a bucket that refuses", async () => {
  await using installation = await openPlace("bucket");
  installation.bucket.fail("denied");
  const { code, found } = await installation.json("doctor");
  expect(code).toBe(1);
  expect(found).toContainEqual({
    check: "audio bucket",
    state: "failed",
    found: expect.stringContaining("(PUT object, AccessDenied, request REQUEST-1)"),
    todo: expect.stringContaining("INVIGIL_S3_ACCESS_KEY_ID"),
  });
});

it("a backup whose file in the database is not complete is damaged", async () => {
  await using installation = await openPlace("database");
  await installation.addClip();
  const database = new Sqlite(join(installation.path, "data/invigil.db"));
  database.exec("DELETE FROM stored_file_chunks");
  database.close();
  const { code, stderr } = await runHere(["backup", "create", "saved"], {
    cwd: installation.path,
    env: installation.env,
  });
  expect(code).toBe(1);
  expect(stderr).toContain(`the audio file ${NAME} is not complete`);
});
