import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { HLS, WHEP } from "./exam-room.js";

type Camera = "main" | "pc";
/** `over`: the list of its segments has an end. `missing`: there is no list. */
type State = "live" | "over" | "missing";

/** Two seconds of a moving picture, as Chromium records it: fragments of MP4 with AV1, of 160 × 90 pixels. */
const STREAM = readFileSync(new URL("./stream.mp4", import.meta.url));

/** The part before the fragments, and the fragments in two halves. */
const partsOf = (stream: Buffer): readonly [init: Buffer, first: Buffer, second: Buffer] => {
  const starts: number[] = [];
  for (let at = 0; at < stream.length; at += stream.readUInt32BE(at))
    if (stream.toString("latin1", at + 4, at + 8) === "moof") starts.push(at);
  const [begin = 0] = starts;
  const middle = starts[starts.length >> 1] ?? stream.length;
  return [stream.subarray(0, begin), stream.subarray(begin, middle), stream.subarray(middle)];
};

const listOf = (state: State): string =>
  [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    "#EXT-X-TARGETDURATION:1",
    "#EXT-X-MEDIA-SEQUENCE:0",
    '#EXT-X-MAP:URI="part-0.mp4"',
    ...[1, 2].flatMap((part) => ["#EXTINF:1.0,", `part-${part}.mp4`]),
    ...(state === "over" ? ["#EXT-X-ENDLIST"] : []),
  ].join("\n");

/** A server of streams for one page, which knows HLS and no WHEP. */
export const serveHls = async (page: Page) => {
  const states: Record<Camera, State> = { main: "live", pc: "live" };
  const parts = partsOf(STREAM);
  const headers = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
  await page.route(`${WHEP}/**`, (route) => route.fulfill({ status: 404, headers }));
  await page.route(`${HLS}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    const part = /part-(\d)\.mp4$/.exec(pathname)?.[1];
    if (part !== undefined)
      return route.fulfill({
        headers,
        contentType: "video/mp4",
        body: parts[Number(part)] ?? Buffer.alloc(0),
      });
    const state = states[pathname.endsWith("_pc.m3u8") ? "pc" : "main"];
    if (state === "missing") return route.fulfill({ status: 404, headers });
    return route.fulfill({ headers, contentType: "application/vnd.apple.mpegurl", body: listOf(state) });
  });
  return {
    set(camera: Camera, state: State) {
      states[camera] = state;
    },
  };
};
