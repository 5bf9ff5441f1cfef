/** The parts of a link to a room, as `room.joinLinks` makes it. */
export interface RoomLink {
  readonly token: string;
  readonly roomId: string | undefined;
}

/** A typed or pasted text: a long link, a code, or neither, with what it looks like. */
export type Entry =
  | { readonly kind: "link"; readonly link: RoomLink }
  | { readonly kind: "code"; readonly code: string }
  /** A link that ends early, or another page's. */
  | { readonly kind: "noToken" }
  | { readonly kind: "length"; readonly length: number }
  /** No code has this character. */
  | { readonly kind: "character"; readonly character: string }
  | { readonly kind: "neither" };

/** How many characters a code has without hyphens. */
export const CODE_LENGTH = 12;
/** A code has no character that could be mistaken for another. */
const NO_CODE_CHARACTER = /[^2-9A-HJKMNP-Z]/;
/** The path and the query of the page for codes. */
const CODE_PAGE = /(?:^|\/)j(?:\/|\/?\?code=)([^/?#&]+)/i;
/** Letters and digits, perhaps in groups. */
const LIKE_CODE = /^[\p{L}\d]+(?:[\s\p{Pd}\u2212\u30fc]+[\p{L}\d]+)*$/u;

/** Reads a link to a room. Undefined: it has no token. */
export const readRoomLink = (link: string): RoomLink | undefined => {
  try {
    const { searchParams } = new URL(/^[a-z][a-z+.-]*:\/\//i.test(link) ? link : `https://${link}`);
    const token = searchParams.get("token") ?? "";
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
    return { token, roomId: searchParams.get("roomId") ?? undefined };
  } catch {
    return undefined;
  }
};

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** Reads a link to a room, a code as it is printed on a card, or the address of a code. */
export const readEntry = (typed: string): Entry => {
  // Input methods for Chinese write wide characters.
  const text = typed.normalize("NFKC").trim();
  const link = readRoomLink(text);
  if (link) return { kind: "link", link };
  const ofPage = CODE_PAGE.exec(text)?.[1];
  const candidate = ofPage === undefined ? text : decoded(ofPage);
  if (!LIKE_CODE.test(candidate)) return { kind: /[/?.:]/.test(text) ? "noToken" : "neither" };
  const code = candidate.replace(/[^\p{L}\d]/gu, "").toUpperCase();
  if (code.length !== CODE_LENGTH) return { kind: "length", length: code.length };
  const character = NO_CODE_CHARACTER.exec(code)?.[0];
  return character === undefined ? { kind: "code", code } : { kind: "character", character };
};
