import { createReadStream } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AudioClip, Caller } from "@invigil/schema";
import type { AudioService } from "../features/audio/service.js";
import { PACKAGE_ROOT } from "../platform/package-root.js";

/** Made by `scripts/make-demo-audio.mjs`. */
const ASSETS = fileURLToPath(new URL("assets/audio", PACKAGE_ROOT));
const CLIPS = [
  { file: "exam-notice.wav", name: "考试须知 Exam notice", classify: 0 },
  { file: "end-of-exam.wav", name: "考试结束 End of exam", classify: 0 },
  { file: "background.wav", name: "背景音乐 Background", classify: 1 },
];

/** The starter library: three clips, made when the library is empty. Returns the library's first page. */
export const starterLibrary = async (audio: AudioService, caller: Caller): Promise<AudioClip[]> => {
  const page = { pageNum: 1, pageSize: 10 };
  const { total } = await audio.list(page);
  if (total === 0)
    for (const { file, ...clip } of CLIPS)
      await audio.upload(caller, {
        content: createReadStream(join(ASSETS, file)),
        described: () => ({ ...clip, isDefault: false }),
      });
  return (await audio.list(page)).list;
};
