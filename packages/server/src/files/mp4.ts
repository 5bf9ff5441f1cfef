import { open } from "node:fs/promises";

/**
 * The boxes that lead to the type of a track: moov, trak, mdia, hdlr. Other boxes are skipped by their size.
 */
const CONTAINERS: ReadonlySet<string> = new Set(["moov", "trak", "mdia"]);
/** A file with one track has about 15 such boxes. */
const MAX_BOXES = 64;

/** Whether an MP4 file has tracks, and all of them are audio. False if its boxes cannot be parsed. */
export const isAudioOnly = async (path: string): Promise<boolean> => {
  await using file = await open(path);
  let [position, end] = [0, (await file.stat()).size];
  let [tracks, audioTracks] = [0, 0];
  for (let boxes = 0; position < end; boxes += 1) {
    if (boxes === MAX_BOXES) return false;
    // The longest header, and the start of an hdlr box. Bytes beyond the end of the file are 0.
    const { buffer: box } = await file.read(Buffer.alloc(28), 0, 28, position);
    const short = box.readUInt32BE(0);
    const head = short === 1 ? 16 : 8;
    // A size of 0 means until the end of the file.
    const size = short === 1 ? Number(box.readBigUInt64BE(8)) : short || end - position;
    if (size < head || size > end - position) return false;
    const type = box.toString("latin1", 4, 8);
    if (type === "moov") end = position + size;
    if (type === "trak") tracks += 1;
    if (type === "hdlr") {
      if (box.toString("latin1", head + 8, head + 12) !== "soun") return false;
      audioTracks += 1;
    }
    position += CONTAINERS.has(type) ? head : size;
  }
  return tracks > 0 && audioTracks === tracks;
};
