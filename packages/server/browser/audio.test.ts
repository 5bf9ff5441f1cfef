import { createServer, type Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import type { Parsed } from "../test/support/calls.js";
import { portOf } from "../test/support/ports.js";
import { mp3, wav, wavOf } from "../test/support/sounds.js";
import { launchChromium } from "./support/chromium.js";

// An uploaded clip in a page of another origin, as the apps have it: in an `<audio>` tag, and fetched by XHR.

let browser: Browser;
let app: TestApp;
let url: string;
let elsewhere: Server;
let page: Page;

beforeAll(async () => {
  app = await createTestApp();
  url = await app.listen();
  elsewhere = createServer((_, response) => {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>An app</title>");
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  browser = await launchChromium(["--autoplay-policy=no-user-gesture-required"]);
  page = await browser.newPage();
  const port = portOf(elsewhere);
  await page.goto(`http://127.0.0.1:${port}/`);
});
afterAll(async () => {
  await browser?.close();
  elsewhere?.close();
  await app?.close();
});

const upload = async (content: Buffer): Promise<string> => {
  const form = new FormData();
  form.append("name", "Clip");
  form.append("file", new Blob([new Uint8Array(content)]), "clip");
  const authorization = await app.token({ sub: "root", role: "admin" });
  const answer = await fetch(`${url}/audio`, { method: "POST", body: form, headers: { authorization } });
  const { data }: Parsed = await answer.json();
  return data.url;
};

// What follows in strings runs in the page: browsers' globals are not among the types of this package.

/** Loads a clip until it can be played through, and seeks near its end. */
const PLAY = `async (url) => {
  const audio = document.createElement("audio");
  const event = (name) => new Promise((resolve, reject) => {
    audio.addEventListener(name, resolve, { once: true });
    audio.addEventListener("error", () => reject(new Error(name + ": " + audio.error.message)), { once: true });
  });
  const ready = event("canplaythrough");
  audio.preload = "auto";
  audio.src = url;
  document.body.append(audio);
  await ready;
  const target = audio.duration * 0.9;
  const sought = event("seeked");
  audio.currentTime = target;
  await sought;
  const ended = event("ended");
  await audio.play();
  if (audio.duration < 30) await ended;
  return { duration: audio.duration, missed: Math.abs(audio.currentTime - target), ended: audio.ended };
}`;

/** Fetches a clip, whole or in part. */
const FETCH = `([url, range]) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.open("GET", url);
  if (range) request.setRequestHeader("range", range);
  request.responseType = "arraybuffer";
  request.onerror = () => reject(new Error("the page may not fetch it"));
  request.onload = () => resolve({
    status: request.status,
    bytes: [...new Uint8Array(request.response)],
    type: request.getResponseHeader("content-type"),
    length: request.getResponseHeader("content-length"),
    range: request.getResponseHeader("content-range"),
    etag: request.getResponseHeader("etag"),
  });
  request.send();
})`;

const run = (script: string, argument: unknown): Promise<Parsed> =>
  page.evaluate(`(${script})(${JSON.stringify(argument)})`);

describe("the uploaded clip plays in a browser", () => {
  it.each([
    ["wav", wav(), 1.2],
    ["mp3", mp3(400), (400 * 1152) / 44_100],
  ])("%s: it reaches canplaythrough, can seek, and plays to its end", async (_, content, seconds) => {
    const { duration, ended } = await run(PLAY, await upload(content));
    expect(duration).toBeCloseTo(seconds, 0);
    expect(ended).toBe(true);
  });

  it("a wav of minutes: it seeks to where nothing was loaded", async () => {
    const bytes = 8 * 1024 * 1024;
    const { duration, missed } = await run(PLAY, await upload(wavOf(bytes)));
    expect(duration).toBeCloseTo((bytes - 44) / 16_000, 0);
    expect(missed).toBeLessThan(30);
  });

  it.each([
    ["wav", wav(), "audio/wav"],
    ["mp3", mp3(), "audio/mpeg"],
  ])("%s: a page of another origin fetches it, whole and in part", async (_, content, type) => {
    const clip = await upload(content);
    const whole = await run(FETCH, [clip]);
    expect(whole).toMatchObject({
      status: 200,
      type,
      length: String(content.length),
      etag: expect.any(String),
    });
    expect(Buffer.from(whole.bytes).equals(content)).toBe(true);
    const part = await run(FETCH, [clip, "bytes=10-19"]);
    expect(part).toMatchObject({ status: 206, range: `bytes 10-19/${content.length}`, length: "10" });
    expect(part.bytes).toEqual([...content.subarray(10, 20)]);
    const suffix = await run(FETCH, [clip, "bytes=-5"]);
    expect(suffix.bytes).toEqual([...content.subarray(-5)]);
  });
});
