import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestApp, type TestApp, type TestAppOptions, type TestCaller } from "../../src/app/testing.js";
import type { Answer, Parsed } from "./calls.js";

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

export interface UploadApp extends TestApp {
  readonly url: string;
  /** The folder of the audio files. */
  readonly folder: string;
  /** The names of the files in the folder. */
  kept(): string[];
  /** The clips of the library. */
  clips(): Promise<Parsed[]>;
  /** Sends a body, as an administrator by default. */
  send(body: FormData | string, caller?: TestCaller, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a form with these parts, as an administrator. */
  upload(...parts: Part[]): Promise<Answer>;
}

/** Opens an app and listens. `prepare` may add files to its folder before it starts. */
export const openUploads = async (
  options: TestAppOptions = {},
  prepare: (folder: string) => void = () => undefined,
): Promise<UploadApp> => {
  const dataDir = mkdtempSync(join(tmpdir(), "invigil-upload-"));
  const folder = join(dataDir, "audio");
  prepare(folder);
  const app = await createTestApp({ ...options, config: { dataDir, ...options.config } });
  const url = await app.listen();
  const send: UploadApp["send"] = async (body, caller = ADMIN, headers = {}) => {
    const authorization = await app.token(caller);
    return answerOf(
      await fetch(`${url}/audio`, { method: "POST", body, headers: { authorization, ...headers } }),
    );
  };
  return {
    ...app,
    url,
    folder,
    kept: () => readdirSync(folder).toSorted(),
    clips: async () => (await app.as(ADMIN).audio.list({})).list,
    send,
    upload: (...parts) => send(formOf(...parts)),
    async [Symbol.asyncDispose]() {
      await app.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
