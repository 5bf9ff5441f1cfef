import { ImErrors, imError } from "./errors.js";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** A text without the characters at its end that are this one: a pattern for it takes the square of the time. */
const withoutTrailing = (text: string, character: string): string => {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return text.slice(0, end);
};

/** A base64url text, read as UTF-8. @throws where it is neither */
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

/** Where the server that made an `appSign` takes sockets. @throws where another service made it */
export const socketUrl = (appSign: unknown): string => {
  try {
    // Safe: whatever else it is, is refused below.
    const sign = JSON.parse(decode(String(appSign))) as { v?: unknown; url?: unknown } | null;
    if (sign?.v === 1 && typeof sign.url === "string" && /^https?:\/\//.test(sign.url))
      return `${withoutTrailing(sign.url.replace(/^http/, "ws"), "/")}/im`;
  } catch {
    // Not ours.
  }
  throw imError(ImErrors.ERROR_INVALID_PARAM, "appSign was not made by an Invigil server");
};
