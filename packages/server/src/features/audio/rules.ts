import type { Author } from "../../domain/calls.js";
import { forbidden, InvigilError } from "../../platform/errors.js";

export const clipNotFound = (clipId: string): InvigilError =>
  new InvigilError("AUDIO_CLIP_NOT_FOUND", `There is no audio clip ${clipId}.`);

/** @throws FORBIDDEN */
export const assertMayChange = (
  { userId, role }: Author,
  clipId: string,
  { createdBy, isDefault }: { readonly createdBy: string | null; readonly isDefault: boolean },
): void => {
  if (role === "admin") return;
  if (createdBy !== userId)
    throw forbidden(`The audio clip ${clipId} is not yours: only who added it and administrators change it.`);
  if (isDefault) throw forbidden(`The audio clip ${clipId} is a default one: only administrators change it.`);
};
