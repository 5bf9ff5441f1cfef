import { oneOf, searchOf, sorting, text } from "../../components/search.js";

export const SORTABLE = ["need", "name", "start", "end", "rooms", "candidates"] as const;
export const search = searchOf({
  view: oneOf(["all", "running", "upcoming", "past", "deleted"], "all"),
  q: text(),
  sort: sorting(SORTABLE, { column: "need", descending: false }),
});
