import type { Quotas } from "../../config/config.js";
import type { Author } from "../../domain/calls.js";
import { quotaExceeded } from "../../limits/quotas.js";
import { forbidden, InvigilError } from "../../platform/errors.js";

const MIB = 1024 ** 2;

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

export type AudioQuotas = Pick<Quotas, "audioBytes" | "audioBytesPerTeacher">;
/** The size of uploaded files: those of one person, and those of all people. */
export interface StoredBytes {
  readonly ofPerson: number;
  readonly ofAll: number;
}
/** @throws QUOTA_EXCEEDED when additional bytes exceed the quota of the teacher or of the library */
export const assertQuota = (
  { userId, role }: Author,
  bytes: number,
  { ofPerson, ofAll }: StoredBytes,
  quotas: AudioQuotas,
): void => {
  const assert = (whose: string, held: number, most: number): void => {
    if (held + bytes <= most) return;
    const inMib = (amount: number) => Math.round((amount / MIB) * 10) / 10;
    throw quotaExceeded({ whose, what: "MiB of audio files", held: inMib(held), most: inMib(most) });
  };
  if (role === "teacher") assert(`The library, of ${userId},`, ofPerson, quotas.audioBytesPerTeacher);
  assert("The library", ofAll, quotas.audioBytes);
};
