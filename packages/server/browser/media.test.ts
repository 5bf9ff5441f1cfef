import { execFileSync } from "node:child_process";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type ExamsFixture, openExamsFixture } from "../test/support/exams-fixture.js";
import { launchChromium } from "./support/chromium.js";
import { type MediaApp, openMediaApp } from "./support/media-app.js";
import { qrCamera, showsMoving } from "./support/qr-camera.js";

// A candidate publishes in a browser, and a teacher watches in another one, both with the typed client.

const camera = qrCamera("examinee1");
let app: MediaApp;
let browser: Browser;
let fixture: ExamsFixture;
let url: string;

beforeAll(async () => {
  app = await openMediaApp();
  fixture = await openExamsFixture({
    now: () => new Date(),
    config: { media: { host: undefined, ports: [18_500, 18_699] } },
  });
  url = await fixture.listen();
  browser = await launchChromium(camera.args);
});
afterAll(async () => {
  await browser?.close();
  await app?.[Symbol.asyncDispose]();
  await fixture?.close();
  camera[Symbol.dispose]();
});

const begin = async (
  role: "teacher" | "examinee",
  { id: roomId } = fixture.room,
  userIds?: readonly string[],
): Promise<Page> => {
  const token = await fixture.token({ sub: `${role}1`, role });
  return app.begin(browser, { url, token, roomId, ...(userIds && { userIds }) });
};
const newRoom = () =>
  fixture.teacher.room.create({
    name: "Room",
    participants: ["examinee1", "examinee2"].map((userId) => ({ userId, name: userId, role: "examinee" })),
  });
const states = (page: Page): Promise<string[]> => page.evaluate("states");
/** Counts the requests of a page to a path, and the answers by their status. */
const requestsOf = (page: Page, path: string) => {
  const seen: { status: number; at: number; wait: string | null }[] = [];
  page.on("response", async (response) => {
    if (!response.url().includes(path) || response.request().method() === "OPTIONS") return;
    const wait = await response.headerValue("retry-after");
    seen.push({ status: response.status(), at: response.request().timing().startTime, wait });
  });
  return seen;
};

it("shows a camera of one browser in another, again after the media server has failed, until the room ends", async () => {
  const candidate = await begin("examinee");
  const teacher = await begin("teacher", fixture.room, ["examinee1"]);
  const video = teacher.locator("#examinee1");
  await showsMoving(video, "examinee1");

  execFileSync("pkill", ["-KILL", "-P", String(process.pid), "-f", "media-server.cjs"]);
  await candidate.waitForFunction("states.length >= 3 && states.at(-1) === 'live'");
  await showsMoving(video, "examinee1");

  await fixture.admin.room.end({ roomId: fixture.room.id });
  await candidate.waitForFunction("states.at(-1) === 'ended ROOM_ENDED'");
  expect((await states(candidate))[0]).toBe("live");
});

it("waits for a camera without being refused, and asks for all of them in one call", async () => {
  const room = await newRoom();
  const teacher = await begin("teacher", room, ["examinee1", "examinee2"]);
  const offers = requestsOf(teacher, "/media/whep/");
  const grants = requestsOf(teacher, "/trpc/stream.watch");
  // More often than media sessions may begin in a minute.
  await vi.waitFor(() => expect(offers.length).toBeGreaterThan(24), { timeout: 120_000 });
  expect(new Set(offers.map(({ status, wait }) => `${status} ${wait}`))).toEqual(new Set(["404 1"]));
  const candidate = await begin("examinee", room);
  await showsMoving(teacher.locator("#examinee1"), "examinee1");
  expect(grants.length).toBeLessThanOrEqual(1);

  // A camera that is switched off and on again comes back, too.
  await candidate.evaluate("streaming.stop()");
  await teacher.waitForFunction("states.at(-1) === 'connecting'");
  const again = await begin("examinee", room);
  await showsMoving(teacher.locator("#examinee1"), "examinee1");
  await Promise.all([teacher, candidate, again].map((page) => page.close()));
});

it("leaves a camera to the page that published it last, and the earlier page ends", async () => {
  const room = await newRoom();
  const earlier = await begin("examinee", room);
  await earlier.waitForFunction("states.at(-1) === 'live'");
  const later = await begin("examinee", room);
  await earlier.waitForFunction("states.at(-1) === 'ended PARTICIPANT_CONFLICT'");
  const teacher = await begin("teacher", room, ["examinee1"]);
  await showsMoving(teacher.locator("#examinee1"), "examinee1");
  expect(await states(later)).toEqual(["live"]);
  await Promise.all([teacher, earlier, later].map((page) => page.close()));
});

it("ends the media session of an offer that was not answered when the page stopped", async () => {
  const room = await newRoom();
  const candidate = await begin("examinee", room);
  await candidate.waitForFunction("states.at(-1) === 'live'");
  let answer = () => {};
  const asked = new Promise<void>((resolve) => {
    void candidate.route("**/media/whip/**", async (route) => {
      const response = await route.fetch();
      resolve();
      await new Promise<void>((go) => {
        answer = go;
      });
      await route.fulfill({ response });
    });
  });
  const ended = requestsOf(candidate, "/media/sessions/");
  await candidate.evaluate("streaming.stop(); streaming.state").then((state) => expect(state).toBe("ended"));
  await expect.poll(() => ended).toHaveLength(1);
  await candidate.evaluate(
    `begin(${JSON.stringify({ url, token: await fixture.token({ sub: "examinee1", role: "examinee" }), roomId: room.id })})`,
  );
  await asked;
  await candidate.evaluate("streaming.stop()");
  answer();
  await expect.poll(() => ended.map(({ status }) => status)).toEqual([204, 204]);
  expect(await states(candidate)).toEqual(["ended"]);
});
