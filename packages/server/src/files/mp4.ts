import { open } from "node:fs/promises";

/** Boxes on the way to a track's kind: moov, trak, mdia, hdlr. All others are stepped over by their size. */
const CONTAINERS: ReadonlySet<string> = new Set(["moov", "trak", "mdia"]);
/** A file of one track has about 15 on the way. */
const MAX_BOXES = 64;

/** Whether an MP4 file has tracks, and all of them are sound. False when its boxes cannot be read. */
export const isSoundOnly = async (path: string): Promise<boolean> => {
  await using file = await open(path);
  let [at, end] = [0, (await file.stat()).size];
  let [tracks, sounds] = [0, 0];
  for (let boxes = 0; at < end; boxes += 1) {
    if (boxes === MAX_BOXES) return false;
    // The longest head, and the beginning of a hdlr. What the file does not have reads as zeros.
    const { buffer: box } = await file.read(Buffer.alloc(28), 0, 28, at);
    const short = box.readUInt32BE(0);
    const head = short === 1 ? 16 : 8;
    // 0: to the end of the file.
    const size = short === 1 ? Number(box.readBigUInt64BE(8)) : short || end - at;
    if (size < head || size > end - at) return false;
    const type = box.toString("latin1", 4, 8);
    if (type === "moov") end = at + size;
    if (type === "trak") tracks += 1;
    if (type === "hdlr") {
      if (box.toString("latin1", head + 8, head + 12) !== "soun") return false;
      sounds += 1;
    }
    at += CONTAINERS.has(type) ? head : size;
  }
  return tracks > 0 && sounds === tracks;
};
