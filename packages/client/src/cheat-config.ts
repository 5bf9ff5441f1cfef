import * as schema from "@invigil/schema";
import type { CheatConfig } from "./procedures.js";

/** The detection types of the vendor's detectors. Other texts of 1 to 64 characters are accepted too. */
export const knownDetectTypes = schema.knownDetectTypes;

/**
 * Parses the text of a cheat config. The server never parses it, because clients define its format.
 * @returns the config, or undefined if the text is not JSON of this shape
 */
export const parseCheatConfig: (data: string) => CheatConfig | undefined = schema.parseCheatConfig;
