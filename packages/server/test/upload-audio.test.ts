import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { MAX_AUDIO_BYTES } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { dataOf, refusalOf } from "./support/calls.js";
import { shared } from "./support/shared.js";
import {
  box,
  m4a,
  moov,
  mp3,
  mp4Of,
  mp4Sound,
  mp4Video,
  opus,
  theora,
  track,
  vorbis,
  wav,
  wavOf,
} from "./support/sounds.js";
import {
  ADMIN,
  answerOf,
  formOf,
  openUploads,
  type Part,
  PLACES,
  sha256,
  statusOf,
} from "./support/uploads.js";

// Also under another Node: it streams files.

/** A box of an MP4 file with a 64-bit size. */
const largeBox = (size: number, content: number): Buffer => {
  const large = Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from("mdat"), Buffer.alloc(8 + content)]);
  large.writeBigUInt64BE(BigInt(size), 8);
  return large;
};
/** The same box without a size, because it is the last. */
const toTheEnd = (last: Buffer): Buffer => Buffer.concat([Buffer.alloc(4), last.subarray(4)]);

describe.each(PLACES)("an uploaded file in the %s", (place) => {
  it.each([
    ["mp3", mp3(), "mp3", "audio/mpeg"],
    ["wav", wav(), "wav", "audio/wav"],
    ["Ogg Opus", opus(), "ogg", "audio/ogg"],
    ["Ogg Vorbis", vorbis(), "ogg", "audio/ogg"],
    ["m4a", m4a(), "m4a", "audio/mp4"],
    ["MP4 of sound alone", mp4Sound(), "m4a", "audio/mp4"],
    ["MP4 of two languages", mp4Of(moov(track("soun"), track("soun"))), "m4a", "audio/mp4"],
    ["MP4 with a large box", mp4Of(largeBox(16 + 2000, 2000), moov(track("soun"))), "m4a", "audio/mp4"],
    ["MP4 whose last box goes to the end", mp4Of(toTheEnd(moov(track("soun")))), "m4a", "audio/mp4"],
  ])("(%s) becomes a clip under its hash, whatever its name, and is served as what it is", async (...row) => {
    const [, content, ending, type] = row;
    await using app = await openUploads({ place });
    const made = dataOf(
      await app.upload(
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
    expect(await app.clips()).toEqual([made]);
    expect(app.kept()).toEqual([`${sha256(content)}.${ending}`]);
    const served = await fetch(url);
    expect([served.status, served.headers.get("content-type")]).toEqual([200, type]);
    expect(Buffer.from(await served.arrayBuffer()).equals(content)).toBe(true);
  });

  it("has defaults for what is not said, and its fields may stand behind it", async () => {
    await using app = await openUploads({ place });
    const made = dataOf(await app.upload(["file", wav()], ["classify", ""], ["name", "Behind"]));
    expect(made).toMatchObject({ name: "Behind", classify: 0, isDefault: false });
    expect(dataOf(await app.upload(["isDefault", "false"], ["name", "N"], ["file", mp3()]))).toMatchObject({
      isDefault: false,
    });
  });

  it("is not bothered by fields that nobody reads", async () => {
    await using app = await openUploads({ place });
    expect(
      dataOf(await app.upload(["ts", "1"], ["name", "N"], ["id", "mine"], ["file", wav()])),
    ).toMatchObject({ name: "N", id: expect.not.stringMatching(/^mine$/) });
  });

  it("of the same content lies there once, for two clips, even when both come at once", async () => {
    await using app = await openUploads({ place });
    const [first, second, third] = await Promise.all(
      ["A", "B", "C"].map(async (name) => dataOf(await app.upload(["name", name], ["file", wav()]))),
    );
    expect(new Set([first.id, second.id, third.id]).size).toBe(3);
    expect(new Set([first.url, second.url, third.url]).size).toBe(1);
    expect(app.kept()).toEqual([`${sha256(wav())}.wav`]);
    expect(await statusOf(first.url)).toBe(200);
  });

  it("may be as large as 20 MiB, and no larger", async () => {
    await using app = await openUploads({ place });
    const largest = wavOf(MAX_AUDIO_BYTES);
    const made = dataOf(await app.upload(["name", "Large"], ["file", largest]));
    expect(made.url).toContain(sha256(largest));
    const larger = await app.upload(["name", "Larger"], ["file", wavOf(MAX_AUDIO_BYTES + 1)]);
    expect(refusalOf(larger, 413, "PAYLOAD_TOO_LARGE")).toBe("file must be at most 20 MiB");
    expect(app.kept()).toEqual([`${sha256(largest)}.wav`]);
    expect(await app.clips()).toHaveLength(1);
  });

  it("becomes no default clip for a teacher, and leaves nothing", async () => {
    await using app = await openUploads({ place });
    const teacher = { sub: "t1", role: "teacher" } as const;
    const form = (isDefault: string) => formOf(["name", "N"], ["isDefault", isDefault], ["file", wav()]);
    const refusal = refusalOf(await app.send(form("true"), teacher), 403, "FORBIDDEN");
    expect(refusal).toContain("isDefault");
    expect([app.kept(), await app.clips()]).toEqual([[], []]);
    dataOf(await app.send(form("false"), teacher));
  });

  it("that is much too large is refused with an answer, and the connection goes on", async () => {
    await using app = await openUploads({ place });
    const huge = await app.upload(["name", "Huge"], ["file", wavOf(3 * MAX_AUDIO_BYTES)]);
    refusalOf(huge, 413, "PAYLOAD_TOO_LARGE");
    expect(app.kept()).toEqual([]);
    dataOf(await app.upload(["name", "N"], ["file", wav()]));
  });
});

describe.each(PLACES)("an upload to the %s is refused, and leaves nothing, ", (place) => {
  const uploads = shared(() => openUploads({ place }));
  const file: Part = ["file", wav()];
  const name: Part = ["name", "N"];
  const NO_SOUND: readonly (readonly [string, Buffer])[] = [
    ["an MP4 with a video behind the sound", mp4Of(moov(track("soun"), track("vide")))],
    ["an MP4 without tracks", mp4Of(moov())],
    ["an MP4 without anything", mp4Of()],
    ["an MP4 with a track of no kind", mp4Of(moov(track("soun"), box("trak")))],
    ["an MP4 that is cut", mp4Sound().subarray(0, -10)],
    ["an MP4 with a box of no size", mp4Of(largeBox(0, 0), moov(track("soun")))],
    ["an MP4 with a box without end", mp4Of(largeBox(2 ** 60, 0), moov(track("soun")))],
    [
      "an MP4 of very many boxes",
      mp4Of(...Array.from({ length: 64 }, () => box("free")), moov(track("soun"))),
    ],
  ];
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
    ...NO_SOUND.map(([what, content]): (typeof REFUSED)[number] => [
      what,
      [name, ["file", content, "a.m4a"]],
      "file must be mp3, wav, ogg or m4a audio",
    ]),
    [
      "a file without content",
      [name, ["file", Buffer.alloc(0), "a.wav"]],
      "file must be mp3, wav, ogg or m4a audio",
    ],
    ["no file", [name], "file is required"],
    ["nothing at all", [], "file is required"],
    ["a text for a file", [name, ["file", "RIFF"]], "file must be a file"],
    ["two files", [name, file, ["file", mp3()]], "file must occur only once"],
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
    ["two names", [name, name, file], "name must occur only once"],
    ["two names, one behind the file", [name, file, name], "name must occur only once"],
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
    const app = uploads();
    expect(refusalOf(await app.send(formOf(...parts)), 400, "INVALID_INPUT")).toBe(message);
    expect(app.kept()).toEqual([]);
    expect(await app.clips()).toEqual([]);
  });

  it("for __proto__", async () => {
    const app = uploads();
    refusalOf(await app.upload(["__proto__", "x"], name, file), 400, "INVALID_INPUT");
    expect(app.kept()).toEqual([]);
  });

  it.each([
    ["JSON", "application/json", '{"name":"N"}'],
    ["the file alone", "audio/wav", "RIFF"],
    ["a form without files", "application/x-www-form-urlencoded", "name=N"],
  ])("for %s", async (_, type, body) => {
    const app = uploads();
    const answer = await app.send(body, ADMIN, { "content-type": type });
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
    const app = uploads();
    refusalOf(await app.send(body, ADMIN, { "content-type": type }), 400, "INVALID_INPUT");
    expect(app.kept()).toEqual([]);
    expect(await app.clips()).toEqual([]);
  });

  it("when its client goes away in the middle", async () => {
    await using app = await openUploads({ place });
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
    await expect.poll(() => app.kept()).toHaveLength(1);
    request.destroy();
    await gone;
    await expect.poll(() => app.kept()).toEqual([]);
    expect(await app.clips()).toEqual([]);
  });
});

/** Sends a request over its own socket and ends it. Resolves when the server has closed the socket. */
const sendRaw = async (url: string, text: string): Promise<void> => {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
  const closed = once(socket, "close");
  socket.on("error", () => undefined).resume();
  socket.end(text);
  await closed;
};

describe("an upload whose connection ends before its form", () => {
  const FILE_HEAD =
    '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nN\r\n--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n';
  it.each([
    ["before anything of it", ""],
    ["in its first part", '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nN'],
    ["behind its first part", '--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nN\r\n--x\r\n'],
    ["where its file begins", FILE_HEAD],
    ["in its file", `${FILE_HEAD}RIFF${"x".repeat(1000)}`],
    ["in a file that nobody asked for", `${FILE_HEAD.replace('"file"', '"other"')}RIFF`],
  ])("(%s) ends, and leaves nothing", async (_, body) => {
    const ended = new Set<string>();
    const logTo = {
      write(line: string) {
        const { msg, route, reqId } = JSON.parse(line);
        // A request that was answered before its connection ended has a line of its own.
        if (msg === "upload aborted" || (msg === "request" && route === "/audio")) ended.add(reqId);
      },
    };
    await using app = await openUploads({ logTo });
    const authorization = await app.token(ADMIN);
    const head = `POST /audio HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 100000\r\n\r\n`;
    await Promise.all(Array.from({ length: 20 }, () => sendRaw(app.url, head + body)));
    await expect.poll(() => ended.size).toBe(20);
    expect(app.kept()).toEqual([]);
    expect(await app.clips()).toEqual([]);
  });
});

describe("the log has why an upload failed,", () => {
  const openLogged = async () => {
    const lines: Record<string, unknown>[] = [];
    const app = await openUploads({ logTo: { write: (line: string) => void lines.push(JSON.parse(line)) } });
    return { app, lines, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  };

  it("if it was refused", async () => {
    await using logged = await openLogged();
    const { app, lines } = logged;
    refusalOf(await app.upload(["name", "N"], ["file", Buffer.from("a text")]), 400, "INVALID_INPUT");
    expect(lines.filter(({ route }) => route === "/audio")).toMatchObject([{ reason: "INVALID_INPUT" }]);
    expect(lines.filter(({ msg }) => msg === "upload refused")).toMatchObject([
      { reason: "INVALID_INPUT", why: expect.stringMatching(/^file must be /) },
    ]);
  });

  it("if its connection ended", async () => {
    await using logged = await openLogged();
    const { app, lines } = logged;
    const authorization = await app.token(ADMIN);
    await sendRaw(
      app.url,
      `POST /audio HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 100000\r\n\r\n--x\r\n`,
    );
    await expect
      .poll(() => lines.filter(({ msg, route }) => msg === "upload aborted" || route === "/audio"))
      .toMatchObject([{ reason: "INVALID_INPUT", why: "form cannot be read" }]);
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
    await using app = await openUploads();
    const answer = await app.send(formOf(["name", "N"], ["file", wav()]), caller);
    if (may) dataOf(answer);
    else refusalOf(answer, 403, "FORBIDDEN");
    expect(app.kept()).toHaveLength(may ? 1 : 0);
    expect(await app.clips()).toHaveLength(may ? 1 : 0);
  });

  it("nobody with a token bound to a room or an exam", async () => {
    await using app = await openUploads();
    const teacher: TestCaller = { sub: "teacher1", role: "teacher" };
    const { id: room, examId: exam } = await app.as(teacher).room.create({ name: "R" });
    for (const caller of [ADMIN, teacher])
      for (const bound of [{ room }, { exam }]) {
        const form = formOf(["name", "N"], ["file", wav()]);
        refusalOf(await app.send(form, { ...caller, ...bound }), 403, "FORBIDDEN");
      }
    expect(await app.clips()).toEqual([]);
  });

  it("nobody without a valid token", async () => {
    await using app = await openUploads();
    const body = formOf(["name", "N"], ["file", wav()]);
    for (const authorization of [undefined, "xxx", await app.token(ADMIN, -1)]) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await answerOf(await fetch(`${app.url}/audio`, { method: "POST", body, headers }));
      refusalOf(answer, 401, "UNAUTHENTICATED");
    }
    expect(app.kept()).toEqual([]);
  });

  it("is answered before anything of the file has come", async () => {
    await using app = await openUploads();
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
    await using app = await openUploads({ config: { restStatus: "http" } });
    const form = formOf(["name", "N"], ["file", wav()]);
    refusalOf(await app.send(form, { sub: "e", role: "examinee" }), 403, "FORBIDDEN", "http");
    refusalOf(await app.upload(["name", "N"]), 400, "INVALID_INPUT", "http");
  });

  it("is asked with POST", async () => {
    await using app = await openUploads();
    const answer = await answerOf(await fetch(`${app.url}/audio`));
    refusalOf(answer, 405, "METHOD_NOT_ALLOWED");
    expect(answer.headers.allow).toContain("POST");
  });
});
