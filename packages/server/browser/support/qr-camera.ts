import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { encode } from "uqr";
import { tempFolder } from "../../test/support/process.js";
import { readQr } from "../../test/support/qr.js";

const WIDTH = 320;
const HEIGHT = 240;
const FRAMES_PER_SECOND = 10;
const SECONDS = 4;
/** After it, the recording starts again. */
export const LOOP_MS = SECONDS * 1000;

/** What a picture of {@link qrCamera} shows. */
export interface Shown {
  /** Whose camera it is. */
  readonly person: string;
  /** The time within the recording, in milliseconds. It starts again at 0 after four seconds. */
  readonly time: number;
}

/** A picture in YUV 4:2:0, of a QR code in the middle. */
const picture = (text: string): Buffer => {
  const { size, data } = encode(text, { ecc: "M", border: 3 });
  const scale = Math.floor(HEIGHT / size);
  const [left, top] = [(WIDTH - size * scale) / 2, (HEIGHT - size * scale) / 2].map(Math.floor);
  const bytes = Buffer.alloc(WIDTH * HEIGHT * 1.5, 128);
  bytes.fill(235, 0, WIDTH * HEIGHT);
  data.forEach((row, y) => {
    row.forEach((isDark, x) => {
      if (!isDark) return;
      for (let line = 0; line < scale; line += 1) {
        const start = ((top ?? 0) + y * scale + line) * WIDTH + (left ?? 0) + x * scale;
        bytes.fill(16, start, start + scale);
      }
    });
  });
  return bytes;
};

/**
 * The camera of a person, for Chromium: its pictures are QR codes of the person and of the time, so that {@link readPicture} knows whose camera
 * a video element shows, and whether it moves.
 */
export const qrCamera = (person: string): { readonly args: readonly string[] } & Disposable => {
  const folder = tempFolder();
  const file = join(folder.path, "camera.y4m");
  const frames = Array.from({ length: SECONDS * FRAMES_PER_SECOND }, (_, frame) => [
    Buffer.from("FRAME\n"),
    picture(`${person} ${(frame * 1000) / FRAMES_PER_SECOND}`),
  ]).flat();
  const header = `YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FRAMES_PER_SECOND}:1 Ip A1:1 C420\n`;
  writeFileSync(file, Buffer.concat([Buffer.from(header), ...frames]));
  return {
    args: [
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-video-capture=${file}`,
    ],
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
};

/** What is used of a page. Its types are not those of the tests, which run in Node. */
interface Canvas {
  readonly getContext: (kind: "2d") => {
    readonly drawImage: (video: unknown, x: number, y: number) => void;
    readonly getImageData: (x: number, y: number, w: number, h: number) => { readonly data: Uint8Array };
  };
}
type NewCanvas = new (width: number, height: number) => Canvas;

/** Runs in the page. */
const pixelsOf = (element: unknown) => {
  // Safe: it is called with video elements.
  const { videoWidth, videoHeight } = element as {
    readonly videoWidth: number;
    readonly videoHeight: number;
  };
  const [width, height] = [Math.max(1, videoWidth), Math.max(1, videoHeight)];
  const context = new (globalThis as unknown as { OffscreenCanvas: NewCanvas }).OffscreenCanvas(
    width,
    height,
  ).getContext("2d");
  context.drawImage(element, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, rgba: btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join("")) };
};

/** Reads what a video element shows now. Undefined: no picture of {@link qrCamera}. */
export const readPicture = async (video: Locator): Promise<Shown | undefined> => {
  const { width, height, rgba } = await video.evaluate(pixelsOf);
  const [, person, time] =
    /^(.+) (\d+)$/.exec(readQr(Buffer.from(rgba, "base64"), width, height) ?? "") ?? [];
  return person === undefined ? undefined : { person, time: Number(time) };
};

/** Resolves when a video element shows the moving picture of a person. */
export const showsMoving = async (video: Locator, person: string, timeoutMs = 60_000): Promise<void> => {
  const deadline = performance.now() + timeoutMs;
  const times = new Set<number>();
  let last: Shown | undefined;
  while (times.size < 3) {
    last = await readPicture(video);
    if (last?.person === person) times.add(last.time);
    if (performance.now() > deadline)
      throw new Error(`The video shows ${JSON.stringify(last)} instead of ${person}, who moves.`);
  }
};
