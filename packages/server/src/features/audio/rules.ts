import { InvigilError } from "../../platform/errors.js";

/** The refusal of a clip that the library does not have. */
export const noClip = (clipId: string): InvigilError =>
  new InvigilError("AUDIO_CLIP_NOT_FOUND", `There is no audio clip ${clipId}.`);
