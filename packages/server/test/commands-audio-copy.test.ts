import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { SimulatedBucket } from "./simulators/bucket.js";
import { runHere, runWell } from "./support/command.js";
import { type Env, tempFolder, testEnv } from "./support/process.js";
import { wav } from "./support/sounds.js";
import { BUCKET_KEY, openTestBucket, PLACES, type Place, sha256 } from "./support/uploads.js";

// `invigil audio copy`: the files of the library get from one place to another.

/** Distinct sounds; the last is longer than a chunk. */
const SOUNDS = [1, 2, 300_000].map((silence) => Buffer.concat([wav(), Buffer.alloc(silence)]));
const NAMES = SOUNDS.map((sound) => `${sha256(sound)}.wav`);
const OTHERS = PLACES.flatMap((from) => PLACES.filter((to) => to !== from).map((to) => ({ from, to })));

let bucket: SimulatedBucket;
let folder: ReturnType<typeof tempFolder>;
beforeEach(async () => {
  folder = tempFolder();
  bucket = await openTestBucket();
  return async () => {
    await bucket[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  };
});

const settings = (place: Place, more: Env = {}): Env => ({
  ...testEnv,
  INVIGIL_AUDIO_STORE: place,
  INVIGIL_S3_ENDPOINT: bucket.url,
  INVIGIL_S3_BUCKET: "school",
  INVIGIL_S3_REGION: "cn-hangzhou",
  INVIGIL_S3_ACCESS_KEY_ID: BUCKET_KEY.id,
  INVIGIL_S3_SECRET_ACCESS_KEY: BUCKET_KEY.secret,
  INVIGIL_S3_ADDRESSING: "path",
  ...more,
});
const inPlace = (place: Place, more?: Env) => {
  const options = { cwd: folder.path, env: settings(place, more) };
  return {
    well: async (...args: string[]): Promise<string> => (await runWell(args, options)).trim(),
    run: (...args: string[]) => runHere(args, options),
    copy: async (...args: string[]) => {
      const { code, stdout, stderr } = await runHere(["audio", "copy", ...args, "--json"], options);
      return { code, stderr, found: stdout === "" ? undefined : JSON.parse(stdout) };
    },
    /** What doctor says of the files. */
    missing: async (): Promise<string> => {
      const { stdout } = await runHere(["doctor", "--json"], options);
      const findings: { check: string; state: string; found: string }[] = JSON.parse(stdout);
      const finding = findings.find(({ check }) => check === "audio files");
      return finding?.state === "ok" ? "" : (finding?.found ?? "no finding");
    },
  };
};
/** Adds the sounds to the library, and a clip of another server. */
const addSounds = async (place: Place): Promise<void> => {
  const { well } = inPlace(place);
  for (const [index, sound] of SOUNDS.entries()) {
    writeFileSync(join(folder.path, "sound.wav"), sound);
    await well("audio", "add", "sound.wav", "--name", `Sound ${index}`);
  }
  // The same file twice is one.
  await well("audio", "add", "sound.wav", "--name", "Again");
  await well("audio", "add", "https://cdn.school.test/far.mp3", "--name", "Far");
};
const pathOf = (name: string, data = "data"): string => join(folder.path, data, "audio", name);
const bytes = SOUNDS.reduce((sum, sound) => sum + sound.length, 0);
const whole = { copied: 3, bytes, there: 0, removed: 0, missing: [], damaged: [], stopped: false };

describe("invigil audio copy", () => {
  it.each(OTHERS)(
    "copies all files from the $from to the $to, and removes them when asked",
    async ({ from, to }) => {
      await addSounds(from);
      const servedFrom = inPlace(from);
      const servedTo = inPlace(to);
      expect(await servedTo.missing()).toContain("3 audio files of the library are not in");

      // Servers may still read from the old place.
      expect(await servedFrom.copy("--from", from, "--to", to)).toMatchObject({ code: 0, found: whole });
      expect([await servedFrom.missing(), await servedTo.missing()]).toEqual(["", ""]);
      const refused = await servedFrom.copy("--from", from, "--to", to, "--remove");
      expect(refused).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("--remove must not be used"),
      });

      const removed = await servedTo.copy("--from", from, "--remove");
      expect(removed).toMatchObject({
        code: 0,
        found: { ...whole, copied: 0, bytes: 0, there: 3, removed: 3 },
      });
      expect(await servedTo.missing()).toBe("");
      expect(await servedFrom.missing()).toContain("3 audio files");
      if (from === "folder") expect(readdirSync(join(folder.path, "data/audio"))).toEqual([]);
      if (from === "bucket") expect(bucket.objects.size).toBe(0);

      // And back: the content is what it was.
      expect(await servedFrom.copy("--from", to)).toMatchObject({ found: whole });
      if (from === "folder")
        for (const [index, name] of NAMES.entries())
          expect(
            createHash("sha256")
              .update(readFileSync(pathOf(name)))
              .digest("hex"),
          ).toBe(sha256(SOUNDS[index] ?? Buffer.alloc(0)));
    },
  );

  it("copies files of another data folder, as after `database copy`, and says how many", async () => {
    await addSounds("folder");
    const elsewhere = { INVIGIL_DATA_DIR: join(folder.path, "new") };
    const { well, missing } = inPlace("folder", elsewhere);
    expect(await well("audio", "copy", "--from", "folder:data")).toBe(
      `Copied 3 audio files (0.3 MiB) from ${join(folder.path, "data/audio")} to ${join(folder.path, "new/audio")}; 0 were there already.`,
    );
    expect(await missing()).toBe("");
    expect(readdirSync(join(folder.path, "new/audio")).toSorted()).toEqual(NAMES.toSorted());
  });

  it("goes on where it was interrupted", async () => {
    await addSounds("folder");
    const { copy } = inPlace("database");
    const listeners = process.listenerCount("SIGINT");
    // The signal comes before the first file, which is then the last of this run.
    const timer = setInterval(() => {
      if (process.listenerCount("SIGINT") > listeners) process.emit("SIGINT");
    }, 0);
    const first = await copy("--from", "folder");
    clearInterval(timer);
    expect(first).toMatchObject({
      code: 130,
      stderr: '{"error":{"message":"interrupted: run the command again to copy the other files"}}\n',
      found: { stopped: true },
    });
    expect(first.found.copied).toBeLessThan(3);
    const rest = await copy("--from", "folder");
    expect(rest).toMatchObject({ code: 0, found: { stopped: false, there: first.found.copied } });
    expect(rest.found.copied + rest.found.there).toBe(3);
  });

  it("names files that are missing or damaged, copies the others, and removes none of them", async () => {
    await addSounds("folder");
    const [lost = "", changed = "", fine = ""] = NAMES;
    rmSync(pathOf(lost));
    writeFileSync(pathOf(changed), Buffer.concat([wav(), Buffer.from("another")]));
    const { copy, run } = inPlace("database");
    expect(await copy("--from", "folder", "--remove")).toMatchObject({
      code: 1,
      found: { copied: 1, removed: 1, missing: [lost], damaged: [changed] },
    });
    expect([existsSync(pathOf(changed)), existsSync(pathOf(fine))]).toEqual([true, false]);
    const { code, stdout } = await run("audio", "copy", "--from", "folder");
    expect(code).toBe(1);
    expect(stdout).toContain(`In neither place: ${lost}.`);
    expect(stdout).toContain(`Damaged, and left as they are: ${changed}.`);
  });

  it.each([
    {
      args: ["--from", "cellar"],
      reason: "--from must be folder, database, bucket, or folder:<data folder>, not 'cellar'",
    },
    { args: ["--from", "folder", "--to", "folder:data"], reason: "--from and --to must be two places" },
  ])("refuses $args", async ({ args, reason }) => {
    mkdirSync(join(folder.path, "data"));
    const { code, stderr } = await inPlace("folder").copy(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(reason) });
  });
});
