// How people enter their rooms. Links carry a token, codes lead to links, and printed cards show either.
export type { CardService } from "./cards.js";
export type { CodeService } from "./codes.js";
export type { LinkService } from "./links.js";
