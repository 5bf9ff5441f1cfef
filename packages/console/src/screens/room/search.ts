import { list, oneOf, searchOf, whole } from "../../components/search.js";

export const TILES = ["1", "4", "9", "16"] as const;
export const search = searchOf({
  tiles: oneOf(TILES, "9"),
  page: whole(1),
  pane: oneOf(["pictures", "feed"], "pictures"),
  to: list(),
});
