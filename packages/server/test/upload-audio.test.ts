import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAX_AUDIO_BYTES } from "@invigil/schema";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestApp, type TestApp, type TestAppOptions, type TestCaller } from "../src/testing.js";
import { type Answer, dataOf, type Parsed, refusalOf } from "./support/calls.js";
import { openSchool } from "./support/school.js";
import { m4a, mp3, mp4Video, opus, theora, vorbis, wav, wavOf } from "./support/sounds.js";

const ADMIN: TestCaller = { sub: "root", role: "admin" };
const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

let dataDir: string;
const folders: string[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "invigil-upload-"));
  folders.push(dataDir);
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const kept = (): string[] => readdirSync(join(dataDir, "audio")).toSorted();

interface Running extends TestApp {
  readonly url: string;
}
const open: Running[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});
/** A server whose data folder the test can look into. */
const listening = async (options: TestAppOptions = {}): Promise<Running> => {
  const app = await createTestApp({ ...options, config: { dataDir, ...options.config } });
  const running = { ...app, url: await app.listen() };
  open.push(running);
  return running;
};

type Part = readonly [name: string, value: string | Buffer, filename?: string];
const formOf = (parts: readonly Part[]): FormData => {
  const form = new FormData();
  for (const [name, value, filename] of parts)
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)]), filename ?? "clip.bin");
  return form;
};
const answerOf = async (response: Response): Promise<Answer> => {
  const text = await response.text();
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text,
    body: JSON.parse(text),
  };
};
const send = async (
  app: Running,
  body: FormData | string,
  caller: TestCaller | undefined = ADMIN,
  headers: Record<string, string> = {},
): Promise<Answer> => {
  const authorization = await app.token(caller);
  return answerOf(
    await fetch(`${app.url}/audio`, { method: "POST", body, headers: { authorization, ...headers } }),
  );
};
const upload = (app: Running, ...parts: Part[]) => send(app, formOf(parts));
/** A file's status; its body is read, or the connection stays busy. */
const statusOf = async (url: string, headers: Record<string, string> = {}): Promise<number> => {
  const answer = await fetch(url, { headers });
  await answer.arrayBuffer();
  return answer.status;
};
const clips = async (app: TestApp): Promise<Parsed[]> => (await app.as(ADMIN).audio.list({})).list;

describe("an uploaded file", () => {
  it.each([
    ["mp3", mp3(), "mp3", "audio/mpeg"],
    ["wav", wav(), "wav", "audio/wav"],
    ["Ogg Opus", opus(), "ogg", "audio/ogg"],
    ["Ogg Vorbis", vorbis(), "ogg", "audio/ogg"],
    ["m4a", m4a(), "m4a", "audio/mp4"],
  ])("(%s) becomes a clip under its hash, whatever its name, and is served as what it is", async (...row) => {
    const [, content, ending, type] = row;
    const app = await listening();
    const made = dataOf(
      await upload(
        app,
        ["name", " 考试须知 "],
        ["classify", "3"],
        ["isDefault", "true"],
        ["file", content, "x.pdf"],
      ),
    );
    const url = `${app.url}/audio/${sha256(content)}.${ending}`;
    expect(made).toStrictEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: "考试须知",
      classify: 3,
      isDefault: true,
      url,
    });
    expect(await clips(app)).toEqual([made]);
    expect(kept()).toEqual([`${sha256(content)}.${ending}`]);
    const served = await fetch(url);
    expect([served.status, served.headers.get("content-type")]).toEqual([200, type]);
    expect(Buffer.from(await served.arrayBuffer()).equals(content)).toBe(true);
  });

  it("has defaults for what is not said, and its fields may stand behind it", async () => {
    const app = await listening();
    const made = dataOf(await upload(app, ["file", wav()], ["classify", ""], ["name", "Behind"]));
    expect(made).toMatchObject({ name: "Behind", classify: 0, isDefault: false });
    expect(dataOf(await upload(app, ["isDefault", "false"], ["name", "N"], ["file", mp3()]))).toMatchObject({
      isDefault: false,
    });
  });

  it("is not bothered by fields that nobody reads", async () => {
    const app = await listening();
    expect(
      dataOf(await upload(app, ["ts", "1"], ["name", "N"], ["id", "mine"], ["file", wav()])),
    ).toMatchObject({ name: "N", id: expect.not.stringMatching(/^mine$/) });
  });

  it("of the same content lies there once, for two clips, even when both come at once", async () => {
    const app = await listening();
    const [first, second, third] = await Promise.all(
      ["A", "B", "C"].map(async (name) => dataOf(await upload(app, ["name", name], ["file", wav()]))),
    );
    expect(new Set([first.id, second.id, third.id]).size).toBe(3);
    expect(new Set([first.url, second.url, third.url]).size).toBe(1);
    expect(kept()).toEqual([`${sha256(wav())}.wav`]);
    expect(await statusOf(first.url)).toBe(200);
  });

  it("may be as large as 20 MiB, and no larger", async () => {
    const app = await listening();
    const largest = wavOf(MAX_AUDIO_BYTES);
    const made = dataOf(await upload(app, ["name", "Large"], ["file", largest]));
    expect(made.url).toContain(sha256(largest));
    const larger = await upload(app, ["name", "Larger"], ["file", wavOf(MAX_AUDIO_BYTES + 1)]);
    expect(refusalOf(larger, 413, "PAYLOAD_TOO_LARGE")).toBe("file must be at most 20 MiB");
    expect(kept()).toEqual([`${sha256(largest)}.wav`]);
    expect(await clips(app)).toHaveLength(1);
  });

  it("that is much too large is refused with an answer, and the connection goes on", async () => {
    const app = await listening();
    const huge = await upload(app, ["name", "Huge"], ["file", wavOf(3 * MAX_AUDIO_BYTES)]);
    refusalOf(huge, 413, "PAYLOAD_TOO_LARGE");
    expect(kept()).toEqual([]);
    dataOf(await upload(app, ["name", "N"], ["file", wav()]));
  });
});

describe("an upload is refused, and leaves nothing, ", () => {
  const file: Part = ["file", wav()];
  const name: Part = ["name", "N"];
  const REFUSED: readonly (readonly [string, readonly Part[], string])[] = [
    [
      "a text with the name of audio",
      [name, ["file", Buffer.from("no audio"), "a.mp3"]],
      "file must be mp3, wav, ogg or m4a audio",
    ],
    [
      "a picture",
      [name, ["file", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), "a.wav"]],
      "file must be mp3, wav, ogg or m4a audio",
    ],
    ["a video in Ogg", [name, ["file", theora(), "a.ogg"]], "file must be mp3, wav, ogg or m4a audio"],
    ["a video in MP4", [name, ["file", mp4Video(), "a.m4a"]], "file must be mp3, wav, ogg or m4a audio"],
    [
      "a file without content",
      [name, ["file", Buffer.alloc(0), "a.wav"]],
      "file must be mp3, wav, ogg or m4a audio",
    ],
    ["no file", [name], "file is required"],
    ["nothing at all", [], "file is required"],
    ["a text for a file", [name, ["file", "RIFF"]], "file must be a file"],
    ["two files", [name, file, ["file", mp3()]], "file must be there once"],
    [
      "a file under another name",
      [name, ["sound", wav()]],
      "sound must not be a file: the file is in the field 'file'",
    ],
    [
      "a second file under another name",
      [name, file, ["cover", mp3()]],
      "cover must not be a file: the file is in the field 'file'",
    ],
    ["no name", [file], "name is required"],
    ["an empty name", [["name", "  "], file], "name must not be empty"],
    ["two names", [name, name, file], "name must be there once"],
    ["two names, one behind the file", [name, file, name], "name must be there once"],
    ["a long name", [["name", "x".repeat(65)], file], "name must be at most 64 characters"],
    ["a class that is no number", [name, ["classify", "high"], file], "classify must be a whole number"],
    ["a default that is neither", [name, ["isDefault", "yes"], file], "isDefault must be of type boolean"],
    ["a wrong field behind the file", [name, file, ["classify", "-1"]], "classify must be at least 0"],
    [
      "twenty more fields",
      [...Array.from({ length: 20 }, (_, n): Part => [`f${n}`, ""]), name, file],
      "form must have at most 20 parts",
    ],
  ];
  it.each(REFUSED)("for %s", async (_, parts, message) => {
    const app = await listening();
    expect(refusalOf(await send(app, formOf(parts)), 400, "INVALID_INPUT")).toBe(message);
    expect(kept()).toEqual([]);
    expect(await clips(app)).toEqual([]);
  });

  it("for __proto__", async () => {
    const app = await listening();
    refusalOf(await upload(app, ["__proto__", "x"], name, file), 400, "INVALID_INPUT");
    expect(kept()).toEqual([]);
  });

  it.each([
    ["JSON", "application/json", '{"name":"N"}'],
    ["the file alone", "audio/wav", "RIFF"],
    ["a form without files", "application/x-www-form-urlencoded", "name=N"],
  ])("for %s", async (_, type, body) => {
    const app = await listening();
    const answer = await send(app, body, ADMIN, { "content-type": type });
    expect(refusalOf(answer, 415, "UNSUPPORTED_MEDIA_TYPE")).toContain("multipart/form-data");
  });

  it.each([
    ["without a boundary", "multipart/form-data", "--x--"],
    [
      "that ends too soon",
      "multipart/form-data; boundary=x",
      '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nN',
    ],
    [
      "whose file ends too soon",
      "multipart/form-data; boundary=x",
      '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF',
    ],
  ])("for a form %s", async (_, type, body) => {
    const app = await listening();
    refusalOf(await send(app, body, ADMIN, { "content-type": type }), 400, "INVALID_INPUT");
    expect(kept()).toEqual([]);
    expect(await clips(app)).toEqual([]);
  });

  it("when its client goes away in the middle", async () => {
    const app = await listening();
    const authorization = await app.token(ADMIN);
    const head =
      '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nN\r\n--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n';
    const request = httpRequest(`${app.url}/audio`, {
      method: "POST",
      headers: {
        authorization,
        "content-type": "multipart/form-data; boundary=x",
        "content-length": 9_000_000,
      },
    });
    const gone = new Promise((resolve) => request.on("close", resolve).on("error", () => undefined));
    request.write(head);
    request.write(wavOf(1_000_000));
    await expect.poll(kept).toHaveLength(1);
    request.destroy();
    await gone;
    await expect.poll(kept).toEqual([]);
    expect(await clips(app)).toEqual([]);
  });
});

describe("who may upload", () => {
  const CALLERS: readonly (readonly [string, TestCaller, boolean])[] = [
    ["an administrator", ADMIN, true],
    ["a teacher", { sub: "teacher1", role: "teacher" }, true],
    ["an inspector", { sub: "inspector1", role: "inspector" }, false],
    ["an examinee", { sub: "examinee1", role: "examinee" }, false],
  ];
  it.each(CALLERS)("%s", async (_, caller, may) => {
    const app = await listening();
    const answer = await send(
      app,
      formOf([
        ["name", "N"],
        ["file", wav()],
      ]),
      caller,
    );
    if (may) dataOf(answer);
    else refusalOf(answer, 403, "FORBIDDEN");
    expect(kept()).toHaveLength(may ? 1 : 0);
    expect(await clips(app)).toHaveLength(may ? 1 : 0);
  });

  it("nobody with a token bound to a room or an exam", async () => {
    await using school = await openSchool();
    const app = { ...school, url: await school.listen() };
    const { id: room, examId: exam } = school.room;
    for (const caller of [ADMIN, { sub: "teacher1", role: "teacher" } as const])
      for (const bound of [{ room }, { exam }])
        refusalOf(
          await send(
            app,
            formOf([
              ["name", "N"],
              ["file", wav()],
            ]),
            { ...caller, ...bound },
          ),
          403,
          "FORBIDDEN",
        );
    expect(await clips(school)).toHaveLength(1);
  });

  it("nobody without a valid token", async () => {
    const app = await listening();
    const body = formOf([
      ["name", "N"],
      ["file", wav()],
    ]);
    for (const authorization of [undefined, "xxx", await app.token(ADMIN, -1)]) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await answerOf(await fetch(`${app.url}/audio`, { method: "POST", body, headers }));
      refusalOf(answer, 401, "UNAUTHENTICATED");
    }
    expect(kept()).toEqual([]);
  });

  it("is answered before anything of the file has come", async () => {
    const app = await listening();
    const authorization = await app.token({ sub: "e", role: "examinee" });
    const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const request = httpRequest(`${app.url}/audio`, {
        method: "POST",
        headers: {
          authorization,
          "content-type": "multipart/form-data; boundary=x",
          "content-length": 9_000_000,
        },
      });
      request.on("error", reject).on("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => {
          resolve({ status: response.statusCode, text });
          request.destroy();
        });
      });
      request.flushHeaders();
    });
    expect(JSON.parse(answer.text)).toMatchObject({ success: false, reason: "FORBIDDEN" });
  });

  it("is told with the HTTP status where that is asked for", async () => {
    const app = await listening({ config: { restStatus: "http" } });
    const form = formOf([
      ["name", "N"],
      ["file", wav()],
    ]);
    refusalOf(await send(app, form, { sub: "e", role: "examinee" }), 403, "FORBIDDEN", "http");
    refusalOf(await upload(app, ["name", "N"]), 400, "INVALID_INPUT", "http");
  });

  it("is asked with POST", async () => {
    const app = await listening();
    const answer = await answerOf(await fetch(`${app.url}/audio`));
    refusalOf(answer, 405, "METHOD_NOT_ALLOWED");
    expect(answer.headers.allow).toContain("POST");
  });
});

describe("the folder of audio files", () => {
  it("is cleared at the start of uploads that died a day ago, and of nothing else", async () => {
    const now = new Date("2026-01-02T03:04:05Z");
    const folder = join(dataDir, "audio");
    mkdirSync(folder);
    const ages = { ".arriving-old": 25, ".arriving-young": 23, "notes.txt": 1000, ".hidden": 1000 };
    for (const [name, hours] of Object.entries(ages)) {
      const then = new Date(now.getTime() - hours * 3_600_000);
      writeFileSync(join(folder, name), "x");
      utimesSync(join(folder, name), then, then);
    }
    await listening({ now });
    expect(kept()).toEqual([".arriving-young", ".hidden", "notes.txt"]);
  });

  it("shows nothing but audio files under their hashes", async () => {
    const app = await listening();
    const folder = join(dataDir, "audio");
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
});

describe("a clip's file", () => {
  const made = async (app: Running, name: string) =>
    dataOf(await upload(app, ["name", name], ["file", wav()]));

  it("goes with the last clip that it belongs to", async () => {
    const app = await listening();
    const { audio } = app.as(ADMIN);
    const [first, second] = [await made(app, "A"), await made(app, "B")];
    await audio.delete({ clipId: first.id });
    expect(await statusOf(second.url)).toBe(200);
    await audio.delete({ clipId: second.id });
    expect(kept()).toEqual([]);
    expect(await statusOf(second.url)).toBe(404);
    const again = await made(app, "C");
    expect(await statusOf(again.url)).toBe(200);
  });

  it("is there for every clip, however uploads and deletions cross", async () => {
    const app = await listening();
    const { audio } = app.as(ADMIN);
    for (let round = 0; round < 10; round++) {
      const { id: clipId, url } = await made(app, "A");
      const [other] = await Promise.all([made(app, "B"), audio.delete({ clipId })]);
      expect(await statusOf(url)).toBe(200);
      await audio.delete({ clipId: other.id });
      expect(kept()).toEqual([]);
    }
  });

  it("is never another's: a clip of an URL elsewhere takes nothing away", async () => {
    const app = await listening();
    const { audio } = app.as(ADMIN);
    const { url } = await made(app, "A");
    const elsewhere = await audio.create({ name: "E", url });
    await audio.delete({ clipId: elsewhere.id });
    expect(await statusOf(url)).toBe(200);
  });
});

describe("a served file", () => {
  const ORIGIN = { origin: "https://school.example" };
  const serving = async () => {
    const app = await listening();
    return dataOf(await upload(app, ["name", "N"], ["file", wav()])).url as string;
  };
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
    const part = await get(await serving(), { range });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes ${first}-${last}/${size}`);
    expect(part.body.equals(wav().subarray(first, last + 1))).toBe(true);
  });

  it("has no part beyond its end", async () => {
    const answer = await get(await serving(), { range: `bytes=${size}-` });
    expect(answer.status).toBe(416);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ success: false, code: 416 });
    expect(answer.headers.get("content-range")).toBe(`bytes */${size}`);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  });

  it("is known again by its ETag", async () => {
    const url = await serving();
    const etag = (await get(url)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^(W\/)?"[^"]+"$/);
    expect((await get(url, { "if-none-match": etag })).status).toBe(304);
    expect((await get(url, { "if-none-match": '"other"' })).status).toBe(200);
  });

  it("tells a HEAD what a GET would bring", async () => {
    const url = await serving();
    const [head, whole] = [await get(url, {}, "HEAD"), await get(url)];
    expect(head.status).toBe(200);
    for (const name of ["content-type", "content-length", "etag", "accept-ranges", "cache-control"])
      expect(head.headers.get(name), name).toBe(whole.headers.get(name));
    expect(head.headers.get("content-length")).toBe(String(size));
    expect(head.body.length).toBe(0);
  });

  it("is for pages of every origin, in parts, and they may read its length", async () => {
    const url = await serving();
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

  it("lies in the data folder as it was sent", async () => {
    const url = await serving();
    expect(readFileSync(join(dataDir, "audio", url.split("/").at(-1) ?? "")).equals(wav())).toBe(true);
  });
});
