#!/usr/bin/env node
// Makes the three clips that a demo server plays: node scripts/make-demo-audio.mjs [--check]
// With --check, it writes nothing, and exits with 1 and one line if a file differs from what it would write.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const RATE = 8000; // samples a second: 16 bits each, one channel
const PEAK = 9000; // of 32767: loud enough to notice, quiet enough for headphones
const folder = resolve(import.meta.dirname, "../packages/server/assets/audio");

// It uses whole numbers only, so that every machine makes the same bytes. A sine is Bhaskara's approximation (within 0.2 %), a turn being 2
// * HALF steps.
const HALF = 1 << 15;
const sine = (phase) => {
  const x = phase & (HALF - 1);
  const hump = x * (HALF - x);
  const value = Math.floor((16 * hump * 4096) / (5 * HALF * HALF - 4 * hump));
  return (phase & HALF) === 0 ? value : -value;
};

/** One note from 0 to 4096: `attack` and `release` are its fades in and out, in milliseconds. */
const note = (hertz, milliseconds, attack, release) => {
  const length = (RATE / 1000) * milliseconds;
  const [rise, fall] = [attack, release].map((time) => (RATE / 1000) * time);
  return Array.from({ length }, (_, i) => {
    const loud = Math.min(4096, Math.floor((4096 * i) / rise), Math.floor((4096 * (length - i)) / fall));
    return Math.trunc((sine(Math.floor((i * hertz * 2 * HALF) / RATE)) * loud) / 4096);
  });
};

const bell = (hertz, milliseconds) => note(hertz, milliseconds, 8, milliseconds - 8);
const chord = (...notes) =>
  notes[0].map((_, i) => Math.trunc(notes.reduce((sum, n) => sum + n[i], 0) / notes.length));

const clips = {
  "exam-notice": [...bell(659, 400), ...bell(880, 800)],
  "end-of-exam": [...bell(784, 350), ...bell(659, 350), ...bell(523, 700)],
  background: chord(...[262, 330, 392].map((hertz) => note(hertz, 1500, 500, 700))),
};

/** A RIFF file of PCM samples. */
const wav = (samples) => {
  const file = Buffer.alloc(44 + 2 * samples.length);
  file.write("RIFF", 0);
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16); // the length of the format that follows
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // channels
  file.writeUInt32LE(RATE, 24);
  file.writeUInt32LE(2 * RATE, 28); // bytes a second
  file.writeUInt16LE(2, 32); // bytes a sample
  file.writeUInt16LE(16, 34); // bits a sample
  file.write("data", 36);
  file.writeUInt32LE(2 * samples.length, 40);
  for (const [i, sample] of samples.entries()) {
    file.writeInt16LE(Math.trunc((sample * PEAK) / 4096), 44 + 2 * i);
  }
  return file;
};

const read = (path) => {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
};

const made = Object.entries(clips).map(([name, samples]) => [join(folder, `${name}.wav`), wav(samples)]);
if (process.argv[2] === "--check") {
  const stale = made.filter(([path, bytes]) => !read(path)?.equals(bytes)).map(([path]) => path);
  if (stale.length > 0) {
    console.error(`run node scripts/make-demo-audio.mjs: not what it makes: ${stale.join(", ")}`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of made) writeFileSync(path, bytes);
}
