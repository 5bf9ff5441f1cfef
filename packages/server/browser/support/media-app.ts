import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build } from "tsdown";
import { portOf } from "../../test/support/ports.js";

// A page of another origin that publishes and watches with the typed client.

/** Runs in the pages. */
const APP = `
import { createInvigilClient } from "/index.js";
import { publish, watch } from "/media.js";
window.begin = async ({ url, token, roomId, userIds }) => {
  const client = createInvigilClient({ url, token });
  window.states = [];
  const onChange = ({ state, error }) => states.push(error ? state + " " + error.data.reason : state);
  if (userIds === undefined) {
    window.camera = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 }, audio: true });
    window.streaming = publish(client, camera, { roomId, onChange });
    return;
  }
  window.streamings = userIds.map((userId) => {
    const video = document.createElement("video");
    video.id = userId;
    Object.assign(video, { muted: true, autoplay: true, srcObject: new MediaStream() });
    document.body.append(video);
    return watch(client, video.srcObject, { roomId, userId, onChange });
  });
};
window.loaded = true;
`;

export interface MediaApp extends AsyncDisposable {
  /** Opens a page that publishes the camera of the caller, or that watches those of others. */
  readonly begin: (
    browser: Browser,
    as: {
      readonly url: string;
      readonly token: string;
      readonly roomId: string;
      readonly userIds?: readonly string[];
    },
  ) => Promise<Page>;
}

/** Serves the app. It needs a client that is built. */
export const openMediaApp = async (): Promise<MediaApp> => {
  const folder = mkdtempSync(join(tmpdir(), "invigil-browser-"));
  await build({
    config: false,
    entry: Object.fromEntries(
      ["index", "media"].map((name) => [name, join(import.meta.dirname, `../../../client/dist/${name}.js`)]),
    ),
    outDir: folder,
    platform: "browser",
    fixedExtension: false,
    deps: { alwaysBundle: [/./] },
    dts: false,
    logLevel: "silent",
  });
  const server = createServer(({ url = "/" }, response) => {
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
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    async begin(browser, as) {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${portOf(server)}/`);
      await page.waitForFunction("window.loaded");
      await page.evaluate(`begin(${JSON.stringify(as)})`);
      return page;
    },
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
