import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AudioClip } from "@invigil/schema";
import type { AudioService } from "../features/audio/service.js";
import { AUDIO_PREFIX, audioDir } from "../http/files.js";

/** Made by `scripts/make-demo-audio.mjs`. */
const ASSETS = fileURLToPath(new URL("../../assets/audio", import.meta.url));
const CLIPS = [
  { file: "exam-notice.wav", name: "考试须知 Exam notice", classify: 0 },
  { file: "end-of-exam.wav", name: "考试结束 End of exam", classify: 0 },
  { file: "background.wav", name: "背景音乐 Background", classify: 1 },
];

/** Puts a file into the audio folder under the hash of its content; returns its path on the server. */
const keepFile = (folder: string, file: string): string => {
  const content = readFileSync(join(ASSETS, file));
  const name = `${createHash("sha256").update(content).digest("hex")}.wav`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), content);
  return `${AUDIO_PREFIX}${name}`;
};

/** The starter library: three clips, made when the library is empty. Returns the library's first page. */
export const starterLibrary = async (audio: AudioService, dataDir: string): Promise<AudioClip[]> => {
  const page = { pageNum: 1, pageSize: 10 };
  const { total } = await audio.list(page);
  if (total === 0) {
    const folder = audioDir(dataDir);
    for (const { file, ...clip } of CLIPS)
      await audio.add({ ...clip, isDefault: false, url: keepFile(folder, file) });
  }
  return (await audio.list(page)).list;
};
