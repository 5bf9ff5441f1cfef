import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build } from "tsdown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Parsed } from "../test/support/calls.js";
import { type ExamsFixture, openExamsFixture } from "../test/support/exams-fixture.js";
import { portOf } from "../test/support/ports.js";
import { launchChromium } from "./support/chromium.js";
import { createNetwork } from "./support/network.js";

// Pages of another origin that listen with the typed client, as bundlers make it for browsers.

/** Runs in the pages. */
const APP = `
import { createInvigilClient } from "/index.js";
window.start = async ({ url, token, roomId }) => {
  const invigil = createInvigilClient({ url, token, live: { baseMs: 50, maxMs: 200 } });
  window.room = invigil.live.room(roomId);
  window.heard = [];
  window.statuses = [];
  room.on("message", ({ message }) => heard.push(message.data));
  room.on("status", ({ status }) => statuses.push(status));
  await room.ready();
};
window.loaded = true;
`;

let browser: Browser;
let fixture: ExamsFixture;
let elsewhere: Server;
let network: Awaited<ReturnType<typeof createNetwork>>;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "invigil-browser-"));
  await build({
    config: false,
    entry: { index: join(import.meta.dirname, "../../client/dist/index.js") },
    outDir: folder,
    platform: "browser",
    fixedExtension: false,
    deps: { alwaysBundle: [/./] },
    dts: false,
    logLevel: "silent",
  });
  network = await createNetwork();
  fixture = await openExamsFixture({ now: () => new Date(), config: { publicUrl: network.url } });
  network.leadsTo(await fixture.listen());
  elsewhere = createServer(({ url = "/" }, response) => {
    if (url === "/") {
      response
        .setHeader("content-type", "text/html")
        .end(`<!doctype html><script type="module">${APP}</script>`);
      return;
    }
    const file = join(folder, basename(url));
    if (!url.endsWith(".js") || !existsSync(file)) response.writeHead(404).end();
    else response.setHeader("content-type", "text/javascript").end(readFileSync(file));
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  elsewhere?.close();
  await fixture?.close();
  network?.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = (page: Page, script: string): Promise<Parsed> => page.evaluate(script);
const open = async ({ webSockets }: { webSockets: boolean }): Promise<{ page: Page; sockets: string[] }> => {
  const page = await browser.newPage();
  const sockets: string[] = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  if (!webSockets) await page.addInitScript("delete window.WebSocket");
  await page.goto(`http://127.0.0.1:${portOf(elsewhere)}/`);
  await page.waitForFunction("window.loaded");
  const roomId = fixture.room.id;
  const token = await fixture.token({ sub: "examinee1", role: "examinee", room: roomId });
  await run(page, `start(${JSON.stringify({ url: network.url, token, roomId })})`);
  return { page, sockets };
};

describe("the live client in a browser", () => {
  it.each([
    ["a WebSocket", true],
    ["server-sent events, where pages have no WebSockets", false],
  ])(
    "hears everything once and in order over %s, also what is said while the network is away",
    async (_, webSockets) => {
      const { page, sockets } = await open({ webSockets });
      expect(sockets.length > 0).toBe(webSockets);
      const { id: roomId } = fixture.room;
      const say = async (from: number, to: number): Promise<void> => {
        for (let n = from; n <= to; n++) await fixture.admin.im.send({ roomId, type: 30_001, data: n });
      };
      await say(1, 3);
      await page.waitForFunction("heard.length === 3");
      network.cut();
      await page.waitForFunction(`statuses.at(-1) === "reconnecting"`);
      await say(4, 8);
      network.mend();
      await page.waitForFunction("heard.length >= 8");
      await say(9, 10);
      await page.waitForFunction("heard.length >= 10");
      expect(await run(page, "heard")).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      // It is live once it has caught up, a moment after it has heard.
      await page.waitForFunction(`room.status === "live"`);
      await run(page, "room.close()");
      await page.close();
    },
  );
});
