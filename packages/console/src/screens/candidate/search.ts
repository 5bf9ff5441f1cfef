import { oneOf, optionalText, searchOf } from "../../components/search.js";
import type { Kind } from "../../live/timeline.js";

/** The filters of the list of entries. */
export const KINDS = [
  "presence",
  "cameras",
  "records",
  "messages",
  "decisions",
  "notes",
  "room",
] as const satisfies readonly Kind[];
export const search = searchOf({ room: optionalText(), kind: oneOf(["all", ...KINDS], "all") });
