import { createTestApp } from "@invigil/server/testing";
import { expect, test } from "vitest";
import { httpServer, tcpServer } from "../test/servers.js";
import { thrownBy } from "../test/thrown-by.js";
import { createInvigilClient } from "./client.js";
import { isInvigilError, isNetworkError } from "./errors.js";

/** The shortest file that the server takes for MP3: two frames of silence. */
const frame = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x00]), Buffer.alloc(413)]);
const bell = new Blob([Buffer.concat([frame, frame, frame])], { type: "audio/mpeg" });

const setUp = async (role: "teacher" | "inspector" = "teacher") => {
  const app = await createTestApp();
  const url = await app.listen();
  const invigil = createInvigilClient({ url, token: () => app.token({ sub: "t1", role }) });
  return { app, url, invigil, [Symbol.asyncDispose]: () => app.close() };
};

test("an audio file becomes a clip of the library, and its progress is told", async () => {
  await using fixture = await setUp();
  const { invigil } = fixture;
  const seen: unknown[] = [];
  const clip = await invigil.uploadAudio(
    { file: bell, name: "Bell", classify: 3 },
    { onProgress: (progress) => seen.push(progress) },
  );
  expect(clip).toMatchObject({ name: "Bell", classify: 3, isDefault: false });
  expect((await invigil.audio.list.query({})).list).toEqual([clip]);
  expect(seen).toEqual([{ sent: bell.size, total: bell.size }]);
});

test("what the server refuses is an error of Invigil, as of every call", async () => {
  await using fixture = await setUp("inspector");
  const refused = await thrownBy(fixture.invigil.uploadAudio({ file: bell, name: "Bell" }));
  expect(isInvigilError(refused, "FORBIDDEN")).toBe(true);
  await using other = await setUp();
  const faulty = await thrownBy(other.invigil.uploadAudio({ file: new Blob(["no sound"]), name: "Bell" }));
  expect(isInvigilError(faulty) && faulty.data).toMatchObject({
    httpStatus: 400,
    requestId: expect.any(String),
  });
  const anonymous = createInvigilClient({ url: other.url });
  expect(
    isInvigilError(await thrownBy(anonymous.uploadAudio({ file: bell, name: "Bell" })), "UNAUTHENTICATED"),
  ).toBe(true);
});

test("an upload that is aborted, lost, or answered by another server says so", async () => {
  const abort = new AbortController();
  await using silent = await tcpServer(() => abort.abort("enough"));
  const upload = (url: string, signal?: AbortSignal) =>
    thrownBy(createInvigilClient({ url, token: "t" }).uploadAudio({ file: bell, name: "Bell" }, { signal }));
  expect(await upload(silent.url, abort.signal)).toMatchObject({ message: "enough" });
  await using cut = await tcpServer((socket) => socket.resetAndDestroy());
  expect(isNetworkError(await upload(cut.url))).toBe(true);
  await using page = await httpServer((_, response) =>
    response.setHeader("content-type", "text/html").end("hi"),
  );
  expect(await upload(page.url)).toMatchObject({
    message: `Not a response of Invigil: ${page.url}/audio responded with status 200 and text/html.`,
  });
});
