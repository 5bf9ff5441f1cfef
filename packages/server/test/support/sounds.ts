import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Small audio files of each format. Those that are played are valid sounds, or silent.

const NOTICE = fileURLToPath(new URL("../../assets/audio/exam-notice.wav", import.meta.url));
/** The sound of a bell, 1.2 seconds. */
export const wav = (): Buffer => readFileSync(NOTICE);

/** A frame of MPEG-1 Layer III, 128 kbit/s, 44,100 Hz, stereo: 417 bytes. Zeros mean silence. */
const mp3Frame = (): Buffer => Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x00]), Buffer.alloc(413)]);
/** Silence. Each frame lasts 26 milliseconds. */
export const mp3 = (frames = 100): Buffer => Buffer.concat(Array.from({ length: frames }, mp3Frame));

/** The first page of an Ogg stream, with the packet that identifies the codec. */
const oggPage = (packet: Buffer): Buffer => {
  const head = Buffer.alloc(28);
  head.write("OggS", 0);
  head[5] = 2; // begins a stream
  head[26] = 1; // one segment, of the packet's length
  head[27] = packet.length;
  return Buffer.concat([head, packet]);
};
export const opus = (): Buffer =>
  oggPage(Buffer.concat([Buffer.from("OpusHead\u0001\u0002"), Buffer.alloc(9)]));
export const vorbis = (): Buffer => oggPage(Buffer.concat([Buffer.from("\u0001vorbis"), Buffer.alloc(23)]));
export const theora = (): Buffer =>
  oggPage(Buffer.concat([Buffer.from([0x80]), Buffer.from("theora"), Buffer.alloc(35)]));

/** The first box of an MP4 file, which names its brand, and an empty box. */
const mp4 = (brand: string): Buffer => {
  const box = Buffer.alloc(24);
  box.writeUInt32BE(24, 0);
  box.write(`ftyp${brand}`, 4);
  box.write("isomM4A ", 16);
  return Buffer.concat([box, Buffer.from([0, 0, 0, 8]), Buffer.from("free")]);
};
export const m4a = (): Buffer => mp4("M4A ");

/** A box of an MP4 file. */
export const box = (type: string, ...content: Buffer[]): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.reduce((sum, { length }) => sum + length, 0), 0);
  head.write(type, 4);
  return Buffer.concat([head, ...content]);
};
/** A handler box, which defines the type of a track. */
const hdlr = (kind: string): Buffer =>
  box("hdlr", Buffer.alloc(8), Buffer.from(kind), Buffer.alloc(12), Buffer.from([0]));
/** A track of this type: `soun`, `vide`. */
export const track = (kind: string): Buffer =>
  box(
    "trak",
    box("tkhd", Buffer.alloc(84)),
    box("mdia", box("mdhd", Buffer.alloc(24)), hdlr(kind), box("minf")),
  );
/** An MP4 file of the common brand, which may contain audio or video. */
export const mp4Of = (...boxes: Buffer[]): Buffer => Buffer.concat([mp4("isom"), ...boxes]);
export const moov = (...tracks: Buffer[]): Buffer =>
  box(
    "moov",
    box("mvhd", Buffer.alloc(100)),
    ...tracks,
    box("udta", box("meta", Buffer.alloc(4), hdlr("mdir"))),
  );
export const mp4Sound = (): Buffer => mp4Of(box("mdat", Buffer.alloc(1000)), moov(track("soun")));
export const mp4Video = (): Buffer => mp4Of(moov(track("vide"), track("soun")));

/** A WAV file of exactly this size. */
export const wavOf = (bytes: number): Buffer => {
  const file = Buffer.alloc(bytes);
  wav().copy(file, 0, 0, 44);
  file.writeUInt32LE(bytes - 8, 4);
  file.writeUInt32LE(bytes - 44, 40);
  return file;
};
