import type { Kind } from "../../live/timeline.js";
import { oneOf, optionalText, searchOf } from "../../parts/search.js";

/** What the list of what happened can be narrowed to. */
export const KINDS = [
  "presence",
  "cameras",
  "records",
  "messages",
  "room",
] as const satisfies readonly Kind[];
export const search = searchOf({ room: optionalText(), kind: oneOf(["all", ...KINDS], "all") });
