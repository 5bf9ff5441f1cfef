import { list, oneOf, searchOf, sorting, text } from "../../components/search.js";

/** The filters of the list, in the order of the choices. */
export const STATES = [
  "here",
  "hand",
  "checking",
  "expected",
  "disconnected",
  "dark",
  "devices",
  "paused",
  "notReady",
  "detected",
  "idle",
  "publishing",
  "unseated",
  "ended",
] as const;
export const SORTABLE = ["need", "name", "id", "room", "ends", "detections", "last"] as const;
export const search = searchOf({
  state: oneOf(STATES),
  room: list(),
  q: text(),
  sort: sorting(SORTABLE, { column: "need", descending: false }),
});
