import * as schema from "@invigil/schema";
import type { CheatConfig } from "./shapes.js";

/** What the vendor's detectors report. Any other text of 1 to 64 characters is accepted too. */
export const knownDetectTypes = schema.knownDetectTypes;

/**
 * Reads the text of a cheat config. The server never does: the text is the client's own.
 * @returns undefined when the text is not JSON of that form.
 */
export const parseCheatConfig: (data: string) => CheatConfig | undefined = schema.parseCheatConfig;
