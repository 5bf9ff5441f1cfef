import { oneOf, optionalText, searchOf, sorting, text } from "../../components/search.js";

export const SORTABLE = ["arrival", "time", "type", "person", "room"] as const;
export const CAMERAS = ["all", "main", "pc"] as const;
export const NO_FILTER = { type: "", room: "", q: "", camera: "all", from: "", to: "" } as const;

/** Whether an address narrows the records. */
export const isFiltering = ({
  q,
  ...others
}: { readonly [Name in keyof typeof NO_FILTER]: string }): boolean =>
  q.trim() !== "" ||
  (["type", "room", "camera", "from", "to"] as const).some((name) => others[name] !== NO_FILTER[name]);

export const search = searchOf({
  type: text(),
  room: text(),
  q: text(),
  camera: oneOf(CAMERAS, "all"),
  /** Days and times of the exam's zone, such as `2026-11-30T09:00`. */
  from: text(),
  to: text(),
  sort: sorting(SORTABLE, { column: "arrival", descending: true }),
  record: optionalText(),
});
