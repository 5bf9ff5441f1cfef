import { oneOf, optionalText, searchOf } from "../../components/search.js";
import type { Kind } from "../../live/timeline.js";

/** What the list of what happened can be narrowed to. */
export const KINDS = [
  "presence",
  "cameras",
  "records",
  "messages",
  "room",
] as const satisfies readonly Kind[];
export const search = searchOf({ room: optionalText(), kind: oneOf(["all", ...KINDS], "all") });
