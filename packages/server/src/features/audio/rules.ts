import { InvigilError } from "../../platform/errors.js";

export const clipNotFound = (clipId: string): InvigilError =>
  new InvigilError("AUDIO_CLIP_NOT_FOUND", `There is no audio clip ${clipId}.`);
