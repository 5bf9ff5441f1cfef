import { ImErrors, imError } from "./errors.js";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Removes a character from the end of a text. A regular expression would take quadratic time. */
const withoutTrailing = (text: string, character: string): string => {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return text.slice(0, end);
};

/**
 * Decodes a base64url text as UTF-8.
 * @throws Error if the text is neither
 */
const decode = (text: string): string => {
  let bits = 0;
  let value = 0;
  let bytes = "";
  for (const character of withoutTrailing(text, "=")) {
    const digit = DIGITS.indexOf(character);
    if (digit < 0) throw new Error("not base64url");
    value = ((value << 6) | digit) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += `%${((value >> bits) & 0xff).toString(16).padStart(2, "0")}`;
  }
  return decodeURIComponent(bytes);
};

/**
 * The WebSocket URL of the server that created an `appSign`.
 * @throws ImError if another service created it
 */
export const socketUrl = (appSign: unknown): string => {
  try {
    // Safe: every other shape is refused below.
    const sign = JSON.parse(decode(String(appSign))) as { v?: unknown; url?: unknown } | null;
    if (sign?.v === 1 && typeof sign.url === "string" && /^https?:\/\//.test(sign.url))
      return `${withoutTrailing(sign.url.replace(/^http/, "ws"), "/")}/im`;
  } catch {
    // Reported below.
  }
  throw imError(ImErrors.ERROR_INVALID_PARAM, "appSign does not come from an Invigil server");
};
