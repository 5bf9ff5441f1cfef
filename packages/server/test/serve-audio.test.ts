import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { audioClips } from "../src/storage/tables.js";
import { dataOf, refusalOf } from "./support/calls.js";
import { openTestDatabase } from "./support/database.js";
import { wav } from "./support/sounds.js";
import { failWrites } from "./support/tables.js";
import { ADMIN, openUploads, PLACES, sha256, statusOf, type UploadApp } from "./support/uploads.js";

describe("the folder of audio files", () => {
  it("is cleared at the start of uploads that died a day ago, and of nothing else", async () => {
    const now = new Date("2026-01-02T03:04:05Z");
    const ages = { ".arriving-old": 25, ".arriving-young": 23, "notes.txt": 1000, ".hidden": 1000 };
    await using app = await openUploads({ now }, (folder) => {
      mkdirSync(folder);
      for (const [name, hours] of Object.entries(ages)) {
        const then = new Date(now.getTime() - hours * 3_600_000);
        writeFileSync(join(folder, name), "x");
        utimesSync(join(folder, name), then, then);
      }
    });
    expect(app.kept()).toEqual([".arriving-young", ".hidden", "notes.txt"]);
  });

  it("shows nothing but audio files under their hashes", async () => {
    await using app = await openUploads();
    const { folder } = app;
    const served = `${sha256(wav())}.wav`;
    mkdirSync(join(folder, "deeper"));
    for (const name of [
      served,
      ".arriving-1",
      "notes.txt",
      "x.wav",
      `${sha256(wav())}.txt`,
      `deeper/${served}`,
    ])
      writeFileSync(join(folder, name), wav());
    const status = (path: string) => statusOf(`${app.url}/audio/${path}`);
    expect(await status(served)).toBe(200);
    for (const path of [
      ".arriving-1",
      "%2earriving-1",
      "notes.txt",
      "x.wav",
      `${sha256(wav())}.txt`,
      `deeper/${served}`,
      "deeper",
      "",
      "..%2finvigil.db",
    ])
      expect({ path, status: await status(path) }).toEqual({ path, status: 404 });
  });

  it("comes and goes inside the transactions that add and look for clips, in which nobody else adds or deletes", async () => {
    const seen: string[] = [];
    let look = (): number => 0;
    const onStatement = (sql: string) => {
      const [what = ""] =
        /^(begin|commit|(insert into|delete from) "audio_clips")/.exec(sql.toLowerCase()) ?? [];
      if (what) seen.push(`${look()} ${what}`);
    };
    await using app = await openUploads({ onStatement });
    look = () => app.kept().filter((name) => !name.startsWith(".")).length;
    seen.length = 0;
    const { id: clipId } = dataOf(await app.upload(["name", "A"], ["file", wav()]));
    expect(seen.slice(-3)).toEqual(["0 begin", '1 insert into "audio_clips"', "1 commit"]);
    seen.length = 0;
    await app.as(ADMIN).audio.delete({ clipId });
    expect(seen).toEqual(["1 begin", '1 delete from "audio_clips"', "1 commit", "1 begin", "0 commit"]);
  });

  it("has a file as it was sent", async () => {
    await using app = await openUploads();
    const { url } = dataOf(await app.upload(["name", "N"], ["file", wav()]));
    expect(readFileSync(join(app.folder, url.split("/").at(-1) ?? "")).equals(wav())).toBe(true);
  });
});

describe.each(PLACES)("a clip's file in the %s", (place) => {
  const made = async (app: UploadApp, name: string) =>
    dataOf(await app.upload(["name", name], ["file", wav()]));

  it("goes with the last clip that it belongs to", async () => {
    await using app = await openUploads({ place });
    const { audio } = app.as(ADMIN);
    const [first, second] = [await made(app, "A"), await made(app, "B")];
    await audio.delete({ clipId: first.id });
    expect(await statusOf(second.url)).toBe(200);
    await audio.delete({ clipId: second.id });
    expect(app.kept()).toEqual([]);
    expect(await statusOf(second.url)).toBe(404);
    const again = await made(app, "C");
    expect(await statusOf(again.url)).toBe(200);
  });

  it.each(["statement", "transaction"] as const)(
    "goes when its clip cannot be added, for its %s is undone, unless another clip has it",
    async (undoes) => {
      const dataDir = mkdtempSync(join(tmpdir(), "invigil-refusing-"));
      const databaseFile = join(dataDir, "invigil.db");
      {
        await using app = await openUploads({ place, config: { databaseFile } });
        await using other = await openTestDatabase({ file: databaseFile });
        const refuse = () => failWrites(other, audioClips, "insert", { undoes });
        const refused = () => app.upload(["name", "refused"], ["file", wav()]);
        const allow = await refuse();
        refusalOf(await refused(), 500, "INTERNAL");
        expect(app.kept()).toEqual([]);
        await allow();
        const { url } = await made(app, "A");
        await refuse();
        refusalOf(await refused(), 500, "INTERNAL");
        expect(await statusOf(url)).toBe(200);
        expect(await app.clips()).toHaveLength(1);
      }
      rmSync(dataDir, { recursive: true });
    },
  );

  it("is there for every clip, however uploads and deletions cross", async () => {
    await using app = await openUploads({ place });
    const { audio } = app.as(ADMIN);
    for (let round = 0; round < 10; round++) {
      const { id: clipId, url } = await made(app, "A");
      const [other] = await Promise.all([made(app, "B"), audio.delete({ clipId })]);
      expect(await statusOf(url)).toBe(200);
      await audio.delete({ clipId: other.id });
      expect(app.kept()).toEqual([]);
    }
  });

  it("belongs to a clip that was noted by the file's URL, too", async () => {
    await using app = await openUploads({ place });
    const { audio } = app.as(ADMIN);
    const { id, url } = await made(app, "A");
    const noted = await audio.create({ name: "Noted", url });
    expect(noted.url).toBe(url);
    await audio.delete({ clipId: id });
    expect(await statusOf(url)).toBe(200);
    await audio.delete({ clipId: noted.id });
    expect(app.kept()).toEqual([]);
  });

  it.each([
    ["of another case", "https://school.example/proctor", "HTTPS://School.Example/proctor/audio/NAME"],
    [
      "with a port that goes without saying",
      "https://school.example",
      "https://school.example:443/audio/NAME",
    ],
    [
      "with a query and a hash",
      "https://school.example/proctor",
      "https://school.example/proctor/audio/NAME?v=1#t=2",
    ],
  ])("belongs to a clip that was noted by an URL %s", async (_, publicUrl, written) => {
    await using app = await openUploads({ place, config: { publicUrl } });
    const { audio } = app.as(ADMIN);
    const { id, url } = await made(app, "A");
    const name = url.split("/").at(-1) ?? "";
    const noted = await audio.create({ name: "Noted", url: written.replace("NAME", name) });
    expect(noted.url).toBe(url);
    await audio.delete({ clipId: id });
    expect(app.kept()).toEqual([name]);
    await audio.delete({ clipId: noted.id });
    expect(app.kept()).toEqual([]);
  });

  it.each([
    ["https://school.example/proctor/audio/notes.txt?v=1"],
    ["https://school.example/audio/NAME?v=1"],
    ["https://school.example/proctor2/audio/NAME?v=1"],
    ["https://school.example:8443/proctor/audio/NAME?v=1"],
    ["http://school.example/proctor/audio/NAME?v=1"],
  ])("is not what %s means, which stays as it is", async (written) => {
    await using app = await openUploads({ place, config: { publicUrl: "https://school.example/proctor" } });
    const url = written.replace("NAME", `${sha256(wav())}.wav`);
    expect((await app.as(ADMIN).audio.create({ name: "N", url })).url).toBe(url);
  });

  it("is never taken away by a clip of an URL elsewhere", async () => {
    await using app = await openUploads({ place });
    const { audio } = app.as(ADMIN);
    const { url } = await made(app, "A");
    const elsewhere = await audio.create({ name: "E", url: `https://cdn.example${new URL(url).pathname}` });
    await audio.delete({ clipId: elsewhere.id });
    expect(await statusOf(url)).toBe(200);
  });
});

describe.each(PLACES)("a served file in the %s", (place) => {
  const ORIGIN = { origin: "https://school.example" };
  let app: UploadApp;
  let url: string;
  beforeAll(async () => {
    app = await openUploads({ place });
    url = dataOf(await app.upload(["name", "N"], ["file", wav()])).url;
  });
  afterAll(() => app[Symbol.asyncDispose]());
  const get = async (url: string, headers: Record<string, string> = {}, method = "GET") => {
    const answer = await fetch(url, {
      method,
      headers: { ...ORIGIN, "cache-control": "max-age=0", ...headers },
    });
    return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
  };
  const size = wav().length;

  it.each([
    ["bytes=0-9", 0, 9],
    ["bytes=100-", 100, size - 1],
    ["bytes=-10", size - 10, size - 1],
    ["bytes=10-9999999", 10, size - 1],
  ])("is given in part (%s)", async (range, first, last) => {
    const part = await get(url, { range });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes ${first}-${last}/${size}`);
    expect(part.body.equals(wav().subarray(first, last + 1))).toBe(true);
  });

  it.each([
    ["bytes=abc"],
    ["bytes=9-3"],
    ["bytes="],
    ["bytes=-"],
    ["bytes=-0"],
    ["bytes=1"],
    ["bytes=0x1-3"],
    ["bytes=0-1,9-3"],
    ["bytes=0-1,"],
    ["bytes=0-9,20-29"],
    ["lines=1-2"],
  ])("is given whole where nothing can be made of the part (%s)", async (range) => {
    const answer = await get(url, { range });
    expect(answer.status).toBe(200);
    expect(answer.body.equals(wav())).toBe(true);
  });

  it.each([[`bytes=${size}-`], ["bytes=9999999-99999999"]])("has no part %s", async (range) => {
    const answer = await get(url, { range });
    expect(answer.status).toBe(416);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      success: false,
      code: 416,
      errorMsg: "range exceeds the size of the file",
    });
    expect(answer.headers.get("content-range")).toBe(`bytes */${size}`);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  });

  it.each(["POST", "PUT", "DELETE"])("takes no %s", async (method) => {
    const answer = await get(url, {}, method);
    expect(answer.status).toBe(405);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ success: false, code: 405 });
    expect(answer.headers.get("allow")).toBe("GET, HEAD");
  });

  it("is known again by its ETag", async () => {
    const etag = (await get(url)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^(W\/)?"[^"]+"$/);
    for (const known of [etag, `"other", ${etag}`, "*"])
      expect((await get(url, { "if-none-match": known })).status).toBe(304);
    expect((await get(url, { "if-none-match": '"other"' })).status).toBe(200);
  });

  it("tells a HEAD what a GET would bring", async () => {
    const [head, whole] = [await get(url, {}, "HEAD"), await get(url)];
    expect(head.status).toBe(200);
    for (const name of ["content-type", "content-length", "etag", "accept-ranges", "cache-control"])
      expect(head.headers.get(name), name).toBe(whole.headers.get(name));
    expect(head.headers.get("content-length")).toBe(String(size));
    expect(head.body.length).toBe(0);
  });

  it("is for pages of every origin, in parts, and they may read its length", async () => {
    const preflight = await get(
      url,
      { "access-control-request-method": "GET", "access-control-request-headers": "range" },
      "OPTIONS",
    );
    const list = (answer: { headers: Headers }, name: string) =>
      answer.headers.get(name)?.toLowerCase().split(/,\s*/);
    expect(preflight.status).toBe(204);
    expect(list(preflight, "access-control-allow-headers")).toContain("range");
    const part = await get(url, { range: "bytes=0-9" });
    expect(part.headers.get("access-control-allow-origin")).toBe("*");
    expect(part.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    expect(list(part, "access-control-expose-headers")).toEqual(
      expect.arrayContaining(["content-range", "accept-ranges", "content-length", "etag"]),
    );
  });
});
