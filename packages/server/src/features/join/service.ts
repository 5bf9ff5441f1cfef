// How people get into their rooms: links carry a token, codes lead to links, and cards show either to print.
export type { CardService } from "./cards.js";
export type { CodeService } from "./codes.js";
export type { LinkService } from "./links.js";
